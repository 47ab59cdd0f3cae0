import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ManagedEntry } from '../../../src/engine/compare/fieldsV1.ts';
import { prove, type ProofInput } from '../../../src/engine/compare/proof.ts';
import { formatPath } from '../../../src/engine/model/fieldPath.ts';
import type { JsonObject } from '../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { builtin, custom } from './schemas.ts';

const object = (spec: JsonObject, metadata: JsonObject = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', ...metadata },
  spec,
});
const entry = (manager: string, operation: 'Apply' | 'Update', spec: JsonObject, more: Partial<ManagedEntry> = {}): ManagedEntry => ({
  manager,
  operation,
  apiVersion: 'apps/v1',
  subresource: '',
  fields: { 'f:spec': spec },
  ...more,
});

/** `proved`, `added <paths>`, or `<code> <paths>` of what stands in the way. */
function outcome(desired: KubeObject, live: KubeObject, more: Partial<ProofInput> = {}): string {
  const proof = prove({
    desired,
    live,
    raw: live,
    schema: builtin,
    entries: [entry('kubectl', 'Apply', {})],
    owner: { manager: 'kubectl', operation: 'Apply' },
    ...more,
  });
  if (proof.outcome === 'proved') return 'proved';
  const paths = [...proof.mismatches, ...proof.orphans.map((path) => ({ path })), ...(proof.outcome === 'added' ? proof.added : [])];
  return [proof.code ?? 'added', ...paths.map(({ path }) => formatPath(path))].join(' ');
}

const container = (fields: JsonObject): JsonObject => ({ containers: [{ name: 'web', ...fields }] });

test('desired within live, field by field', () => {
  const owned = { 'f:containers': { 'k:{"name":"web"}': { 'f:stdin': {}, 'f:args': {}, 'f:limits': {}, 'f:probe': { 'f:period': {} } } } };
  const at = 'spec.containers[name=web]';
  const cases: readonly [git: JsonObject, live: JsonObject, expected: string, owned?: JsonObject][] = [
    [{ replicas: 1 }, { replicas: 1, more: true }, 'proved'],
    [{ replicas: 1 }, { replicas: 2 }, 'different spec.replicas'],
    [{ replicas: 1 }, {}, 'different spec.replicas'],
    [container({ limits: { cpu: '1000m' } }), container({ limits: { cpu: '1' } }), 'proved'],
    [container({ limits: { cpu: 1 } }), container({ limits: { cpu: '1' } }), 'proved'],
    [container({ limits: { cpu: '1' } }), container({ limits: { cpu: '2' } }), `different ${at}.limits.cpu`],
    [container({ probe: { port: 80 } }), container({ probe: { port: '80' } }), `different ${at}.probe.port`],
    [container({ ports: [{ containerPort: 80 }] }), container({ ports: [{ containerPort: 80, protocol: 'TCP' }] }), 'proved'],
    [
      container({ ports: [{ containerPort: 80, protocol: 'UDP' }] }),
      container({ ports: [{ containerPort: 80, protocol: 'TCP' }] }),
      `different ${at}.ports[containerPort=80,protocol=UDP]`,
    ],
    [container({ env: [{ name: 'a' }, { name: 'b' }] }), container({ env: [{ name: 'a' }, { name: 'x' }, { name: 'b' }] }), 'proved'],
    [container({ env: [{ name: 'a' }, { name: 'b' }] }), container({ env: [{ name: 'b' }, { name: 'a' }] }), `list-order ${at}.env`],
    [container({ env: [{ name: 'a', value: '1' }, { name: 'a' }] }), container({ env: [{ name: 'a' }] }), `duplicate-keys ${at}.env`],
    [container({ args: ['a'] }), container({ args: ['a'] }), 'proved'],
    [container({ args: ['a'] }), container({ args: ['a', 'b'] }), `atomic-not-equal ${at}.args`],
    [{ selector: { matchLabels: { a: 'b' } } }, { selector: { matchLabels: { a: 'b', c: 'd' } } }, 'atomic-not-equal spec.selector'],
    [container({ stdin: false, args: [], limits: {}, probe: { period: 0 } }), container({}), 'proved', owned],
    [container({ stdin: false }), container({}), `zero-value ${at}.stdin`],
    [container({ stdin: null }), container({}), 'proved'],
    [container({ stdin: null }), container({ stdin: true }), `null-value ${at}.stdin`],
    [{ colour: 'red' }, {}, 'unknown-field spec.colour'],
    [{ strategy: {} }, { strategy: { type: 'x' } }, 'proved'],
    [{ replicas: '1' }, { replicas: 1 }, 'different spec.replicas'],
    [{ strategy: 'x' }, { strategy: { type: 'x' } }, 'different spec.strategy'],
  ];
  assert.deepEqual(
    cases.map(([git, live, , fields]) =>
      outcome(object(git), object(live), fields === undefined ? {} : { entries: [entry('kubectl', 'Apply', fields)] }),
    ),
    cases.map((item) => item[2]),
  );
});

