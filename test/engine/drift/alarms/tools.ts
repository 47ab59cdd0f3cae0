import { volatileFields } from '../../../../src/engine/drift/volatile.ts';
import { gvkOf, type KubeObject } from '../../../../src/engine/model/objects.ts';
import type { RenderedObject } from '../../../../src/engine/model/render.ts';
import { MemoryTree } from '../../../../src/engine/render/memoryTree.ts';
import { changed } from '../changed.ts';
import { manifests } from '../objects.ts';
import type { AlarmCase, Made, World } from './world.ts';

const scaleTo = async (world: World, object: KubeObject, replicas: number): Promise<void> =>
  world.write(object, 'kube-controller-manager', { spec: { replicas } }, '/scale');

/** An object that a tool applied with its own marks, which Git does not have. */
async function marked(world: World, manager: string, labels: Record<string, string>, annotations: Record<string, string>): Promise<Made> {
  const git = manifests(world.namespace)['configMap'] as KubeObject;
  const own = git.metadata['labels'] as Record<string, string>;
  const live = { ...git, metadata: { ...git.metadata, labels: { ...own, ...labels }, annotations } };
  await world.apply(live, 'server-side', `--field-manager=${manager}`);
  return { git };
}

const marks: readonly {
  readonly by: string;
  readonly labels?: Record<string, string>;
  readonly annotations?: (world: World) => Record<string, string>;
}[] = [
  {
    by: 'argocd-controller',
    annotations: ({ namespace }) => ({
      'argocd.argoproj.io/tracking-id': `shop:/ConfigMap:${namespace}/web-config`,
      'argocd.argoproj.io/installation-id': 'x',
    }),
  },
  { by: 'argocd-controller', labels: { 'argocd.argoproj.io/instance': 'shop' } },
  {
    by: 'kustomize-controller',
    labels: { 'kustomize.toolkit.fluxcd.io/name': 'shop', 'kustomize.toolkit.fluxcd.io/namespace': 'flux-system' },
  },
  {
    by: 'helm-controller',
    labels: {
      'app.kubernetes.io/managed-by': 'Helm',
      'helm.toolkit.fluxcd.io/name': 'shop',
      'helm.toolkit.fluxcd.io/namespace': 'flux-system',
    },
    annotations: ({ namespace }) => ({ 'meta.helm.sh/release-name': 'shop', 'meta.helm.sh/release-namespace': namespace }),
  },
  {
    by: 'helm',
    labels: { 'app.kubernetes.io/managed-by': 'Helm' },
    annotations: ({ namespace }) => ({ 'meta.helm.sh/release-name': 'shop', 'meta.helm.sh/release-namespace': namespace }),
  },
  { by: 'plumbline', labels: { 'applyset.kubernetes.io/part-of': 'applyset-x-v1' } },
];

const CHART = {
  'chart/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 1.0.0\n',
  'chart/templates/secret.yaml': `apiVersion: v1
kind: Secret
metadata:
  name: random
  annotations: {made-at: {{ now | date "2006-01-02" | quote }}, fixed: "1"}
stringData: {password: {{ randAlphaNum 16 | quote }}, user: shop}
`,
};

/** The chart's Secret rendered with the randomness of a seed. */
async function renderedSecret(world: World, seed: number): Promise<KubeObject> {
  const helm = { releaseName: 'shop', namespace: world.namespace };
  const signal = AbortSignal.timeout(60_000);
  const { objects } = await world.renders.render({ type: 'helm', path: 'chart', helm, seed }, new MemoryTree(CHART), { signal });
  const { object } = objects[0] as RenderedObject;
  return { ...object, metadata: { ...object.metadata, namespace: world.namespace } };
}

/** The chart as it was installed once, and what two other renders of it are to a comparison. */
async function randomChart(world: World, edit?: (installed: KubeObject) => Promise<void>): Promise<Made> {
  const installed = await renderedSecret(world, 77);
  await world.apply(installed);
  await edit?.(installed);
  const [git, again] = [await renderedSecret(world, 0), await renderedSecret(world, 7919)];
  const { admin } = world.fixture;
  return { git, options: { volatile: volatileFields(git, again, await admin.schemaOf(gvkOf(git)), await admin.resource(gvkOf(git))) } };
}

const VOLATILE = ['data.password', 'metadata.annotations.made-at'].map((id) => `${id} non-deterministic Helm output: ignored-volatile`);

