<?php
// Sends one event from standard input to Obole, signed by Standard Webhooks 1.0.0. PHP 8, nothing to install.
// Usage: OBOLE_WEBHOOK_URL=… OBOLE_SECRET=whsec_… php send.php [event-id] < event.json
$body = stream_get_contents(STDIN);
// The same id on every retry: an event is counted once, however often it comes.
$id = $argv[1] ?? bin2hex(random_bytes(16));
$key = base64_decode(preg_replace('/^whsec_/', '', getenv('OBOLE_SECRET')));

foreach ([0, 1, 5, 30] as $wait) {
    sleep($wait);
    $at = (string) time();
    $mac = base64_encode(hash_hmac('sha256', "$id.$at.$body", $key, true));
    $headers = ["content-type: application/json", "webhook-id: $id", "webhook-timestamp: $at", "webhook-signature: v1,$mac"];
    $context = stream_context_create(['http' => ['method' => 'POST', 'header' => $headers, 'content' => $body,
        'timeout' => 10, 'ignore_errors' => true]]);
    $response = @file_get_contents(getenv('OBOLE_WEBHOOK_URL'), false, $context);
    $status = isset($http_response_header) ? (int) explode(' ', $http_response_header[0])[1] : 0;
    if ($status === 200) {
        echo $response, "\n";
        exit(0);
    }
    fwrite(STDERR, "$status $response\n");
    if ($status >= 400 && $status < 500) {
        exit(1); // sending it again would change nothing
    }
}
exit(1);
