import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { JsonValue } from '../../../src/engine/model/json.ts';
import { isKubeObject, type KubeObject } from '../../../src/engine/model/objects.ts';
import type { Reason } from '../../../src/engine/model/states.ts';
import type { JudgeInput } from '../../../src/engine/drift/judgement.ts';
import { type Fixture, lines, startFixture } from './fixture.ts';
import { changed } from './changed.ts';
import { manifests } from './objects.ts';

let fixture: Fixture;

before(async () => {
  fixture = await startFixture();
});

after(async () => {
  await fixture.stop();
});

const CONTAINER = 'spec.template.spec.containers[name=web]';
const SERVER_SIDE = ['apply', '--server-side', '-f', '-'];
const CLIENT_SIDE = ['apply', '-f', '-'];
let count = 0;

/** Applies an object to a namespace of its own. */
async function applied(kind: string, args: readonly string[]): Promise<{ object: KubeObject; namespace: string }> {
  count += 1;
  const namespace = `target-${count}`;
  await fixture.plane.kubectl(['create', 'namespace', namespace]);
  const object = manifests(namespace)[kind] as KubeObject;
  await fixture.plane.kubectl(args, JSON.stringify(object));
  return { object, namespace };
}

const web = ['spec', 'template', 'spec', 'containers', 0] as const;

const moves: readonly { name: string; of: string; path: readonly (string | number)[]; to: JsonValue | undefined; line: string }[] = [
  {
    name: 'a new image',
    of: 'deployment',
    path: [...web, 'image'],
    to: 'registry.example/web:2.0',
    line: `out of sync changed ${CONTAINER}.image: "registry.example/web:2.0" -> "registry.example/web:1.0"`,
  },
  {
    name: 'a variable removed from Git',
    of: 'deployment',
    path: [...web, 'env', 0],
    to: undefined,
    line: `out of sync added ${CONTAINER}.env[name=MODE]: - -> {"name":"MODE","value":"prod"}`,
  },
  {
    name: 'a label removed from Git',
    of: 'service',
    path: ['metadata', 'labels', 'app.kubernetes.io/part-of'],
    to: undefined,
    line: 'out of sync added metadata.labels["app.kubernetes.io/part-of"]: - -> "shop"',
  },
  {
    name: 'an element of an atomic list removed from Git',
    of: 'role',
    path: ['rules', 0, 'verbs', 1],
    to: undefined,
    line: 'out of sync added rules[0].verbs[1]: - -> "list"',
  },
  {
    name: 'the order of variables changed in Git',
    of: 'deployment',
    path: [...web, 'args'],
    to: ['--port', '8080', '--verbose'],
    line: `out of sync removed ${CONTAINER}.args[2]: "--verbose" -> -`,
  },
];

