import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../../src/engine/model/json.ts';
import { extractOwned } from '../../../src/engine/sync/plan/extract.ts';
import { podSchema } from './podSchema.ts';

const live = {
  metadata: { name: 'web', labels: { app: 'web', added: 'by-hand' }, finalizers: ['a', 'b'] },
  spec: {
    replicas: 3,
    strategy: { type: 'RollingUpdate' },
    nodeSelector: { disk: 'ssd', zone: 'a' },
    containers: [
      {
        name: 'web',
        image: 'web:1',
        command: ['a', 'b'],
        env: [
          { name: 'A', value: '1' },
          { name: 'B', value: '2' },
        ],
        ports: [
          { containerPort: 80, protocol: 'TCP', name: 'http' },
          { containerPort: 53, protocol: 'UDP', name: 'dns' },
        ],
        resources: {},
      },
      { name: 'sidecar', image: 'injected:1' },
    ],
  },
};

const cases: readonly { readonly name: string; readonly fields: JsonObject; readonly owned: unknown }[] = [
  { name: 'nothing held', fields: { 'f:metadata': { 'f:labels': { '.': {} } } }, owned: { metadata: { labels: {} } } },
  {
    name: 'labels of others stay out',
    fields: { 'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } }, 'f:spec': { 'f:replicas': {} } },
    owned: { metadata: { labels: { app: 'web' } }, spec: { replicas: 3 } },
  },
  {
    name: 'an atomic map goes whole, a granular one that was applied empty stays empty',
    fields: { 'f:spec': { 'f:nodeSelector': {}, 'f:strategy': {} } },
    owned: { spec: { nodeSelector: { disk: 'ssd', zone: 'a' }, strategy: {} } },
  },
  {
    name: 'items by key, in the order of live; a key that the schema puts in is not sent',
    fields: {
      'f:spec': {
        'f:containers': {
          'k:{"name":"web"}': {
            '.': {},
            'f:name': {},
            'f:command': {},
            'f:env': { '.': {}, 'k:{"name":"B"}': { '.': {}, 'f:name': {}, 'f:value': {} } },
            'f:ports': {
              '.': {},
              'k:{"containerPort":53,"protocol":"UDP"}': { '.': {}, 'f:containerPort': {}, 'f:protocol': {} },
              'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} },
            },
            'f:resources': {},
          },
        },
      },
    },
    owned: {
      spec: {
        containers: [
          {
            name: 'web',
            command: ['a', 'b'],
            env: [{ name: 'B', value: '2' }],
            ports: [{ containerPort: 80 }, { containerPort: 53, protocol: 'UDP' }],
            resources: {},
          },
        ],
      },
    },
  },
  { name: 'set items', fields: { 'f:metadata': { 'f:finalizers': { '.': {}, 'v:"b"': {} } } }, owned: { metadata: { finalizers: ['b'] } } },
  {
    name: 'what is not live any more is left out',
    fields: { 'f:spec': { 'f:gone': {}, 'f:replicas': {} } },
    owned: { spec: { replicas: 3 } },
  },
];

for (const { name, fields, owned } of cases) {
  test(`own fields: ${name}`, () => {
    assert.deepEqual(extractOwned(live, fields, podSchema), owned);
  });
}
