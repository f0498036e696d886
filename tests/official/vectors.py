"""Prints contracts/signature-vectors.json: deliveries signed by the platforms' own libraries, and each spoilt in one way."""
import base64, hashlib, hmac, json, unicodedata
from datetime import datetime, timezone

import stripe, standardwebhooks, svix.webhooks

NOW = 1_800_000_000
WHSEC = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(32, 64))).decode()
PLAIN, OTHER_PLAIN = "shpss_0123456789abcdef0123456789abcdef", "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"
BODY = '{"type":"checkout.completed","data":{"order_id":"FR-1","order_total":"45.90","currency":"EUR","note":"Zoé"}}'
vectors = []


def vector(name, dialect, secrets, headers, body, accepted, now=NOW, settings=None):
    body = body if isinstance(body, bytes) else body.encode()
    vectors.append({"name": name, "dialect": dialect, **({"settings": settings} if settings else {}), "secrets": secrets,
                    "headers": [list(h) for h in headers], "body": base64.b64encode(body).decode(), "now": now, "accepted": accepted})


def standard(secret, at=NOW, id="msg_1", body=BODY):
    sign = standardwebhooks.Webhook(secret).sign
    return [("webhook-id", id), ("webhook-timestamp", str(at)), ("webhook-signature", sign(id, datetime.fromtimestamp(at, timezone.utc), body))]


def changed(headers, name, value):
    return [(n, value if n == name else v) for n, v in headers]


good = standard(WHSEC)
signature = good[2][1]
vector("standard: as the library signs", "standard", [WHSEC], good, BODY, True)
vector("standard: any active secret", "standard", [OTHER, WHSEC], good, BODY, True)
vector("standard: header names in capitals", "standard", [WHSEC], [(n.upper(), v) for n, v in good], BODY, True)
vector("standard: another version before", "standard", [WHSEC], changed(good, "webhook-signature", "v9,AAAA " + signature), BODY, True)
vector("standard: what cannot be decoded before", "standard", [WHSEC], changed(good, "webhook-signature", "v1,%%% " + signature), BODY, True)
vector("standard: digest of another merchant", "standard", [WHSEC], standard(OTHER), BODY, False)
vector("standard: wrong digest", "standard", [WHSEC], changed(good, "webhook-signature", "v1," + base64.b64encode(bytes(32)).decode()), BODY, False)
vector("standard: digest cut short", "standard", [WHSEC], changed(good, "webhook-signature", "v1," + base64.b64encode(base64.b64decode(signature[3:])[:16]).decode()), BODY, False)
vector("standard: empty digest", "standard", [WHSEC], changed(good, "webhook-signature", "v1,"), BODY, False)
vector("standard: bad base64", "standard", [WHSEC], changed(good, "webhook-signature", signature[:-2] + "*="), BODY, False)
vector("standard: version v9 only", "standard", [WHSEC], changed(good, "webhook-signature", signature.replace("v1,", "v9,")), BODY, False)
vector("standard: no version", "standard", [WHSEC], changed(good, "webhook-signature", signature[3:]), BODY, False)
vector("standard: 1,000 signatures", "standard", [WHSEC], changed(good, "webhook-signature", " ".join([signature] * 1000)), BODY, False)
for name in ["webhook-id", "webhook-timestamp", "webhook-signature"]:
    vector(f"standard: {name} is missing", "standard", [WHSEC], [h for h in good if h[0] != name], BODY, False)
    vector(f"standard: {name} twice", "standard", [WHSEC], good + [h for h in good if h[0] == name], BODY, False)
for offset, ok in [(-301, False), (-300, True), (300, True), (301, False)]:
    vector(f"standard: timestamp at {offset:+} s", "standard", [WHSEC], standard(WHSEC, NOW + offset), BODY, ok)
for bad in ["-1800000000", "+1800000000", "1800000000.0", "1e9", " 1800000000", "", "99999999999999999999", "18000000000000", "now"]:
    key = base64.b64decode(WHSEC[6:])
    mac = base64.b64encode(hmac.new(key, f"msg_1.{bad}.{BODY}".encode(), hashlib.sha256).digest()).decode()
    vector(f"standard: timestamp {bad!r}", "standard", [WHSEC], [("webhook-id", "msg_1"), ("webhook-timestamp", bad), ("webhook-signature", "v1," + mac)], BODY, False)
for bad in ["a.b", "a b", "", "é", "x" * 257]:
    vector(f"standard: id {bad[:12]!r}", "standard", [WHSEC], standard(WHSEC, id=bad), BODY, False)
vector("standard: dot moved from id to timestamp", "standard", [WHSEC], [("webhook-id", "msg_1.1800000000"), ("webhook-timestamp", str(NOW)), good[2]], BODY, False)
vector("standard: body changed by one byte", "standard", [WHSEC], good, BODY.replace("45.90", "45.91"), False)
vector("standard: body changed by white space", "standard", [WHSEC], good, BODY + "\n", False)
vector("standard: body changed by Unicode normalisation", "standard", [WHSEC], good, unicodedata.normalize("NFD", BODY), False)
raw = b'\xff\xfe not UTF-8'
mac = base64.b64encode(hmac.new(base64.b64decode(WHSEC[6:]), b"msg_1.%d." % NOW + raw, hashlib.sha256).digest()).decode()
vector("standard: bytes that are no UTF-8 are signed all the same", "standard", [WHSEC], changed(good, "webhook-signature", "v1," + mac), raw, True)

