// Signs deliveries as Shopify does, and lets Shopify's own library believe them before anyone else is asked.
// Standard input: a list of {secret, id, topic, body}; output: their headers.
import {createRequire} from 'node:module';
import {createHmac} from 'node:crypto';
import {readFileSync} from 'node:fs';

const require = createRequire(process.argv[2] + '/');
require('@shopify/shopify-api/adapters/node');
const {shopifyApi, LATEST_API_VERSION, ApiVersion} = require('@shopify/shopify-api');

const all = [];
for (const {secret, id, topic, body} of JSON.parse(readFileSync(0, 'utf8'))) {
  const headers = {
    'x-shopify-hmac-sha256': createHmac('sha256', secret).update(body, 'utf8').digest('base64'),
    'x-shopify-topic': topic,
    'x-shopify-webhook-id': id,
    'x-shopify-shop-domain': 'boutique.myshopify.com',
    'x-shopify-api-version': '2026-01',
  };
  const shopify = shopifyApi({apiKey: 'key', apiSecretKey: secret, scopes: ['read_orders'], hostName: 'boutique.example', isEmbeddedApp: false,
    apiVersion: LATEST_API_VERSION ?? Object.values(ApiVersion).at(-1), logger: {level: 0}});
  const request = {method: 'POST', url: '/webhooks', headers: {...headers, 'content-type': 'application/json'}};
  const verdict = await shopify.webhooks.validate({rawBody: body, rawRequest: request});
  if (!verdict.valid) throw new Error('Shopify\'s library does not believe it: ' + JSON.stringify(verdict));
  all.push(headers);
}
console.log(JSON.stringify(all));
