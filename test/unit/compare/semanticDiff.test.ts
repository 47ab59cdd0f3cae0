import assert from 'node:assert/strict';
import { test } from 'node:test';
import { semanticDiff } from '../../../src/engine/compare/semanticDiff.ts';
import { threeWayPatch } from '../../../src/engine/compare/threeWay.ts';
import { formatPath } from '../../../src/engine/model/fieldPath.ts';
import type { JsonObject } from '../../../src/engine/model/json.ts';
import { builtin, custom } from './schemas.ts';

const container = (fields: JsonObject): JsonObject => ({ spec: { containers: [{ name: 'web', ...fields }] } });
const AT = 'spec.containers[name=web]';

function differences(git: JsonObject, live: JsonObject, schema = builtin): readonly string[] {
  return semanticDiff(git, live, schema).map(
    ({ path, change, isCosmetic }) => `${change} ${formatPath(path)}${isCosmetic ? ' cosmetic' : ''}`,
  );
}

test('differences are exact to the leaf', () => {
  const cases: readonly [git: JsonObject, live: JsonObject, expected: string[]][] = [
    [{ spec: { replicas: 1 } }, { spec: { replicas: 1 } }, []],
    [{ spec: { replicas: 1 } }, { spec: { replicas: 2 } }, ['changed spec.replicas']],
    [{ spec: {} }, { spec: { strategy: { type: 'a', rolling: 'b' } } }, ['added spec.strategy']],
    [{ metadata: {} }, { metadata: { labels: { a: '1', 'b/c': '2' } } }, ['added metadata.labels.a', 'added metadata.labels["b/c"]']],
    [{ metadata: { labels: { a: '1' } } }, { metadata: {} }, ['removed metadata.labels.a']],
    [container({ env: [{ name: 'a' }] }), container({}), [`removed ${AT}.env[name=a]`]],
    [container({ env: [{ name: 'a', value: '1' }] }), container({ env: [{ name: 'a', value: '2' }] }), [`changed ${AT}.env[name=a].value`]],
    [container({ env: [{ name: 'a' }, { name: 'b' }] }), container({ env: [{ name: 'b' }, { name: 'a' }] }), [`changed ${AT}.env`]],
    [
      container({ ports: [{ containerPort: 80 }] }),
      container({ ports: [{ containerPort: 80, protocol: 'TCP' }] }),
      [`added ${AT}.ports[containerPort=80,protocol=TCP].protocol`],
    ],
    [container({ args: ['a', 'b'] }), container({ args: ['a', 'c'] }), [`changed ${AT}.args[1]`]],
    [container({ args: ['a', 'b'] }), container({ args: ['a', 'x', 'b'] }), [`added ${AT}.args[1]`]],
    [container({ args: ['a', 'b', 'c'] }), container({ args: ['a'] }), [`removed ${AT}.args[1]`, `removed ${AT}.args[2]`]],
    [container({ args: ['a', 'b'] }), container({ args: ['x', 'y', 'z'] }), [`changed ${AT}.args`]],
    [container({ limits: { cpu: '1000m' } }), container({ limits: { cpu: '1' } }), [`changed ${AT}.limits.cpu cosmetic`]],
    [container({ probe: { port: 80 } }), container({ probe: { port: '80' } }), [`changed ${AT}.probe.port`]],
    [
      { metadata: { finalizers: ['a', 'b'] } },
      { metadata: { finalizers: ['b', 'c'] } },
      ['removed metadata.finalizers[="a"]', 'added metadata.finalizers[="c"]'],
    ],
    [{ metadata: { labels: {} } }, { metadata: {} }, ['removed metadata.labels cosmetic']],
    [{ spec: { strategy: { type: 'a' } } }, { spec: { strategy: 'a' } }, ['changed spec.strategy']],
  ];
  assert.deepEqual(
    cases.map(([git, live]) => differences(git, live)),
    cases.map((item) => item[2]),
  );
});

test('three-way patches, strategic and JSON merge', () => {
  const identity = { apiVersion: 'apps/v1', kind: 'Deployment' };
  const patch = (base: JsonObject | undefined, git: JsonObject, live: JsonObject, schema = builtin): unknown => {
    const { type, body, isEmpty } = threeWayPatch(
      base === undefined ? undefined : { ...identity, ...base },
      { ...identity, ...git },
      { ...identity, ...live },
      schema,
    );
    const { apiVersion: _apiVersion, kind: _kind, ...changes } = body;
    return isEmpty ? 'nothing' : { [type]: changes };
  };
  const env = (...names: string[]): JsonObject => container({ env: names.map((name) => ({ name, value: name })) });
  assert.deepEqual(
    [
      patch({ spec: { replicas: 1 } }, { spec: { replicas: 1 } }, { spec: { replicas: 1, strategy: { type: 'default' } } }),
      patch({ spec: { replicas: 1 } }, { spec: { replicas: 2 } }, { spec: { replicas: 1 } }),
      patch({ spec: { replicas: 1 } }, { spec: {} }, { spec: { replicas: 1 } }),
      patch({ spec: { replicas: 1 } }, { spec: {} }, { spec: {} }),
      patch(env('a', 'b'), env('a'), env('a', 'b', 'c')),
      patch(env('a', 'b'), env('b', 'a'), env('a', 'b')),
      patch(
        { spec: { strategy: { type: 'a' } } },
        { spec: { strategy: { type: 'b' } } },
        { spec: { strategy: { type: 'a', rolling: 'x' } } },
      ),
      patch({ metadata: { finalizers: ['a', 'b'] } }, { metadata: { finalizers: ['a'] } }, { metadata: { finalizers: ['a', 'b'] } }),
      patch(container({ args: ['a'] }), container({ args: ['b'] }), container({ args: ['a'] })),
      patch(env('a', 'b'), env('a'), env('a', 'b', 'c'), custom),
      patch(undefined, { spec: { replicas: 1 } }, { spec: { replicas: 1, more: 2 } }),
    ],
    [
      'nothing',
      { strategic: { spec: { replicas: 2 } } },
      { strategic: { spec: { replicas: null } } },
      'nothing',
      {
        strategic: {
          spec: {
            containers: [{ env: [{ $patch: 'delete', name: 'b' }], '$setElementOrder/env': [{ name: 'a' }], name: 'web' }],
            '$setElementOrder/containers': [{ name: 'web' }],
          },
        },
      },
      {
        strategic: {
          spec: {
            containers: [{ '$setElementOrder/env': [{ name: 'b' }, { name: 'a' }], name: 'web' }],
            '$setElementOrder/containers': [{ name: 'web' }],
          },
        },
      },
      { strategic: { spec: { strategy: { type: 'b', $retainKeys: ['type'] } } } },
      { strategic: { metadata: { '$deleteFromPrimitiveList/finalizers': ['b'], '$setElementOrder/finalizers': ['a'] } } },
      { strategic: { spec: { containers: [{ args: ['b'], name: 'web' }], '$setElementOrder/containers': [{ name: 'web' }] } } },
      { merge: env('a') },
      'nothing',
    ],
  );
});
