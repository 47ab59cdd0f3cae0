// Changes ConfigMaps and Deployments' annotations at a steady rate until it is stopped: `node churn.ts URL TOKEN PER_SECOND`.
import { Agent, request } from 'node:https';

const [url = '', token = '', rate = '100'] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 8, rejectUnauthorized: false });
const interval = 1000 / Number(rate);
const startedAt = performance.now();
let sent = 0;

function change(index: number): void {
  // Other objects than the ones that are measured: those have the numbers from 0 to 39.
  const name = `app-${40 + (index % 100)}`;
  const path = index % 2 === 0 ? `/api/v1/namespaces/bench/configmaps/${name}` : `/apis/apps/v1/namespaces/bench/deployments/${name}`;
  const call = request(
    `${url}${path}`,
    { method: 'PATCH', agent, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/merge-patch+json' } },
    (response) => response.resume(),
  );
  call.on('error', () => undefined);
  call.end(JSON.stringify({ metadata: { annotations: { 'churn.example/at': String(index) } } }));
}

setInterval(() => {
  const due = Math.floor((performance.now() - startedAt) / interval);
  while (sent < due) {
    change(sent);
    sent += 1;
  }
}, 10);
process.on('SIGTERM', () => {
  process.stdout.write(`${sent}\n`, () => process.exit(0));
});
