import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/engine/model/json.ts';
import { gvkOf, keyOf, type KubeObject, nameOf } from '../../../src/engine/model/objects.ts';
import { manifests } from '../drift/objects.ts';
import { holders, type RevertFixture, startRevertFixture } from './support.ts';

let fixture: RevertFixture;
before(async () => {
  fixture = await startRevertFixture();
});
after(async () => {
  await fixture.stop();
});

const patch = (kind: string, body: unknown, name = 'web', type = 'json'): readonly string[] => [
  'patch',
  kind,
  name,
  `--type=${type}`,
  '-p',
  JSON.stringify(body),
];

interface Edit {
  readonly name: string;
  readonly of: string;
  readonly kubectl: readonly string[];
  /** another look at Git's manifest before it is applied */
  readonly desired?: (object: KubeObject) => KubeObject;
}

const container = '/spec/template/spec/containers/0';

/** Edits by hand, each on a fresh object; every one must be taken back exactly. */
const edits: readonly Edit[] = [
  { name: 'a scalar that Git sets', of: 'deployment', kubectl: ['set', 'image', 'deployment/web', 'web=registry.example/web:hotfix'] },
  { name: 'replicas by kubectl scale, without an autoscaler', of: 'deployment', kubectl: ['scale', 'deployment/web', '--replicas=5'] },
  { name: 'an added list item', of: 'deployment', kubectl: ['set', 'env', 'deployment/web', 'DEBUG=1'] },
  { name: 'a changed and an added item at once', of: 'deployment', kubectl: ['set', 'env', 'deployment/web', 'DEBUG=1', 'MODE=test'] },
  { name: 'a removed list item', of: 'deployment', kubectl: patch('deployment', [{ op: 'remove', path: `${container}/env/0` }]) },
  {
    name: 'a removed map and its keys',
    of: 'deployment',
    kubectl: patch('deployment', [{ op: 'remove', path: `${container}/resources/limits` }]),
  },
  {
    name: 'a changed item of an atomic list',
    of: 'deployment',
    kubectl: patch('deployment', [{ op: 'replace', path: `${container}/args/1`, value: '9999' }]),
  },
  {
    name: 'an added item of an atomic list',
    of: 'deployment',
    kubectl: patch('deployment', [{ op: 'add', path: `${container}/args/-`, value: '--verbose' }]),
  },
  {
    name: 'a changed key of an atomic map',
    of: 'deployment',
    desired: (object) => withPodSpec(object, { nodeSelector: { disk: 'ssd', zone: 'a' } }),
    kubectl: patch('deployment', { spec: { template: { spec: { nodeSelector: { zone: 'b' } } } } }, 'web', 'merge'),
  },
  {
    name: 'an added container',
    of: 'deployment',
    kubectl: patch('deployment', [{ op: 'add', path: '/spec/template/spec/containers/-', value: { name: 'debug', image: 'busybox' } }]),
  },
  {
    name: 'a changed and an added label',
    of: 'deployment',
    kubectl: ['label', 'deployment/web', '--overwrite', 'app.kubernetes.io/part-of=other', 'by=hand'],
  },
  {
    name: 'a strategy whose default follows it',
    of: 'deployment',
    desired: (object) => ({ ...object, spec: { ...(object['spec'] as JsonObject), strategy: { type: 'RollingUpdate' } } }),
    kubectl: patch('deployment', { spec: { strategy: { type: 'Recreate', rollingUpdate: null } } }, 'web', 'merge'),
  },
  {
    name: 'a port of a Service',
    of: 'service',
    kubectl: patch('service', [{ op: 'replace', path: '/spec/ports/0/targetPort', value: 9999 }]),
  },
  {
    name: 'an added port of a Service',
    of: 'service',
    kubectl: patch('service', [{ op: 'add', path: '/spec/ports/-', value: { name: 'extra', port: 99 } }]),
  },
  {
    name: 'data of a ConfigMap',
    of: 'configMap',
    kubectl: patch('configmap', { data: { 'app.conf': 'a = 2\n', more: 'x' } }, 'web-config', 'merge'),
  },
  {
    name: 'a removed key of a ConfigMap',
    of: 'configMap',
    kubectl: patch('configmap', [{ op: 'remove', path: '/data/app.conf' }], 'web-config'),
  },
  {
    name: 'a key of a Secret that Git writes as stringData',
    of: 'secret',
    kubectl: patch('secret', { data: { password: 'b3RoZXI=' } }, 'web-secret', 'merge'),
  },
  {
    name: 'a key of a Secret that Git writes as data',
    of: 'secret',
    kubectl: patch('secret', { data: { token: 'b3RoZXI=', added: 'eA==' } }, 'web-secret', 'merge'),
  },
  {
    name: 'rules of a Role, an atomic list',
    of: 'role',
    kubectl: patch('role', [{ op: 'add', path: '/rules/0/verbs/-', value: 'delete' }]),
  },
  { name: 'a schedule', of: 'cronJob', kubectl: patch('cronjob', { spec: { schedule: '0 0 * * *', suspend: true } }, 'web', 'merge') },
  {
    name: 'rules of a NetworkPolicy',
    of: 'networkPolicy',
    kubectl: patch('networkpolicy', [{ op: 'replace', path: '/spec/ingress/0/ports/0/port', value: 1 }]),
  },
  {
    name: 'a path of an Ingress',
    of: 'ingress',
    kubectl: patch('ingress', [{ op: 'replace', path: '/spec/rules/0/host', value: 'evil.example' }]),
  },
  { name: 'an annotation taken away', of: 'ingress', kubectl: ['annotate', 'ingress/web', 'example.io/rewrite-'] },
];

