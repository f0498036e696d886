"""Prints contracts/signature-vectors.json: deliveries signed by the platforms' own libraries, and each spoilt in one way."""
import base64, hashlib, hmac, json, subprocess, tempfile, unicodedata
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

# Squarespace writes its key in hexadecimal and signs the body.
hex_key = bytes(range(32)).hex()
digest = hmac.new(bytes.fromhex(hex_key), BODY.encode(), hashlib.sha256).hexdigest()
vector("squarespace: the key is decoded", "squarespace", [hex_key], [("Squarespace-Signature", digest)], BODY, True)
vector("squarespace: any active secret", "squarespace", [bytes(range(32, 64)).hex(), hex_key], [("Squarespace-Signature", digest)], BODY, True)
vector("squarespace: the key as text", "squarespace", [hex_key],
       [("Squarespace-Signature", hmac.new(hex_key.encode(), BODY.encode(), hashlib.sha256).hexdigest())], BODY, False)
vector("squarespace: body changed by one byte", "squarespace", [hex_key], [("Squarespace-Signature", digest)], BODY + " ", False)
vector("squarespace: base64 instead", "squarespace", [hex_key], [("Squarespace-Signature", base64.b64encode(bytes.fromhex(digest)).decode())], BODY, False)
vector("squarespace: no header", "squarespace", [hex_key], [], BODY, False)

# Ecwid signs two fields of the body.
ecwid = '{"eventId":"80aece08-40e8-4145","eventCreated":1795600000,"storeId":1003,"entityId":1,"eventType":"order.updated","data":{"orderId":"XJ12H"}}'
signed = b64(PLAIN, "1795600000.80aece08-40e8-4145")
vector("ecwid: eventCreated and eventId", "ecwid", [PLAIN], [("X-Ecwid-Webhook-Signature", signed)], ecwid, True)
vector("ecwid: the time as text", "ecwid", [PLAIN], [("X-Ecwid-Webhook-Signature", signed)], ecwid.replace("1795600000", '"1795600000"'), True)
vector("ecwid: another event's id", "ecwid", [PLAIN], [("X-Ecwid-Webhook-Signature", signed)], ecwid.replace("80aece08", "90aece08"), False)
vector("ecwid: digest of another shop", "ecwid", [OTHER_PLAIN], [("X-Ecwid-Webhook-Signature", signed)], ecwid, False)
vector("ecwid: the body's digest", "ecwid", [PLAIN], [("X-Ecwid-Webhook-Signature", b64(PLAIN, ecwid))], ecwid, False)
vector("ecwid: no eventId", "ecwid", [PLAIN], [("X-Ecwid-Webhook-Signature", signed)], '{"eventCreated":1795600000}', False)
vector("ecwid: not JSON", "ecwid", [PLAIN], [("X-Ecwid-Webhook-Signature", signed)], "hello", False)

