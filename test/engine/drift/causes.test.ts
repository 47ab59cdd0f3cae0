import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { comparisonCauses } from '../../../src/engine/drift/causes.ts';
import { describe } from '../../../src/engine/model/describe.ts';
import type { JsonValue } from '../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import type { RenderService } from '../../../src/engine/render/renderService.ts';
import { makeService } from '../render/support.ts';
import { refusalCases, scriptedCauses } from '../../unit/drift/refusalCases.ts';
import { configureWebhook, hooked } from './alarms/webhook.ts';
import { type Made, World } from './alarms/world.ts';
import { changed } from './changed.ts';
import { type Fixture, startFixture } from './fixture.ts';
import { manifests } from './objects.ts';
import { plainGadgetDefinition, installDefinition } from './widgets.ts';

// Every cause for which an object is not compared, or not to the end, on the real API server: the state, the code, and what a user reads.
let fixture: Fixture;
let renders: RenderService;

before(async () => {
  [fixture, renders] = await Promise.all([startFixture(), makeService()]);
  await installDefinition(fixture, plainGadgetDefinition, gadget('x'));
});

after(async () => {
  renders.dispose();
  await fixture.stop();
});

const web = ['spec', 'template', 'spec', 'containers', 0] as const;

function gadget(namespace: string): KubeObject {
  return { apiVersion: 'shop.example.com/v1', kind: 'Gadget', metadata: { name: 'g', namespace }, status: { phase: 'New' } };
}

/** An object of the common set, live; Git has it with one place changed. */
async function moved(world: World, kind: string, path: readonly (string | number)[], value: JsonValue | undefined): Promise<Made> {
  return { git: changed(await world.common(kind), path, value) };
}

async function stripped(world: World, kind: string): Promise<KubeObject> {
  const git = await world.common(kind);
  await world.write(git, 'x', { metadata: { managedFields: [{}] } });
  return git;
}

interface Cause {
  readonly code: keyof typeof comparisonCauses;
  /** default: the state that the cause makes */
  readonly state?: string;
  readonly words: RegExp;
  readonly setUp: (world: World) => Promise<Made>;
}

