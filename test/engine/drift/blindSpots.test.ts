import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { after, before, describe, test } from 'node:test';
import { releaseBaseline } from '../../../src/engine/drift/helmRelease.ts';
import type { JudgeInput } from '../../../src/engine/drift/judgement.ts';
import type { JsonValue } from '../../../src/engine/model/json.ts';
import { gvkOf, keyOf, type KubeObject, nameOf, namespaceOf } from '../../../src/engine/model/objects.ts';
import { resourcePath } from '../../../src/engine/model/resourceInfo.ts';
import { helm, kubectlPath } from '../../tools/binaries.ts';
import { changed } from './changed.ts';
import { type Fixture, lines, startFixture } from './fixture.ts';
import { manifests } from './objects.ts';
import { releaseObjects } from './releases.ts';

const run = promisify(execFile);

// Nothing that differs goes unseen: every way in which an object can come to differ, after every way in which Git's objects come into a
// cluster. One apply per way, then one change per object.
const ways = ['server-side', 'client-side', 'helm 4', 'helm 3'] as const;
type Way = (typeof ways)[number];

const MANAGERS: Readonly<Record<Way, string>> = {
  'server-side': 'kubectl',
  'client-side': 'kubectl-client-side-apply',
  'helm 4': 'helm',
  'helm 3': 'helm',
};

interface Place {
  readonly fixture: Fixture;
  readonly object: KubeObject;
  readonly kubectl: (args: readonly string[], input?: string) => Promise<string>;
  /** a write as some program does it */
  readonly write: (manager: string, body: JsonValue, subresource?: string) => Promise<void>;
}

interface Spot {
  readonly name: string;
  /** of the common manifests */
  readonly of: string;
  /** the object as it is applied; default the common one */
  readonly applied?: (object: KubeObject) => KubeObject;
  /** the change of live */
  readonly edit?: (place: Place) => Promise<unknown>;
  /** the change of Git */
  readonly git?: (object: KubeObject) => KubeObject;
  /** default `drifted`, or `out of sync` where Git changes */
  readonly state?: string;
  readonly code?: string;
  /** lines of the verdict; `{owner}` stands for the way's manager */
  readonly fields?: readonly string[];
  /** by way where one is otherwise than {@link state}, {@link code} and {@link fields} */
  readonly except?: Partial<Record<Way, Pick<Spot, 'state' | 'code' | 'fields'>>>;
}

const CONTAINER = 'spec.template.spec.containers[name=web]';
const web = ['spec', 'template', 'spec', 'containers', 0] as const;
const jsonPatch = (op: string, path: string, value?: JsonValue): JsonValue => [{ op, path, ...(value === undefined ? {} : { value }) }];

