// Sends one event from standard input to Obole, signed by Standard Webhooks 1.0.0. Node 18 or later, nothing to install.
// Usage: OBOLE_WEBHOOK_URL=… OBOLE_SECRET=whsec_… node send.mjs [event-id] < event.json
import {createHmac, randomUUID} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {setTimeout as pause} from 'node:timers/promises';

const body = readFileSync(0);
// The same id on every retry: an event is counted once, however often it comes.
const id = process.argv[2] ?? randomUUID();
const key = Buffer.from(process.env.OBOLE_SECRET.replace(/^whsec_/, ''), 'base64');

for (const wait of [0, 1, 5, 30]) {
  await pause(wait * 1000);
  const at = String(Math.floor(Date.now() / 1000));
  const mac = createHmac('sha256', key).update(`${id}.${at}.`).update(body).digest('base64');
  const headers = {'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': `v1,${mac}`};
  try {
    const response = await fetch(process.env.OBOLE_WEBHOOK_URL, {method: 'POST', body, headers, signal: AbortSignal.timeout(10_000)});
    const text = await response.text();
    if (response.ok) { console.log(text); process.exit(0); }
    console.error(response.status, text);
    if (response.status < 500) process.exit(1); // sending it again would change nothing
  } catch (away) {
    console.error(String(away));
  }
}
process.exit(1);