function withPodSpec(object: KubeObject, more: JsonObject): KubeObject {
  return at(object, ['spec', 'template', 'spec'], (spec) => ({ ...spec, ...more })) as KubeObject;
}

function at(value: JsonValue | undefined, path: readonly string[], change: (object: JsonObject) => JsonObject): JsonObject {
  const object = isJsonObject(value) ? value : {};
  const [step, ...rest] = path;
  return step === undefined ? change(object) : { ...object, [step]: at(object[step], rest, change) };
}

const ways: readonly { readonly name: string; readonly apply: readonly string[] }[] = [
  { name: 'server-side apply', apply: ['apply', '--server-side', '-f', '-'] },
  { name: 'client-side apply', apply: ['apply', '-f', '-'] },
];

for (const way of ways) {
  describe(`revert after ${way.name}`, () => {
    for (const [index, edit] of edits.entries()) {
      test(edit.name, async () => {
        const { plane, admin } = fixture;
        const namespace = `${way.name.slice(0, 6)}-${index}`;
        const manifest = manifests(namespace)[edit.of];
        assert(manifest !== undefined);
        const desired = edit.desired?.(manifest) ?? manifest;
        await plane.kubectl(['create', 'namespace', namespace]);
        await plane.kubectl(way.apply, JSON.stringify(desired));
        // A bystander that holds a label and an annotation of its own.
        await admin.connection.patch(
          gvkOf(desired),
          keyOf(desired),
          {
            apiVersion: desired.apiVersion,
            kind: desired.kind,
            metadata: { name: nameOf(desired), annotations: { 'bystander.example/note': 'kept' } },
          },
          { type: 'apply', fieldManager: 'bystander-controller' },
        );
        const untouched = await admin.live(desired);
        await plane.kubectl([...edit.kubectl, '-n', namespace]);
        const edited = await admin.live(desired);

        const planning = await admin.plan([await admin.item(desired, {}, desired)]);
        assert.deepEqual(planning.refused, []);
        const results = await admin.execute(planning);
        assert.deepEqual(
          results.map(({ outcome, reason }) => ({ outcome, reason })),
          [{ outcome: 'done', reason: undefined }],
        );

        const reverted = await admin.live(desired);
        assert.equal((await admin.verdict(desired)).state, 'synced');
        assert.deepEqual(withoutServer(reverted), withoutServer(untouched));
        // The editor's own entry may stay, without the fields that it lost; everybody else holds what they held.
        const before = holders(untouched);
        const now = holders(reverted);
        const editors = Object.keys(holders(edited)).filter((id) => before[id] === undefined);
        const others = Object.fromEntries(Object.entries(now).filter(([id]) => !editors.includes(id)));
        if (edit.of !== 'secret' && edit.name !== 'replicas by kubectl scale, without an autoscaler') assert.deepEqual(others, before);
        assert.deepEqual(now['bystander-controller/Apply'], before['bystander-controller/Apply']);
      });
    }
  });
}

function withoutServer(object: KubeObject | undefined): unknown {
  if (object === undefined) return undefined;
  const { resourceVersion: _version, managedFields: _fields, generation: _generation, ...metadata } = object.metadata;
  const { status: _status, ...rest } = object;
  return { ...rest, metadata };
}