for (const [way, args, manager] of [
  ['server-side', SERVER_SIDE, 'kubectl'],
  ['client-side', CLIENT_SIDE, 'kubectl-client-side-apply'],
] as const) {
  for (const move of moves) {
    test(`${way}: ${move.name} is out of sync, not drift`, async () => {
      const { object } = await applied(move.of, args);
      const verdict = await fixture.judgeBoth(changed(object, move.path, move.to));
      const by = move.line.endsWith('-> -') ? '' : ` by ${manager}`;
      assert.deepEqual({ state: verdict.state, fields: lines(verdict) }, { state: 'out of sync', fields: [`${move.line}${by}`] });
    });
  }

  test(`${way}: both sides moved: the live change counts as drift`, async () => {
    const { object, namespace } = await applied('deployment', args);
    await fixture.plane.kubectl(['-n', namespace, 'scale', 'deployment/web', '--replicas=7']);
    const verdict = await fixture.judgeBoth(changed(object, ['spec', 'replicas'], 3));
    assert.deepEqual(
      { state: verdict.state, fields: lines(verdict) },
      { state: 'drifted', fields: ['drifted changed spec.replicas: 3 -> 7 by kubectl/scale'] },
    );
  });

  test(`${way}: an immutable field makes a recreate, and the server names it`, async () => {
    const { object } = await applied('deployment', args);
    const desired = changed(
      changed(object, ['spec', 'selector', 'matchLabels', 'app'], 'other'),
      ['spec', 'template', 'metadata', 'labels', 'app'],
      'other',
    );
    const verdict = await fixture.judgeBoth(desired);
    assert.deepEqual(
      {
        state: verdict.state,
        needsRecreate: verdict.needsRecreate,
        code: verdict.reason?.code,
        ids: verdict.fields.map((field) => field.id),
      },
      {
        state: 'out of sync',
        needsRecreate: true,
        code: 'immutable-field',
        ids: ['spec.selector.matchLabels.app', 'spec.template.metadata.labels.app'],
      },
    );
  });

  test(`${way}: a Secret key removed from Git is named, its value is not`, async () => {
    const { object } = await applied('secret', args);
    const verdict = await fixture.judgeBoth(changed(object, ['stringData'], undefined));
    assert.deepEqual(
      {
        state: verdict.state,
        ids: verdict.fields.map((field) => `${field.direction} ${field.change} ${field.id} ${JSON.stringify(field.live)}`),
      },
      { state: 'out of sync', ids: ['out of sync added data.password "••••••"'] },
    );
    assert.ok(!JSON.stringify(verdict).includes('hunter2') && !JSON.stringify(verdict).includes('aHVudGVyMg'));
  });
}

test('an object that the server does not accept cannot be compared', async () => {
  const { object } = await applied('deployment', SERVER_SIDE);
  const verdict = await fixture.judgeBoth(changed(object, [...web, 'ports', 0, 'containerPort'], 99999));
  assert.deepEqual([verdict.state, verdict.reason?.code], ['cannot compare', 'target-invalid']);
});

test('missing objects, namespaces, kinds and versions', async () => {
  const { object, namespace } = await applied('deployment', SERVER_SIDE);
  const other = changed(object, ['metadata', 'name'], 'other');
  const judged = async (desired: KubeObject, options: Partial<JudgeInput> = {}): Promise<string> => {
    const verdict = await fixture.judgeBoth(desired, options);
    return `${verdict.state}: ${verdict.reason?.code ?? ''}`;
  };
  const widget: KubeObject = { apiVersion: 'shop.example.com/v1', kind: 'Widget', metadata: { name: 'a', namespace } };
  assert.deepEqual(
    await Promise.all([
      judged(other),
      judged(other, { baseline: { kind: 'synced', object: other } }),
      judged(other, { baseline: { kind: 'synced' } }),
      judged(other, { isNamespaceMissing: true }),
      judged(other, { isNamespaceMissing: true, isNamespaceRendered: true }),
      judged(widget),
      judged(widget, { isKindRendered: true }),
      judged({ ...object, apiVersion: 'apps/v1beta1' }, { otherVersions: ['apps/v1'] }),
    ]),
    [
      'missing: object-not-live',
      'missing: object-deleted',
      'missing: object-not-yet-applied',
      'missing: namespace-not-there',
      'missing: namespace-pending',
      'cannot compare: kind-unknown',
      'missing: kind-pending',
      'cannot compare: version-not-served',
    ],
  );
});

test('an object that is being deleted is drifted', async () => {
  const { object, namespace } = await applied('configMap', SERVER_SIDE);
  await fixture.plane.kubectl([
    '-n',
    namespace,
    'patch',
    'configmap',
    'web-config',
    '-p',
    '{"metadata":{"finalizers":["example.io/hold"]}}',
  ]);
  await fixture.plane.kubectl(['-n', namespace, 'delete', 'configmap', 'web-config', '--wait=false']);
  const verdict = await fixture.judgeBoth(object);
  assert.deepEqual(
    [verdict.state, verdict.reason?.code, verdict.fields.map((field) => field.id)],
    ['drifted', 'live-being-deleted', ['metadata.deletionTimestamp']],
  );
});

