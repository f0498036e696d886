"""Sends one event from standard input to Obole, signed by Standard Webhooks 1.0.0. Python 3, nothing to install.
Usage: OBOLE_WEBHOOK_URL=… OBOLE_SECRET=whsec_… python3 send.py [event-id] < event.json"""
import base64, hashlib, hmac, os, sys, time, urllib.error, urllib.request, uuid

body = sys.stdin.buffer.read()
# The same id on every retry: an event is counted once, however often it comes.
event_id = sys.argv[1] if len(sys.argv) > 1 else str(uuid.uuid4())
key = base64.b64decode(os.environ["OBOLE_SECRET"].removeprefix("whsec_"))

for wait in (0, 1, 5, 30):
    time.sleep(wait)
    at = str(int(time.time()))
    mac = hmac.new(key, f"{event_id}.{at}.".encode() + body, hashlib.sha256)
    headers = {"content-type": "application/json", "webhook-id": event_id, "webhook-timestamp": at,
               "webhook-signature": "v1," + base64.b64encode(mac.digest()).decode()}
    try:
        request = urllib.request.Request(os.environ["OBOLE_WEBHOOK_URL"], body, headers, method="POST")
        print(urllib.request.urlopen(request, timeout=10).read().decode())
        sys.exit(0)
    except urllib.error.HTTPError as refused:
        print(refused.code, refused.read().decode(), file=sys.stderr)
        if refused.code < 500:  # sending it again would change nothing
            sys.exit(1)
    except OSError as away:
        print(away, file=sys.stderr)
sys.exit(1)