/** What the server puts into an object when somebody creates it stands in the creator's entry of managedFields. */
const CREATED = ['deployment', 'statefulSet', 'service', 'job', 'cronJob', 'claim', 'networkPolicy', 'autoscaler'] as const;

async function created(world: World, kind: (typeof CREATED)[number]): Promise<Made> {
  const git = manifests(world.namespace)[kind] as KubeObject;
  await world.fixture.plane.kubectl(['create', '-f', '-'], JSON.stringify(git));
  // What kubectl-create holds under another spelling is taken over.
  await world.apply(git, world.way, ...(world.way === 'server-side' ? ['--force-conflicts'] : []));
  return { git };
}

const CASES: readonly AlarmCase[] = [
  {
    sources: [8],
    name: 'replicas that an autoscaler wrote through /scale',
    setUp: async (world) => {
      const git = await world.common('deployment');
      await scaleTo(world, git, 4);
      return { git };
    },
    expected: {
      state: 'synced',
      ignored: ['spec.replicas autoscaler (kube-controller-manager): ignored-autoscaled'],
    },
  },
  ...['HorizontalPodAutoscaler/web', 'ScaledObject/web'].map((autoscaler): AlarmCase => ({
    sources: [8],
    name: `replicas of an object that a ${autoscaler} targets, whoever wrote them`,
    setUp: async (world) => {
      const git = await world.common('deployment');
      await world.kubectl('scale', 'deployment/web', '--replicas=4');
      return { git, options: { autoscaler } };
    },
    expected: { state: 'synced', ignored: [`spec.replicas autoscaler ${autoscaler}: ignored-autoscaled`] },
  })),
  {
    sources: [8],
    name: 'replicas that Git does not set',
    setUp: async (world) => {
      const git = changed(manifests(world.namespace)['deployment'] as KubeObject, ['spec', 'replicas'], undefined);
      await world.apply(git);
      await scaleTo(world, git, 4);
      return { git };
    },
    expected: { state: 'synced', proof: 'local' },
  },
  {
    sources: [21],
    name: 'random values and times of a Helm chart',
    setUp: (world) => randomChart(world),
    expected: { state: 'synced', ignored: VOLATILE },
  },
  {
    sources: [21],
    name: 'an edit beside random values of a Helm chart',
    setUp: (world) => randomChart(world, (installed) => world.write(installed, 'kubectl-edit', { stringData: { user: 'other' } })),
    expected: {
      state: 'drifted',
      fields: ['drifted changed data.user: "••••••" -> "•••••• (different)" by kubectl-edit'],
      ignored: VOLATILE,
    },
  },
  {
    sources: [2],
    name: 'kubectl create namespace, then the manifest applied: the label that the server gives every namespace',
    setUp: async (world) => {
      const name = `made-${world.namespace}`;
      await world.kubectl('create', 'namespace', name);
      world.cleanups.push(() => world.kubectl('delete', 'namespace', name, '--wait=false'));
      const git: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
      await world.apply(git);
      return { git };
    },
    expected: { state: 'synced' },
  },
  ...CREATED.map((kind): AlarmCase => ({
    sources: [2],
    name: `kubectl create of a ${kind}, then the same applied`,
    setUp: (world) => created(world, kind),
    expected: { state: 'synced' },
  })),
  ...marks.map(({ by, labels = {}, annotations }): AlarmCase => ({
    sources: [22],
    name: `marks of ${by}: ${[...Object.keys(labels), ...(annotations === undefined ? [] : ['annotations'])].join(', ')}`,
    ways: ['server-side'],
    setUp: (world) => marked(world, by, labels, annotations?.(world) ?? {}),
    expected: { state: 'synced', proof: 'local' },
  })),
  {
    sources: [22],
    name: 'label tracking of Argo CD over the label that Git sets itself',
    ways: ['server-side'],
    setUp: async (world) => {
      const { git } = await marked(world, 'argocd-controller', { 'app.kubernetes.io/instance': 'shop' }, {});
      return { git: changed(git, ['metadata', 'labels', 'app.kubernetes.io/instance'], 'web') };
    },
    expected: { state: 'synced', proof: 'local' },
  },
];

/** What autoscalers and the tools that apply add of their own, and what no render repeats. */
export function toolCases(): readonly AlarmCase[] {
  return CASES;
}
