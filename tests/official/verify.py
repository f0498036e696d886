"""Believes deliveries with the Standard Webhooks library. Standard input: a list of {secret, headers, body}; output: what they say."""
import json, sys

import standardwebhooks

print(json.dumps([standardwebhooks.Webhook(d["secret"]).verify(d["body"], d["headers"]) for d in json.load(sys.stdin)]))