const changedLive: readonly Spot[] = [
  {
    name: 'kubectl edit',
    of: 'deployment',
    edit: async ({ fixture: { plane }, object }) => {
      const env = { ...process.env, KUBECONFIG: plane.kubeconfigPath, KUBE_EDITOR: 'sed -i "s/replicas: 2/replicas: 3/"' };
      await run(await kubectlPath(), ['-n', namespaceOf(object), 'edit', 'deployment', nameOf(object)], { env, timeout: 60_000 });
    },
    fields: ['drifted changed spec.replicas: 2 -> 3 by kubectl-edit'],
  },
  {
    name: 'kubectl replace of what was exported',
    of: 'configMap',
    edit: async ({ kubectl, fixture, object }) => {
      const live = (await fixture.live(object)) as KubeObject;
      await kubectl(['replace', '-f', '-'], JSON.stringify(changed(live, ['data', 'empty'], 'full')));
    },
    fields: ['drifted changed data.empty: "" -> "full" by kubectl-replace'],
  },
  {
    name: 'kubectl set resources',
    of: 'deployment',
    edit: ({ kubectl, object }) => kubectl(['set', 'resources', `deployment/${nameOf(object)}`, '--limits=cpu=3,memory=1Gi']),
    fields: [`drifted changed ${CONTAINER}.resources.limits.cpu: 1 -> "3" by kubectl-set`],
  },
  {
    name: 'kubectl set serviceaccount',
    of: 'deployment',
    edit: ({ kubectl, object }) => kubectl(['set', 'serviceaccount', `deployment/${nameOf(object)}`, 'other']),
    fields: ['drifted added spec.template.spec.serviceAccountName: - -> "other" by kubectl-set'],
  },
  {
    name: 'kubectl rollout pause',
    of: 'deployment',
    edit: ({ kubectl, object }) => kubectl(['rollout', 'pause', `deployment/${nameOf(object)}`]),
    fields: ['drifted added spec.paused: - -> true by kubectl-rollout'],
  },
  {
    name: 'another manager that applies a part by force',
    of: 'deployment',
    edit: ({ kubectl, object }) => {
      const part = { apiVersion: object.apiVersion, kind: object.kind, metadata: object.metadata, spec: { replicas: 9 } };
      return kubectl(['apply', '--server-side', '--field-manager=deployer', '--force-conflicts', '-f', '-'], JSON.stringify(part));
    },
    fields: ['drifted changed spec.replicas: 2 -> 9 by deployer'],
    // kubectl hands all that client-side apply held to the new manager, which is the owner from then on.
    except: { 'client-side': { state: 'out of sync', fields: ['out of sync changed spec.replicas: 2 -> 9 by deployer'] } },
  },
  {
    name: 'another controller changes a value of Git',
    of: 'deployment',
    edit: ({ write }) => write('shop-operator', { spec: { replicas: 7 } }),
    fields: ['drifted changed spec.replicas: 2 -> 7 by shop-operator'],
  },
  {
    name: 'another controller adds what Git does not set: its own affair',
    of: 'deployment',
    edit: ({ write }) => write('shop-operator', { metadata: { annotations: { 'shop.example/at': 'now' } }, spec: { minReadySeconds: 3 } }),
    state: 'synced',
  },
  {
    name: 'a program that nobody knows adds a label',
    of: 'service',
    edit: ({ write }) => write('deployer', { metadata: { labels: { team: 'ops' } } }),
    fields: ['drifted added metadata.labels.team: - -> "ops" by deployer'],
  },
  {
    name: 'kubectl scale, through the subresource',
    of: 'statefulSet',
    edit: ({ kubectl, object }) => kubectl(['scale', `statefulset/${nameOf(object)}`, '--replicas=4']),
    fields: ['drifted changed spec.replicas: 1 -> 4 by kubectl/scale'],
  },
  {
    name: 'a script that scales through the subresource is no autoscaler',
    of: 'deployment',
    edit: ({ write }) => write('deploy-script', { spec: { replicas: 4 } }, 'scale'),
    fields: ['drifted changed spec.replicas: 2 -> 4 by deploy-script/scale'],
  },
  {
    name: 'status, through the subresource',
    of: 'deployment',
    edit: ({ write }) => write('kubectl-edit', { status: { replicas: 4 } }, 'status'),
    state: 'synced',
  },
  {
    name: 'a variable removed by hand',
    of: 'deployment',
    edit: ({ write }) => write('kubectl-edit', jsonPatch('remove', '/spec/template/spec/containers/0/env/0')),
    state: 'differs',
    fields: [`differs removed ${CONTAINER}.env[name=MODE]: {"name":"MODE","value":"prod"} -> -`],
    except: {
      'client-side': { state: 'drifted', fields: [`drifted removed ${CONTAINER}.env[name=MODE]: {"name":"MODE","value":"prod"} -> -`] },
      'helm 3': { state: 'drifted', fields: [`drifted removed ${CONTAINER}.env[name=MODE]: {"name":"MODE","value":"prod"} -> -`] },
      'helm 4': { state: 'drifted', fields: [`drifted removed ${CONTAINER}.env[name=MODE]: {"name":"MODE","value":"prod"} -> -`] },
    },
  },
  {
    name: 'missing',
    of: 'configMap',
    edit: ({ kubectl, object }) => kubectl(['delete', 'configmap', nameOf(object)]),
    state: 'missing',
    code: 'object-not-live',
    except: {
      'helm 4': { state: 'missing', code: 'object-deleted' },
      'helm 3': { state: 'missing', code: 'object-deleted' },
    },
  },
  {
    name: 'recreated by hand with another value',
    of: 'deployment',
    edit: async ({ kubectl, object }) => {
      await kubectl(['delete', 'deployment', nameOf(object)]);
      await kubectl(['create', '-f', '-'], JSON.stringify(changed(object, ['spec', 'replicas'], 6)));
    },
    // The creator of an object without a record may have given it values that never were in Git, or Git may have moved on.
    state: 'differs',
    fields: ['differs changed spec.replicas: 2 -> 6 by kubectl-create'],
    except: {
      'helm 4': { state: 'drifted', fields: ['drifted changed spec.replicas: 2 -> 6 by kubectl-create'] },
      'helm 3': { state: 'drifted', fields: ['drifted changed spec.replicas: 2 -> 6 by kubectl-create'] },
    },
  },
  {
    name: 'recreated by hand as Git has it, and nobody tells what else it had',
    of: 'deployment',
    edit: async ({ kubectl, object }) => {
      await kubectl(['delete', 'deployment', nameOf(object)]);
      await kubectl(['create', '-f', '-'], JSON.stringify(object));
    },
    state: 'synced',
    except: {
      'server-side': { state: 'unverified', code: 'no-baseline' },
      'client-side': { state: 'unverified', code: 'no-baseline' },
    },
  },
];