old = svix.webhooks.Webhook(WHSEC).sign("msg_2", datetime.fromtimestamp(NOW, timezone.utc), BODY)
svix_headers = [("svix-id", "msg_2"), ("svix-timestamp", str(NOW)), ("svix-signature", old)]
vector("svix: as the library signs", "svix", [WHSEC], svix_headers, BODY, True)
vector("svix: under the standard names", "svix", [WHSEC], good, BODY, True)
vector("svix: names mixed", "svix", [WHSEC], [svix_headers[0], good[1], good[2]], BODY, False)
vector("svix: another merchant's", "svix", [OTHER], svix_headers, BODY, False)

client = "bc_client_secret_0123456789abcdef"
bigcommerce = standard(base64.b64encode(client.encode()).decode())
vector("bigcommerce: the client secret's raw bytes", "bigcommerce", [client], bigcommerce, BODY, True)
vector("bigcommerce: not another's", "bigcommerce", [OTHER_PLAIN], bigcommerce, BODY, False)


def stripe_v1(secret, at=NOW, body=BODY):
    return stripe.WebhookSignature._compute_signature(f"{at}.{body}", secret)


def stripe_header(value):
    return [("Stripe-Signature", value)]


v1 = stripe_v1(WHSEC)
vector("stripe: as the library signs, whsec_ and all", "stripe", [WHSEC], stripe_header(f"t={NOW},v1={v1}"), BODY, True)
vector("stripe: two v1 while a secret rolls", "stripe", [WHSEC], stripe_header(f"t={NOW},v1={stripe_v1(OTHER)},v1={v1}"), BODY, True)
vector("stripe: v0 beside", "stripe", [WHSEC], stripe_header(f"t={NOW},v1={v1},v0={'0' * 64}"), BODY, True)
vector("stripe: v0 only", "stripe", [WHSEC], stripe_header(f"t={NOW},v0={v1}"), BODY, False)
vector("stripe: two t=", "stripe", [WHSEC], stripe_header(f"t={NOW},t={NOW},v1={v1}"), BODY, False)
vector("stripe: no t=", "stripe", [WHSEC], stripe_header(f"v1={v1}"), BODY, False)
vector("stripe: odd-length hex", "stripe", [WHSEC], stripe_header(f"t={NOW},v1={v1[:-1]}"), BODY, False)
vector("stripe: not hex", "stripe", [WHSEC], stripe_header(f"t={NOW},v1={'z' * 64}"), BODY, False)
vector("stripe: 1,000 signatures", "stripe", [WHSEC], stripe_header(f"t={NOW}," + ",".join([f"v1={v1}"] * 1000)), BODY, False)
vector("stripe: not a list", "stripe", [WHSEC], stripe_header("hello"), BODY, False)
vector("stripe: another merchant's", "stripe", [OTHER], stripe_header(f"t={NOW},v1={v1}"), BODY, False)
for offset, ok in [(-301, False), (-300, True), (300, True), (301, False)]:
    at = NOW + offset
    vector(f"stripe: timestamp at {offset:+} s", "stripe", [WHSEC], stripe_header(f"t={at},v1={stripe_v1(WHSEC, at)}"), BODY, ok)


def b64(secret, body=BODY, algorithm=hashlib.sha256):
    return base64.b64encode(hmac.new(secret.encode(), body.encode(), algorithm).digest()).decode()


for dialect, name in [("shopify", "X-Shopify-Hmac-Sha256"), ("woocommerce", "X-WC-Webhook-Signature")]:
    vector(f"{dialect}: the body's digest", dialect, [PLAIN], [(name, b64(PLAIN))], BODY, True)
    vector(f"{dialect}: digest of another shop", dialect, [PLAIN], [(name, b64(OTHER_PLAIN))], BODY, False)
    vector(f"{dialect}: body changed by one byte", dialect, [PLAIN], [(name, b64(PLAIN))], BODY + " ", False)
    vector(f"{dialect}: bad base64", dialect, [PLAIN], [(name, "%" + b64(PLAIN))], BODY, False)
    vector(f"{dialect}: hexadecimal instead", dialect, [PLAIN], [(name, hmac.new(PLAIN.encode(), BODY.encode(), hashlib.sha256).hexdigest())], BODY, False)
    vector(f"{dialect}: no header", dialect, [PLAIN], [], BODY, False)
vector("woocommerce: a secret with HTML entities signs decoded", "woocommerce", ["a&amp;b&lt;c&gt;d&quot;e&#039;f0123456789"],
       [("X-WC-Webhook-Signature", b64("a&b<c>d\"e'f0123456789"))], BODY, True)

digest = hmac.new(PLAIN.encode(), BODY.encode(), hashlib.sha256).hexdigest()
vector("generic: hex in x-signature", "generic", [PLAIN], [("X-Signature", digest)], BODY, True)
vector("generic: hex in capitals", "generic", [PLAIN], [("X-Signature", digest.upper())], BODY, True)
vector("generic: prefix, another header", "generic", [PLAIN], [("X-Hub-Signature-256", "sha256=" + digest)], BODY, True,
       settings={"signature_header": "x-hub-signature-256", "signature_prefix": "sha256="})
vector("generic: prefix missing", "generic", [PLAIN], [("X-Hub-Signature-256", digest)], BODY, False,
       settings={"signature_header": "x-hub-signature-256", "signature_prefix": "sha256="})
vector("generic: SHA-512 in base64", "generic", [PLAIN], [("X-Signature", b64(PLAIN, algorithm=hashlib.sha512))], BODY, True,
       settings={"hash": "sha512", "encoding": "base64"})
vector("generic: SHA-256 where SHA-512 is configured", "generic", [PLAIN], [("X-Signature", b64(PLAIN))], BODY, False,
       settings={"hash": "sha512", "encoding": "base64"})
vector("generic: odd-length hex", "generic", [PLAIN], [("X-Signature", digest[:-1])], BODY, False)

print("[\n" + ",\n".join(json.dumps(v, ensure_ascii=True) for v in vectors) + "\n]")
