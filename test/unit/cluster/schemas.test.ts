import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../../src/base/log.ts';
import { ServerSchemas } from '../../../src/engine/cluster/schemas.ts';
import { faultyServer, json } from './support.ts';

const WIDGET = { group: 'shop.example', version: 'v1', kind: 'Widget' };

/** An OpenAPI document with one kind, whose field has this default. */
const documentOf = (size: number): object => ({
  info: { title: 'Kubernetes CRD Swagger' },
  components: {
    schemas: {
      Widget: {
        type: 'object',
        'x-kubernetes-group-version-kind': [WIDGET],
        properties: { size: { type: 'integer', default: size } },
      },
    },
  },
});

test('a look that failed does not count: what the server publishes when it answers again is told', async (t) => {
  let published = 1;
  let failing = 0;
  let looks = 0;
  const { transport } = await faultyServer(t, (request, response) => {
    if (request.url !== '/openapi/v3') json(response, 200, documentOf(published));
    else if (failing > 0) {
      failing -= 1;
      json(response, 500, { kind: 'Status', message: 'etcdserver: leader changed' });
    } else {
      looks += 1;
      // It is published with the last look.
      if (looks === 1 + 6) published = 2;
      const serverRelativeURL = `/openapi/v3/apis/shop.example/v1?hash=${published}`;
      json(response, 200, { paths: { 'apis/shop.example/v1': { serverRelativeURL } } });
    }
  });
  const waits: AbortSignal[] = [];
  const online = (signal: AbortSignal): Promise<void> => Promise.resolve(void waits.push(signal));
  const schemas = new ServerSchemas(transport, undefined, silentLogger, online);
  t.after(() => {
    schemas.dispose();
  });
  const defaultOf = async (): Promise<unknown> => (await schemas.schemaOf(WIDGET))?.node.properties?.['size']?.default;
  const before = await defaultOf();
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const told = new Promise<ReadonlySet<string>>((resolve) => schemas.onDidChange(resolve));
  failing = 2;
  schemas.lookAgain();
  const ticking = setInterval(() => {
    t.mock.timers.tick(500);
  }, 1);
  t.after(() => {
    clearInterval(ticking);
  });
  assert.deepEqual([before, [...(await told)], await defaultOf(), waits.length], [1, ['shop.example/v1'], 2, 2]);
});