test('values of custom resources are literal', () => {
  const git = object(container({ limits: { cpu: '1000m' } }));
  const live = object(container({ limits: { cpu: '1' } }));
  assert.deepEqual(
    [outcome(git, git, { schema: custom }), outcome(git, live, { schema: custom })],
    ['proved', 'different spec.containers[name=web].limits.cpu'],
  );
});

test('what the owner holds and Git no longer has', () => {
  const live = object({ replicas: 1, ...container({ env: [{ name: 'a' }, { name: 'b' }] }) });
  const git = object(container({ env: [{ name: 'a' }] }));
  const owned = {
    'f:replicas': {},
    'f:containers': {
      'k:{"name":"web"}': {
        '.': {},
        'f:env': { '.': {}, 'k:{"name":"a"}': { '.': {}, 'f:name': {} }, 'k:{"name":"b"}': { '.': {}, 'f:name': {} } },
      },
    },
  };
  assert.equal(
    outcome(git, live, { entries: [entry('kubectl', 'Apply', owned)] }),
    'removed-from-git spec.replicas spec.containers[name=web].env[name=b]',
  );
});

test('what an Update owner applied last and Git no longer has', () => {
  const owner = { manager: 'kubectl-client-side-apply', operation: 'Update' } as const;
  const entries = [entry('kubectl-client-side-apply', 'Update', { 'f:replicas': {} })];
  const git = object(container({}));
  const live = object({ replicas: 1, ...container({ env: [{ name: 'a' }] }) });
  const base = object({ replicas: 1, ...container({ env: [{ name: 'a' }, { name: 'gone' }] }) });
  assert.deepEqual(
    [
      outcome(git, live, { owner, entries, base }),
      outcome(git, live, { owner, entries, base: git }),
      outcome(git, live, { owner, entries }),
    ],
    ['removed-from-git spec.replicas spec.containers[name=web].env[name=a]', 'proved', 'no-baseline'],
  );
});

test('what others added, outermost, and what controllers and subresources hold', () => {
  const git = object(container({ image: 'a' }), { labels: { app: 'web' } });
  const live = object(
    { replicas: 4, ...container({ image: 'a', probe: { port: 1, period: 10 }, env: [{ name: 'x' }] }), strategy: { type: 'y' } },
    { labels: { app: 'web', team: 'ops' } },
  );
  const added: ManagedEntry = {
    ...entry('kubectl-edit', 'Update', {
      'f:containers': {
        'k:{"name":"web"}': {
          'f:probe': { '.': {}, 'f:port': {}, 'f:period': {} },
          'f:env': { '.': {}, 'k:{"name":"x"}': { '.': {}, 'f:name': {} } },
        },
      },
    }),
  };
  const labels: ManagedEntry = { ...added, manager: 'kubectl-label', fields: { 'f:metadata': { 'f:labels': { 'f:team': {} } } } };
  const others = [
    entry('kube-controller-manager', 'Update', { 'f:strategy': { 'f:type': {} } }),
    entry('kubectl', 'Update', { 'f:replicas': {} }, { subresource: 'scale' }),
  ];
  const own = entry('kubectl', 'Apply', { 'f:containers': { 'k:{"name":"web"}': { 'f:image': {} } } });
  const controlled = entry('kube-controller-manager', 'Update', {
    'f:containers': { 'k:{"name":"web"}': { 'f:probe': { '.': {} }, 'f:env': { 'k:{"name":"x"}': { '.': {} } } } },
  });
  assert.equal(outcome(git, live, { entries: [own, added, controlled, ...others] }), 'proved');
  assert.deepEqual(
    [outcome(git, live, { entries: [own, added, labels, ...others] }), outcome(git, live, { entries: [own, ...others] })],
    ['added spec.containers[name=web].probe spec.containers[name=web].env[name=x] metadata.labels.team', 'proved'],
  );
});