test('replicas of an autoscaler are no drift and say whose they are', async () => {
  const { object, namespace } = await applied('deployment', SERVER_SIDE);
  const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'web', namespace }, spec: { replicas: 4 } };
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/web/scale?fieldManager=kube-controller-manager`;
  assert.equal((await fixture.admin.call('PUT', path, scale)).status, 200);
  const held = await fixture.judgeBoth(object);
  const targeted = await fixture.judgeBoth(object, { autoscaler: 'HorizontalPodAutoscaler/web' });
  const because = (autoscaler: string): Reason => ({ code: 'ignored-autoscaled', details: { autoscaler } });
  assert.deepEqual(
    [held.state, held.ignored, targeted.state, targeted.ignored],
    [
      'synced',
      [{ id: 'spec.replicas', by: 'autoscaler (kube-controller-manager)', reason: because('kube-controller-manager') }],
      'synced',
      [{ id: 'spec.replicas', by: 'autoscaler HorizontalPodAutoscaler/web', reason: because('HorizontalPodAutoscaler/web') }],
    ],
  );
});

test('ignore rules leave fields out and say so', async () => {
  const { object, namespace } = await applied('deployment', SERVER_SIDE);
  await fixture.plane.kubectl(['-n', namespace, 'set', 'image', 'deployment/web', 'web=x:1']);
  await fixture.plane.kubectl(['-n', namespace, 'label', 'deployment/web', 'team=ops']);
  const rule = (...paths: string[]): Partial<JudgeInput> => ({ rules: [{ kind: 'Deploy*', paths, declaredBy: 'plumbline.yaml' }] });
  const image = await fixture.judgeBoth(object, rule('/spec/template/spec/containers/*/image', '/metadata/labels/team'));
  const one = await fixture.judgeBoth(object, rule('/spec/template/spec/containers/web/image'));
  const other = await fixture.judgeBoth(object, { rules: [{ kind: 'Service', paths: [''], declaredBy: 'x' }] });
  assert.deepEqual(
    [image.state, image.ignored.map((field) => field.id), one.fields.map((field) => field.id), other.fields.length],
    ['synced', [`${CONTAINER}.image`, 'metadata.labels.team'], ['metadata.labels.team'], 2],
  );
});

test('marks of the tools are no drift', async () => {
  const { object, namespace } = await applied('configMap', SERVER_SIDE);
  const mark = async (manager: string, metadata: object): Promise<unknown> => {
    const name = `by-${manager}`;
    const desired = changed(object, ['metadata', 'name'], name);
    const marked = {
      ...desired,
      metadata: {
        ...desired.metadata,
        ...metadata,
        name,
        labels: { ...(desired.metadata['labels'] as object), ...((metadata as { labels?: object }).labels ?? {}) },
      },
    };
    await fixture.plane.kubectl(['apply', '--server-side', `--field-manager=${manager}`, '-f', '-'], JSON.stringify(marked));
    const verdict = await fixture.judgeBoth(desired);
    return [verdict.state, verdict.manager, verdict.proof];
  };
  assert.deepEqual(
    [
      await mark('argocd-controller', {
        annotations: { 'argocd.argoproj.io/tracking-id': `shop:/ConfigMap:${namespace}/by-argocd-controller` },
      }),
      await mark('kustomize-controller', {
        labels: { 'kustomize.toolkit.fluxcd.io/name': 'shop', 'kustomize.toolkit.fluxcd.io/namespace': 'flux-system' },
      }),
      await mark('helm', {
        labels: { 'app.kubernetes.io/managed-by': 'Helm' },
        annotations: { 'meta.helm.sh/release-name': 'shop', 'meta.helm.sh/release-namespace': namespace },
      }),
      await mark('plumbline', { labels: { 'applyset.kubernetes.io/part-of': 'applyset-x-v1' } }),
    ],
    [
      ['synced', 'argocd-controller', 'local'],
      ['synced', 'kustomize-controller', 'local'],
      ['synced', 'helm', 'local'],
      ['synced', 'plumbline', 'local'],
    ],
  );
});

test('an object that kubectl create made has no record: unverified, and drift still shows', async () => {
  const { object, namespace } = await applied('serviceAccount', SERVER_SIDE);
  const desired = changed(manifests(namespace)['deployment'] as KubeObject, ['metadata', 'name'], 'created');
  await fixture.plane.kubectl(['create', '-f', '-'], JSON.stringify(desired));
  const before = await fixture.judgeBoth(desired);
  await fixture.plane.kubectl(['-n', namespace, 'set', 'image', 'deployment/created', 'web=x:1']);
  const after = await fixture.judgeBoth(desired);
  assert.ok(isKubeObject(object));
  assert.deepEqual(
    [before.state, before.reason?.code, after.state, lines(after)],
    ['unverified', 'no-baseline', 'drifted', [`drifted changed ${CONTAINER}.image: "registry.example/web:1.0" -> "x:1" by kubectl-set`]],
  );
});

test('an object that says nothing but its name is in sync, though nobody is named as its owner', async () => {
  const { namespace } = await applied('configMap', SERVER_SIDE);
  const bare: KubeObject = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'bare', namespace } };
  await fixture.plane.kubectl(SERVER_SIDE, JSON.stringify(bare));
  const made: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'made', namespace }, data: { a: '1' } };
  await fixture.plane.kubectl(['create', '-f', '-'], JSON.stringify(made));
  const [first, second] = [await fixture.judgeBoth(bare), await fixture.judgeBoth(made)];
  await fixture.plane.kubectl(['-n', namespace, 'label', 'configmap', 'made', 'a=b']);
  const labelled = await fixture.judgeBoth(made);
  assert.deepEqual(
    [(await fixture.live(bare))?.metadata['managedFields'], first.state, first.proof, second.state, labelled.state, lines(labelled)],
    [undefined, 'synced', 'local', 'synced', 'drifted', ['drifted added metadata.labels.a: - -> "b" by kubectl-label']],
  );
});

test('live at another version than Git names is read at that version', async () => {
  const { object } = await applied('autoscaler', SERVER_SIDE);
  const live = await fixture.admin.get(
    { group: 'autoscaling', version: 'v1', kind: 'HorizontalPodAutoscaler' },
    (await fixture.input(object)).key,
  );
  const verdict = await fixture.judgeBoth(object, { live });
  assert.deepEqual([verdict.state, verdict.proof], ['synced', 'local']);
});

test('a port renumbered by hand makes Git unappliable; the drift shows all the same', async () => {
  const { object, namespace } = await applied('service', SERVER_SIDE);
  const patch = [{ op: 'replace', path: '/spec/ports/0/port', value: 81 }];
  await fixture.plane.kubectl(['-n', namespace, 'patch', 'service', 'web', '--type=json', '-p', JSON.stringify(patch)]);
  const verdict = await fixture.judgeBoth(object);
  assert.deepEqual(
    [verdict.state, verdict.reason?.code, verdict.fields.map((field) => field.id)],
    ['drifted', 'target-invalid', ['spec.ports[port=81,protocol=TCP]']],
  );
});

test('an owner that lost every field to edits leaves no entry; the edits are drift all the same', async () => {
  const { object, namespace } = await applied('configMap', SERVER_SIDE);
  const bare = changed(changed(object, ['metadata', 'labels'], undefined), ['data'], { only: '1' });
  const desired = changed(bare, ['metadata', 'name'], 'small');
  await fixture.plane.kubectl(SERVER_SIDE, JSON.stringify(desired));
  await fixture.plane.kubectl(['-n', namespace, 'patch', 'configmap', 'small', '-p', '{"data":{"only":"2","more":"3"}}']);
  const verdict = await fixture.judgeBoth(desired);
  assert.deepEqual(
    [verdict.state, lines(verdict)],
    ['drifted', ['drifted added data.more: - -> "3" by kubectl-patch', 'drifted changed data.only: "1" -> "2" by kubectl-patch']],
  );
});
