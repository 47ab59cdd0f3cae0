import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServerDiscovery } from '../../../src/engine/cluster/discovery.ts';
import { faultyServer, json } from './support.ts';

const APP_RESOURCES = {
  kind: 'APIResourceList',
  groupVersion: 'apps/v1',
  resources: [
    { name: 'deployments', kind: 'Deployment', namespaced: true, verbs: ['get', 'list', 'watch'] },
    { name: 'deployments/status', kind: 'Deployment', namespaced: true, verbs: ['get'] },
    { name: 'deployments/scale', kind: 'Scale', namespaced: true, verbs: ['get'] },
  ],
};

function aggregated(groups: Record<string, Record<string, string[]>>): object {
  const items = Object.entries(groups).map(([name, versions]) => ({
    metadata: { name },
    versions: Object.entries(versions).map(([version, kinds]) => ({
      version,
      resources: kinds.map((kind) => ({
        resource: `${kind.toLowerCase()}s`,
        responseKind: { group: '', version, kind },
        scope: 'Namespaced',
        verbs: ['get'],
        subresources: [{ subresource: 'status' }],
      })),
    })),
  }));
  return { kind: 'APIGroupDiscoveryList', items };
}

test('two requests tell all kinds, a third who serves them', async (t) => {
  const { transport, asked } = await faultyServer(t, (request, response) => {
    if (request.url === '/api') json(response, 200, aggregated({ '': { v1: ['Pod'] } }));
    else if (request.url === '/apis') {
      json(
        response,
        200,
        aggregated({
          autoscaling: { v2: ['Hpa'], v1: ['Hpa'] },
          'metrics.k8s.io': { v1beta1: ['PodMetric'] },
          'shop.example': { v1: ['Order'] },
        }),
      );
    } else
      json(response, 200, {
        items: [
          { spec: { group: 'metrics.k8s.io', version: 'v1beta1', service: { name: 'm' } } },
          { spec: { group: 'shop.example', version: 'v1' } },
        ],
      });
  });
  const discovery = new ServerDiscovery(transport);
  const found = await Promise.all([
    discovery.resource({ group: 'shop.example', version: 'v1', kind: 'Order' }),
    discovery.resourceOfKind('autoscaling', 'Hpa'),
    discovery.resource({ group: 'autoscaling', version: 'v1', kind: 'Hpa' }),
    discovery.resourceOfKind('metrics.k8s.io', 'PodMetric'),
    discovery.resourceOfKind('', 'Pod'),
    discovery.resourceOfKind('', 'Nothing'),
  ]);
  assert.deepEqual(
    {
      found: found.map((info) => info && [info.version, info.servedBy, info.isPreferred, info.hasStatus]),
      requests: asked.length,
      versions: discovery.apiVersions().slice(0, 3),
    },
    {
      found: [
        ['v1', 'crd', true, true],
        ['v2', 'builtin', true, true],
        ['v1', 'builtin', false, true],
        ['v1beta1', 'aggregated', true, true],
        ['v1', 'builtin', true, true],
        undefined,
      ],
      requests: 3,
      versions: ['v1', 'autoscaling/v2', 'autoscaling/v1'],
    },
  );
});

test('servers without aggregated discovery are read group by group; one that is down hides only itself', async (t) => {
  const { transport } = await faultyServer(t, (request, response) => {
    switch (request.url) {
      case '/api':
        if (request.headers.accept?.includes('APIGroupDiscoveryList') === true) response.writeHead(406).end();
        else json(response, 200, { kind: 'APIVersions', versions: ['v1'] });
        break;
      case '/apis':
        json(response, 200, {
          kind: 'APIGroupList',
          groups: [
            { name: 'apps', versions: [{ version: 'v1' }], preferredVersion: { version: 'v1' } },
            { name: 'down.example', versions: [{ version: 'v1' }] },
          ],
        });
        break;
      case '/api/v1':
        json(response, 200, {
          resources: [
            { name: 'pods', kind: 'Pod', namespaced: true, verbs: ['get'] },
            { name: 'pods/log', kind: 'Pod' },
          ],
        });
        break;
      case '/apis/apps/v1':
        json(response, 200, APP_RESOURCES);
        break;
      case '/apis/down.example/v1':
        json(response, 500, { message: 'no endpoints available' });
        break;
      default:
        json(response, 403, { message: 'User "u" cannot list resource "apiservices"' });
    }
  });
  const discovery = new ServerDiscovery(transport);
  await discovery.refresh();
  assert.deepEqual(
    discovery.known().map(({ kind, plural, hasStatus, hasScale, servedBy }) => [kind, plural, hasStatus, hasScale, servedBy]),
    [
      ['Pod', 'pods', false, false, 'builtin'],
      ['Deployment', 'deployments', true, true, 'builtin'],
    ],
  );
});

test('an unknown kind is looked for again, but not more often than every five seconds; a change is told', async (t) => {
  let groups: Parameters<typeof aggregated>[0] = {};
  const { transport, asked } = await faultyServer(t, (request, response) => {
    json(response, 200, request.url === '/apis' ? aggregated(groups) : request.url === '/api' ? aggregated({}) : { items: [] });
  });
  let nowMs = 0;
  const discovery = new ServerDiscovery(transport, () => nowMs);
  let changes = 0;
  discovery.onDidChange(() => (changes += 1));
  const order = { group: 'shop.example', version: 'v1', kind: 'Order' };
  const before = await discovery.resource(order);
  groups = { 'shop.example': { v1: ['Order'] } };
  const soon = await discovery.resource(order);
  nowMs = 5_000;
  const later = await discovery.resource(order);
  assert.deepEqual([before, soon, later?.kind, later?.servedBy, asked.length, changes], [undefined, undefined, 'Order', 'crd', 6, 1]);
});
