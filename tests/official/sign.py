"""Signs deliveries as the platforms' own libraries do. Standard input: a list of {dialect, secret, id, body}; output: their headers."""
import base64, hashlib, hmac, json, sys
from datetime import datetime, timezone

import stripe, standardwebhooks, svix.webhooks


def headers(dialect, secret, id, body):
    now = datetime.now(timezone.utc)
    at = str(int(now.timestamp()))
    if dialect == "standard":
        return {"webhook-id": id, "webhook-timestamp": at, "webhook-signature": standardwebhooks.Webhook(secret).sign(id, now, body)}
    if dialect == "svix":
        return {"svix-id": id, "svix-timestamp": at, "svix-signature": svix.webhooks.Webhook(secret).sign(id, now, body)}
    if dialect == "bigcommerce":
        raw = base64.b64encode(secret.encode()).decode()
        return {"webhook-id": id, "webhook-timestamp": at, "webhook-signature": standardwebhooks.Webhook(raw).sign(id, now, body)}
    if dialect == "stripe":
        signed = f"t={at},v1=" + stripe.WebhookSignature._compute_signature(f"{at}.{body}", secret)
        stripe.Webhook.construct_event(body, signed, secret)  # the library believes it as well
        return {"stripe-signature": signed}
    digest = hmac.new(secret.encode(), body.encode(), hashlib.sha256)
    if dialect == "woocommerce":
        return {"x-wc-webhook-signature": base64.b64encode(digest.digest()).decode(), "x-wc-webhook-delivery-id": id}
    return {"x-signature": digest.hexdigest(), "x-delivery-id": id}


print(json.dumps([headers(**d) for d in json.load(sys.stdin)]))