test("defaults under the creator's name are nobody's addition; its labels are", () => {
  const time = '2026-01-01T00:00:00Z';
  const git = object(container({ image: 'a' }));
  const live = object({ replicas: 1, ...container({ image: 'a' }) }, { labels: { by: 'hand' }, creationTimestamp: time });
  const creator = {
    ...entry('kubectl-create', 'Update', {}, { time }),
    fields: { 'f:spec': { 'f:replicas': {} }, 'f:metadata': { 'f:labels': { 'f:by': {} } } },
  };
  const own = entry('kubectl', 'Apply', {}, { time: '2026-02-01T00:00:00Z' });
  assert.equal(outcome(git, live, { entries: [own, creator] }), 'added metadata.labels.by');
});

test('what somebody sets in the second of the creation is an addition, also where the next second began before it (oracle seed 4711 case 590)', () => {
  const git = object(container({ image: 'a' }));
  const live = object({ replicas: 3, ...container({ image: 'a' }) }, { creationTimestamp: '2026-01-01T00:00:01Z' });
  const edit = {
    ...entry('kubectl-edit', 'Update', {}, { time: '2026-01-01T00:00:01Z' }),
    fields: { 'f:spec': { 'f:replicas': {} } },
  };
  const outcomes = ['2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z'].map((time) =>
    outcome(git, live, { entries: [entry('kubectl', 'Apply', {}, { time }), edit] }),
  );
  assert.deepEqual(outcomes, ['added spec.replicas', 'added spec.replicas', 'proved']);
});

test('what cannot be proved at all', () => {
  const git = object({ replicas: 1 });
  const live = object({ replicas: 1, strategy: { type: 'x' } });
  const owner = { manager: 'kubectl', operation: 'Apply' } as const;
  assert.deepEqual(
    [
      outcome(git, live, { schema: undefined }),
      outcome(git, live, { entries: [] }),
      outcome(git, live, { owner: undefined }),
      outcome(git, git, { entries: [], owner: undefined }),
      outcome({ ...git, apiVersion: 'apps/v2' }, git),
      outcome(git, git, { owner, entries: [entry('kubectl', 'Apply', {}, { apiVersion: 'apps/v1beta1' })] }),
    ],
    ['no-schema spec', 'no-managed-fields', 'no-owner', 'proved', 'other-version apiVersion', 'other-version'],
  );
});

// Found by the oracle, seed 2756: somebody who takes an item out of a set or a keyed list holds nothing afterwards.
test('an item taken out of a list that is held item by item is seen, though nobody else holds the list', () => {
  const git = object({ containers: [{ name: 'a' }, { name: 'b' }] });
  const live = object({ containers: [{ name: 'b' }] });
  const owner = { manager: 'helm', operation: 'Update' } as const;
  const own = entry('helm', 'Update', { 'f:containers': { 'k:{"name":"b"}': { '.': {}, 'f:name': {} } } });
  assert.equal(outcome(git, live, { schema: custom, owner, entries: [own], base: git }), 'atomic-not-equal spec.containers');
});