const removedFromGit: readonly Spot[] = [
  {
    name: 'a label removed from Git',
    of: 'service',
    git: (object) => changed(object, ['metadata', 'labels', 'app.kubernetes.io/part-of'], undefined),
    fields: ['out of sync added metadata.labels["app.kubernetes.io/part-of"]: - -> "shop" by {owner}'],
  },
  {
    name: 'the last annotation removed from Git',
    of: 'ingress',
    git: (object) => changed(object, ['metadata', 'annotations'], undefined),
    fields: ['out of sync added metadata.annotations["example.io/rewrite"]: - -> "/" by {owner}'],
  },
  {
    name: 'a variable removed from Git',
    of: 'deployment',
    git: (object) => changed(object, [...web, 'env', 0], undefined),
    fields: [`out of sync added ${CONTAINER}.env[name=MODE]: - -> {"name":"MODE","value":"prod"} by {owner}`],
  },
  {
    name: 'a probe removed from Git',
    of: 'deployment',
    git: (object) => changed(object, [...web, 'readinessProbe'], undefined),
    fields: [
      `out of sync added ${CONTAINER}.readinessProbe: - -> {"httpGet":{"path":"/ready","port":"http","scheme":"HTTP"},"timeoutSeconds":1,"periodSeconds":5,"successThreshold":1,"failureThreshold":3} by {owner}`,
    ],
  },
  {
    name: 'a number removed from Git, which falls back to its default',
    of: 'deployment',
    applied: (object) => changed(object, ['spec', 'revisionHistoryLimit'], 3),
    git: (object) => changed(object, ['spec', 'revisionHistoryLimit'], undefined),
    fields: ['out of sync added spec.revisionHistoryLimit: - -> 3 by {owner}'],
  },
  {
    name: 'a volume and its mount removed from Git',
    of: 'deployment',
    git: (object) => changed(changed(object, [...web, 'volumeMounts'], undefined), ['spec', 'template', 'spec', 'volumes', 0], undefined),
    fields: [
      `out of sync added ${CONTAINER}.volumeMounts[mountPath=/etc/web]: - -> {"name":"config","mountPath":"/etc/web"} by {owner}`,
      'out of sync added spec.template.spec.volumes[name=config]: - -> {"name":"config","configMap":{"name":"{name}-config","defaultMode":420}} by {owner}',
    ],
  },
  {
    name: 'a rule of an atomic list removed from Git',
    of: 'role',
    git: (object) => changed(object, ['rules', 0, 'verbs', 1], undefined),
    fields: ['out of sync added rules[0].verbs[1]: - -> "list" by {owner}'],
  },
  {
    name: 'a key of a ConfigMap removed from Git',
    of: 'configMap',
    git: (object) => changed(object, ['data', 'app.conf'], undefined),
    fields: ['out of sync added data["app.conf"]: - -> "a = 1\\nb = 2\\n" by {owner}'],
  },
  {
    name: 'a port removed from Git',
    of: 'service',
    git: (object) => changed(object, ['spec', 'ports', 1], undefined),
    fields: [
      'out of sync added spec.ports[port=53,protocol=UDP]: - -> {"name":"dns","protocol":"UDP","port":53,"targetPort":53} by {owner}',
    ],
  },
  {
    name: 'a key of a Secret removed from Git',
    of: 'secret',
    git: (object) => changed(object, ['data', 'token'], undefined),
    fields: ['out of sync added data.token: - -> "••••••" by {owner}'],
  },
  {
    name: 'removed from Git and edited by hand since: the hand counts',
    of: 'deployment',
    applied: (object) => changed(object, ['spec', 'revisionHistoryLimit'], 3),
    edit: ({ write }) => write('kubectl-edit', { spec: { revisionHistoryLimit: 5 } }),
    git: (object) => changed(object, ['spec', 'revisionHistoryLimit'], undefined),
    state: 'drifted',
    fields: ['drifted added spec.revisionHistoryLimit: - -> 5 by kubectl-edit'],
  },
  {
    name: 'changed in Git',
    of: 'deployment',
    git: (object) => changed(object, [...web, 'image'], 'registry.example/web:2.0'),
    fields: [`out of sync changed ${CONTAINER}.image: "registry.example/web:2.0" -> "registry.example/web:1.0" by {owner}`],
  },
  {
    name: 'renamed in Git: the new name is missing (the old one is extraneous, see extraneous.test.ts)',
    of: 'configMap',
    git: (object) => changed(object, ['metadata', 'name'], 'renamed'),
    state: 'missing',
    code: 'object-not-live',
    except: {
      'helm 4': { state: 'missing', code: 'object-not-yet-applied' },
      'helm 3': { state: 'missing', code: 'object-not-yet-applied' },
    },
  },
];