# Wix signs a token with the private key of an app; these keys are for the vectors only.
WIX_KEY = """-----BEGIN PRIVATE KEY-----
MIIEvwIBADANBgkqhkiG9w0BAQEFAASCBKkwggSlAgEAAoIBAQC2wZUy1gMu7ai7
dLdQ7pjKOX814a7pvKL52dvxKV9Qr6LtwyUqBlMnRsnbwYrDHlAb3CBRS0kUFJZR
BKKhdpygcAPg04nT98mMw5EQDnw3QEk2ggia3aihHJLBQnDu0K61iBeLdTOqOjw0
CR1nRnfRSNRB5w7AKOeNVgUzoksqm5UBJ0dY3h2cc0AkzZgW3NwDyQpaH9i/Lxbt
L4dvGkMlZD4/uy6n2FFLK1mLTLoSUJ1traB21c8ELlnB0GOx+jEgL2R1mZy0qXrf
vdBilt7vnZd7ycGhM65GV9C7qfKcgHULkkhiG7KBh587MJ3sUxA1O167DrkhulEc
aDDs1ke5AgMBAAECggEADiI2vAuby6pu1w952WEYcSRE86lwXex8JKs99J7E27A3
nyBtTHyYe/RAKnYDeZ9LpfnuSGc0f8BvVxTvEGJkTs6W6DFn6nwSaufZfUbHgbzf
pJ7mFDcCAnK7oUVWh0udhVXA72S5Igg2rXYKf3kOTWHO44lfZUpMjQxK4vFBU6o6
yQtR0XUWqisqFxTcakFVJNLOeY9x8+3IPUBvo+AqUY6VkkIUAmwz7td04bUkJoq9
ETF09kl4tVVorgl8qXdwmczoxdGV5OhBmq2UvdJTEyMUW3YNvcaQrkCG5ubfMyfa
Ib4l1EfcVA6Vw45TUtb3y3uxZeXBQ29/jfMZJZYG4QKBgQDqjxYuPvKbCHu7k66U
2ns63yOku9hod6szgsYIJo5TVARF00Lt8k/aRRbunYxbdKk8DGtqUOpFdtxgwhni
ktP1yI1GMt79I9IB90V3Je/tMKGA/iRzYNSUCeX+hr0A7rOM7PJ6sxcERT7SO3br
UONXVj1Ayk9A54ynSnTd3uTw4QKBgQDHdkKUL0imOxq6iuX5pvTBZ4XbluVn3QEm
MYx5WguYc2ngWfNWMcgQPC/lZi1TRgg595krBHejPu++eVZP4KH1C+ge0T+D3j1U
e0jxgIiEiMYunpuHOM+qJXPQlNdsBgzWQoJ0NCnumEQjQV7Mt+vq7aDZ6zWdiAgS
hBBTE6Q52QKBgQCWmwlC6Ggd43SPHGQcb6xwQJZCT9rEORJUIMPGt/rqxid4Lg3r
eoqLO5Fd5QsaLe38AH135jyGHaui9P5p3Jz8U6liSYekQju1x29y8Yj8Yx1QFd6R
trrH0xM6Oolg7+OZuQp4fkVpGI0dr9DLh0Rx742k7EG3CvXk9InVbCjUAQKBgQCM
qudbcFlQ+n/oLQrxXQBh4WtyqOGStTcZQ3ppHsrssgBqO6W0FRmd8YRpyPyQLOSi
VO7NerIRC9KyRwpK/QXbNpF2ImYjzrj7+pI/10DwDzGNMUhIPhWeThl2cXHXehDV
jkRIRX2JChOLtY9w2wjjPsDgztOaDJR80mxc2o5ISQKBgQCVDtA3MFreAGMLAP6M
x+jWq5ykGNeyeXieZ5D31geq39m9C6Xn32M8bhtVT0C1fc9c6rfBX61ssDt8h1g/
0qemLXEbeB86tYlZTzIX1vqvtY8lEaoFLJyuN7J1aaeoMr0RU3KovV2a3eZtp9ZB
ukqmoMUiImy8ErqAi8ZcZAaPaA==
-----END PRIVATE KEY-----
"""
WIX_PUBLIC = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAtsGVMtYDLu2ou3S3UO6Y
yjl/NeGu6byi+dnb8SlfUK+i7cMlKgZTJ0bJ28GKwx5QG9wgUUtJFBSWUQSioXac
oHAD4NOJ0/fJjMOREA58N0BJNoIImt2ooRySwUJw7tCutYgXi3Uzqjo8NAkdZ0Z3
0UjUQecOwCjnjVYFM6JLKpuVASdHWN4dnHNAJM2YFtzcA8kKWh/Yvy8W7S+HbxpD
JWQ+P7sup9hRSytZi0y6ElCdba2gdtXPBC5ZwdBjsfoxIC9kdZmctKl6373QYpbe
752Xe8nBoTOuRlfQu6nynIB1C5JIYhuygYefOzCd7FMQNTteuw65IbpRHGgw7NZH
uQIDAQAB
-----END PUBLIC KEY-----
"""
OTHER_PUBLIC = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr6v4OM3Tt2r8benDgQLU
z0Ux7Xa/yHgAZaMYiIoSWGSBFE9zO5rfZOMmrP2QzEwM32B8YuSHiFgQzixxc8dq
Z9ISv3MWmmGCsLebnS895lI85GeVWK6XmFSDW1a0kc9dPw/wzDc2rZsHU1NuE1H/
H/AflMyb9rzscqG5TpgPyEXuW4jJHvEUSw2FsNMdyEm7OL9zdplexCufwcO+DdxI
VPmDKwVZ1SsXphWogIi+/B2DqL1QvSU1vlXMUJQwPdpGTnKfnkIFvQtTn1NeDfVQ
gx25YQnXve+Art2gGLTDWxxGajujLGppLc1g0QMIDf5+MYzE9fnrNcA6c5ejLsir
QwIDAQAB
-----END PUBLIC KEY-----
"""


def url64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def wix(claims, header={"alg": "RS256", "typ": "JWT"}):
    signed = url64(json.dumps(header).encode()) + "." + url64(json.dumps(claims).encode())
    with tempfile.NamedTemporaryFile("w") as key:
        key.write(WIX_KEY)
        key.flush()
        run = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key.name], input=signed.encode(), capture_output=True, check=True)
    return signed + "." + url64(run.stdout)