const causes: readonly Cause[] = [
  {
    code: 'version-not-served',
    words: /^The cluster does not serve apps\/v1beta1 of Deployment \(it serves v1\)/,
    setUp: async (world) => ({
      git: changed(await world.common('deployment'), ['apiVersion'], 'apps/v1beta1'),
      options: { otherVersions: ['v1'] },
    }),
  },
  {
    code: 'kind-unknown',
    words: /^The cluster does not know the kind Widget of shop.example.com\/v1/,
    setUp: (world) => Promise.resolve({ git: changed(gadget(world.namespace), ['kind'], 'Widget') }),
  },
  {
    code: 'kind-pending',
    words: /^The kind Widget comes with this application/,
    setUp: (world) => Promise.resolve({ git: changed(gadget(world.namespace), ['kind'], 'Widget'), options: { isKindRendered: true } }),
  },
  {
    code: 'namespace-pending',
    words: /^The namespace nowhere comes with this application/,
    setUp: () => Promise.resolve({ git: gadget('nowhere'), options: { isNamespaceMissing: true, isNamespaceRendered: true } }),
  },
  {
    code: 'namespace-not-there',
    words: /^The namespace nowhere does not exist/,
    setUp: () => Promise.resolve({ git: gadget('nowhere'), options: { isNamespaceMissing: true } }),
  },
  {
    code: 'object-not-live',
    words: /^Gadget g is not in the cluster/,
    setUp: (world) => Promise.resolve({ git: gadget(world.namespace) }),
  },
  {
    code: 'object-not-yet-applied',
    words: /^Gadget g is new in Git/,
    setUp: (world) => Promise.resolve({ git: gadget(world.namespace), options: { baseline: { kind: 'synced' } } }),
  },
  {
    code: 'object-deleted',
    words: /^Gadget g was applied and has been deleted/,
    setUp: (world) => {
      const git = gadget(world.namespace);
      return Promise.resolve({ git, options: { baseline: { kind: 'synced', object: git } } });
    },
  },
  {
    code: 'live-being-deleted',
    words: /^ConfigMap web-config is being deleted/,
    setUp: async (world) => {
      const git = await world.common('configMap');
      await world.write(git, 'holder', { metadata: { finalizers: ['example.io/hold'] } });
      await world.kubectl('delete', 'configmap', 'web-config', '--wait=false');
      return { git };
    },
  },
  {
    code: 'immutable-field',
    state: 'out of sync',
    words: /^Fields that cannot be changed on a live object differ.*selector/,
    setUp: async (world) => {
      const labels = ['spec', 'template', 'metadata', 'labels', 'app'];
      const { git } = await moved(world, 'deployment', ['spec', 'selector', 'matchLabels', 'app'], 'other');
      return { git: changed(git, labels, 'other') };
    },
  },
  {
    code: 'target-invalid',
    words: /^The cluster does not accept the object as Git has it: .*containerPort/,
    setUp: (world) => moved(world, 'deployment', [...web, 'ports', 0, 'containerPort'], 99999),
  },
  {
    code: 'target-rejected',
    words: /^The cluster cannot read the object as Git has it: .*colour/,
    setUp: (world) => moved(world, 'service', ['spec', 'colour'], 'red'),
  },
  {
    code: 'quota-exceeded',
    words: /^The quota none of namespace \S+ on drift does not allow it/,
    setUp: async (world) => {
      const made = await moved(world, 'service', ['spec', 'type'], 'NodePort');
      const hard = { 'services.nodeports': '0' };
      const quota: KubeObject = {
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'none', namespace: world.namespace },
        spec: { hard },
      };
      await world.apply(quota);
      await world.write(quota, 'controller', { status: { hard, used: { 'services.nodeports': '0' } } }, '/status');
      return made;
    },
  },
  {
    code: 'denied-by-admission',
    words: /^Refused on drift by \S+: .*no changes on Sundays/,
    setUp: async (world) => {
      const made = await moved(world, 'configMap', ['data', 'empty'], 'full');
      const name = `deny-${world.namespace}`;
      const apiVersion = 'admissionregistration.k8s.io/v1';
      const matchConstraints = {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': world.namespace } },
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['configmaps'] }],
      };
      const validations = [{ expression: 'false', message: 'no changes on Sundays' }];
      await world.apply({ apiVersion, kind: 'ValidatingAdmissionPolicy', metadata: { name }, spec: { matchConstraints, validations } });
      const spec = { policyName: name, validationActions: ['Deny'] };
      await world.apply({ apiVersion, kind: 'ValidatingAdmissionPolicyBinding', metadata: { name }, spec });
      return made;
    },
  },
  {
    code: 'webhook-failed',
    words: /^A webhook that has to admit configmaps did not answer.*injector\.example\.com.*Repair it/,
    setUp: async (world) => {
      const git = hooked(world, { a: '1' });
      await world.apply(git);
      await configureWebhook(world, { url: 'https://127.0.0.1:1/' });
      return { git: changed(git, ['data'], { a: '2' }) };
    },
  },
  {
    code: 'too-large',
    words: /^configmaps\/web-config is larger than the cluster drift accepts/,
    setUp: (world) => moved(world, 'configMap', ['data', 'empty'], 'x'.repeat(4_000_000)),
  },
  {
    code: 'namespace-missing',
    words: /^The namespace cause-\d+ does not exist on drift/,
    setUp: async (world) => {
      const made = await moved(world, 'configMap', ['data', 'empty'], 'full');
      await world.kubectl('delete', 'namespace', world.namespace, '--wait=false');
      const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: world.namespace }, spec: { finalizers: [] } };
      assert.equal((await fixture.admin.call('PUT', `/api/v1/namespaces/${world.namespace}/finalize`, namespace)).status, 200);
      return made;
    },
  },
  {
    code: 'dry-run-forbidden',
    state: 'drifted (not confirmed)',
    words: /^You may not patch deployments in the namespace "\S+", which a server-side dry-run needs/,
    setUp: async (world) => {
      const git = await world.common('deployment');
      await world.kubectl('scale', 'deployment/web', '--replicas=5');
      return { git };
    },
  },
  {
    code: 'no-managed-fields',
    words: /^No difference was found, but the object carries no managedFields/,
    setUp: async (world) => ({ git: await stripped(world, 'deployment') }),
  },
  {
    code: 'no-owner',
    words: /^No difference was found, but nothing on the object tells who applied it/,
    setUp: async (world) => {
      const git = manifests(world.namespace)['deployment'] as KubeObject;
      const path = `/apis/apps/v1/namespaces/${world.namespace}/deployments?fieldManager=shop-operator`;
      assert.equal((await fixture.admin.call('POST', path, git)).status, 201);
      return { git };
    },
  },
  {
    code: 'no-baseline',
    words: /^No difference was found, but kubectl-create left no record/,
    setUp: async (world) => {
      const git = manifests(world.namespace)['deployment'] as KubeObject;
      await world.fixture.plane.kubectl(['create', '-f', '-'], JSON.stringify(git));
      return { git };
    },
  },
];

for (const [index, cause] of causes.entries()) {
  const { code, state = comparisonCauses[code], words, setUp } = cause;
  test(`${code}: ${state}`, async () => {
    const namespace = `cause-${index}`;
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
    assert.equal((await fixture.admin.call('POST', '/api/v1/namespaces', body)).status, 201);
    const world = new World(fixture, renders, namespace, 'server-side');
    try {
      const { git, options } = await setUp(world);
      const isForbidden = code === 'dry-run-forbidden';
      // Admission configurations reach the API server by a watch: it is asked until it knows.
      let verdict = await (isForbidden ? fixture.judgeAsViewer(git, options) : fixture.judge(git, options));
      for (const end = Date.now() + 60_000; verdict.reason?.code !== code && Date.now() < end;) {
        verdict = await fixture.judge(git, options);
      }
      const text = describe(verdict.reason?.code ?? '', verdict.reason?.details ?? {});
      assert.deepEqual([verdict.reason?.code, verdict.state], [code, state], text);
      assert.match(text, words);
      assert.doesNotMatch(text, / \?[ .,)]|undefined/, 'a place of the words is empty');
      // Whether a namespace is gone only the server tells.
      if (!isForbidden && code !== 'namespace-missing') await fixture.judgeBoth(git, options);
    } finally {
      for (const cleanUp of world.cleanups.reverse()) await cleanUp();
    }
  });
}

test('every cause has a test: on the server, or with scripted answers', () => {
  const tested = new Set([...causes.map(({ code }) => code), ...refusalCases.map(({ cause }) => cause), ...scriptedCauses]);
  assert.deepEqual([...tested].sort(), Object.keys(comparisonCauses).sort());
});