const spots: readonly Spot[] = [...changedLive, ...removedFromGit];
let fixture: Fixture;

before(async () => {
  fixture = await startFixture();
});

after(async () => {
  await fixture.stop();
});

const nameAt = (index: number): string => `spot-${index}`;

function appliedObject(spot: Spot, index: number, namespace: string): KubeObject {
  const object = manifests(namespace, nameAt(index))[spot.of] as KubeObject;
  return spot.applied?.(object) ?? object;
}

/** Brings all objects of a way in at once. */
async function applyAll(way: Way, namespace: string): Promise<void> {
  const items = spots.map((spot, index) => appliedObject(spot, index, namespace));
  await fixture.plane.kubectl(['create', 'namespace', namespace]);
  if (way === 'server-side' || way === 'client-side') {
    const arguments_ = way === 'server-side' ? ['apply', '--server-side', '-f', '-'] : ['apply', '-f', '-'];
    await fixture.plane.kubectl(arguments_, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    return;
  }
  const folder = join(fixture.plane.dir, namespace);
  await mkdir(join(folder, 'templates'), { recursive: true });
  await writeFile(join(folder, 'Chart.yaml'), 'apiVersion: v2\nname: shop\nversion: 1.0.0\n');
  await writeFile(join(folder, 'templates', 'all.yaml'), items.map((object) => `---\n${JSON.stringify(object)}\n`).join(''));
  const { kubeconfigPath: kubeconfig } = fixture.plane;
  await helm(['install', 'shop', folder, '-n', namespace, `--server-side=${way === 'helm 4'}`], { kubeconfig });
}

function placeOf(object: KubeObject, namespace: string): Place {
  return {
    fixture,
    object,
    kubectl: (args, input) => fixture.plane.kubectl(['-n', namespace, ...args], input),
    write: async (manager, body, subresource) => {
      const resource = await fixture.admin.resource(gvkOf(object));
      assert.ok(resource !== undefined);
      const path = `${resourcePath(resource, namespace, nameOf(object), subresource)}?fieldManager=${manager}`;
      const type = Array.isArray(body) ? 'application/json-patch+json' : 'application/merge-patch+json';
      const answer = await fixture.admin.call('PATCH', path, body, type);
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
    },
  };
}

for (const way of ways) {
  describe(way, () => {
    const namespace = way.replace(' ', '-');
    let release: readonly KubeObject[] = [];

    before(async () => {
      await applyAll(way, namespace);
      if (way.startsWith('helm')) release = await releaseObjects(fixture, namespace, 'shop');
    });

    for (const [index, spot] of spots.entries()) {
      test(spot.name, async () => {
        const object = appliedObject(spot, index, namespace);
        await spot.edit?.(placeOf(object, namespace));
        const git = spot.git?.(object) ?? object;
        const options: Partial<JudgeInput> = release.length === 0 ? {} : { baseline: releaseBaseline(release, keyOf(git), namespace) };
        const verdict = await fixture.judgeBoth(git, options);
        const expected = { ...spot, ...spot.except?.[way] };
        const fields = (expected.fields ?? []).map((line) => line.replace('{owner}', MANAGERS[way]).replace('{name}', nameAt(index)));
        assert.deepEqual(
          { state: verdict.state, code: verdict.reason?.code, fields: lines(verdict) },
          { state: expected.state ?? (spot.edit === undefined ? 'out of sync' : 'drifted'), code: expected.code, fields },
        );
      });
    }
  });
}