order = {"entityFqdn": "wix.ecom.v1.order", "slug": "approved", "id": "evt-1"}
claims = {"data": json.dumps({"eventType": "wix.ecom.v1.order_approved", "instanceId": "i", "data": json.dumps(order)}), "iat": NOW, "exp": NOW + 3600}
token = wix(claims)
head, payload, sig = token.split(".")
vector("wix: as its key signs", "wix", [WIX_PUBLIC], [], token, True)
vector("wix: any active key", "wix", [OTHER_PUBLIC, WIX_PUBLIC], [], token, True)
vector("wix: a new line after it", "wix", [WIX_PUBLIC], [], token + "\n", True)
vector("wix: no end", "wix", [WIX_PUBLIC], [], wix({"data": claims["data"]}), True)
vector("wix: another app's", "wix", [OTHER_PUBLIC], [], token, False)
vector("wix: ended long ago", "wix", [WIX_PUBLIC], [], wix({**claims, "exp": NOW - 301}), False)
vector("wix: ended a moment ago", "wix", [WIX_PUBLIC], [], wix({**claims, "exp": NOW - 299}), True)
vector("wix: payload changed", "wix", [WIX_PUBLIC], [], ".".join([head, url64(json.dumps({**claims, "iat": 1}).encode()), sig]), False)
vector("wix: no signature, and an algorithm of none", "wix", [WIX_PUBLIC], [], url64(b'{"alg":"none"}') + "." + payload + ".", False)
vector("wix: an algorithm of none, signed", "wix", [WIX_PUBLIC], [], wix(claims, {"alg": "none"}), False)
hs = url64(b'{"alg":"HS256","typ":"JWT"}') + "." + payload
vector("wix: the public key as an HMAC's", "wix", [WIX_PUBLIC], [], hs + "." + url64(hmac.new(WIX_PUBLIC.encode(), hs.encode(), hashlib.sha256).digest()), False)
for bad in ["", ".", "..", "...", "a.b.c", token[:-2] + "%%", head + "." + payload, '{"type":"ping"}']:
    vector(f"wix: {bad[:9]!r}… is no token", "wix", [WIX_PUBLIC], [], bad, False)

# What a generic sender signs, where, and how its key is written.
at = str(NOW)
vector("generic: a time before the body, in a header of its own", "generic", [PLAIN], [("X-Signature", hmac.new(PLAIN.encode(), f"{at}.{BODY}".encode(), hashlib.sha256).hexdigest()), ("X-Timestamp", at)],
       BODY, True, settings={"signed_text": "{timestamp}.{body}"})
vector("generic: … an old time", "generic", [PLAIN], [("X-Signature", hmac.new(PLAIN.encode(), f"{NOW - 301}.{BODY}".encode(), hashlib.sha256).hexdigest()), ("X-Timestamp", str(NOW - 301))],
       BODY, False, settings={"signed_text": "{timestamp}.{body}"})
vector("generic: … no time", "generic", [PLAIN], [("X-Signature", hmac.new(PLAIN.encode(), f"{at}.{BODY}".encode(), hashlib.sha256).hexdigest())],
       BODY, False, settings={"signed_text": "{timestamp}.{body}"})
listed = hmac.new(PLAIN.encode(), f"v0:{at}:{BODY}:end".encode(), hashlib.sha256).hexdigest()
fields = {"signed_text": "v0:{timestamp}:{body}:end", "signature_field": "v0", "timestamp_field": "t"}
vector("generic: time and digest in one header", "generic", [PLAIN], [("X-Signature", f"t={at},v0={listed}")], BODY, True, settings=fields)
vector("generic: … in another order, with spaces", "generic", [PLAIN], [("X-Signature", f"v0={listed}; t={at}")], BODY, True, settings=fields)
vector("generic: … without the field", "generic", [PLAIN], [("X-Signature", f"t={at},v1={listed}")], BODY, False, settings=fields)
vector("generic: the delivery's name is signed", "generic", [PLAIN], [("X-Signature", hmac.new(PLAIN.encode(), f"d-1|{BODY}".encode(), hashlib.sha256).hexdigest()), ("X-Delivery-Id", "d-1")],
       BODY, True, settings={"signed_text": "{id}|{body}"})
vector("generic: … another name", "generic", [PLAIN], [("X-Signature", hmac.new(PLAIN.encode(), f"d-1|{BODY}".encode(), hashlib.sha256).hexdigest()), ("X-Delivery-Id", "d-2")],
       BODY, False, settings={"signed_text": "{id}|{body}"})
for name, key in [("hex", hex_key), ("base64", base64.b64encode(bytes(range(32))).decode())]:
    vector(f"generic: a key in {name}", "generic", [key], [("X-Signature", digest)], BODY, True, settings={"secret_encoding": name})
vector("generic: a key in hex taken as text", "generic", [hex_key], [("X-Signature", digest)], BODY, False)

print("[\n" + ",\n".join(json.dumps(v, ensure_ascii=True) for v in vectors) + "\n]")
