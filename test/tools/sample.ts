import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { deployedCommits, pendingCommits, sampleAuthors } from './sampleHistory.ts';
import type { SampleCommit, SampleEdit } from './sampleHistory.ts';
import { helm, kubectl } from './binaries.ts';

const run = promisify(execFile);
const tree = fileURLToPath(new URL('../sample/tree', import.meta.url));

/** The sample config repo on disk. */
export interface SampleRepo {
  /** work tree, branch `main` tracking `origin/main` */
  readonly repo: string;
  /** bare repository that is its `origin` */
  readonly origin: string;
}

/** Where a sample is made, and for which cluster. */
export interface SampleOptions {
  /** folder that gets `larkfield-shop/` and `origin/larkfield-shop.git/` */
  readonly dir: string;
  /** kubeconfig context of every environment in plumbline.yaml */
  readonly context: string;
  /** UID of kube-system, pinned in plumbline.yaml; undefined: not pinned */
  readonly clusterUid?: string;
}

/** A cluster by its kubeconfig, as admin. */
export interface SampleCluster {
  readonly kubeconfig: string;
  readonly context: string;
}

/** Runs git in a folder with no configuration but the repo's; returns stdout. */
export async function git(cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { stdout } = await run('git', [...args], {
    cwd,
    env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', ...env },
  });
  return stdout;
}

/** UID of the namespace kube-system: what pins an environment to its cluster. */
export async function clusterUidOf(cluster: SampleCluster): Promise<string> {
  return kubectl(['--context', cluster.context, 'get', 'namespace', 'kube-system', '-o', 'jsonpath={.metadata.uid}'], cluster);
}

/** Makes the sample repo with its history up to what is deployed, and pushes it to a bare `origin`. */
export async function createSampleRepo(options: SampleOptions): Promise<SampleRepo> {
  const repo = join(options.dir, 'larkfield-shop');
  const origin = join(options.dir, 'origin', 'larkfield-shop.git');
  await mkdir(repo, { recursive: true });
  await mkdir(dirname(origin), { recursive: true });
  await git(options.dir, ['init', '-q', '--bare', '-b', 'main', origin]);
  await git(repo, ['init', '-q', '-b', 'main']);
  for (const [name, value] of [
    ['user.name', sampleAuthors.mara],
    ['user.email', emailOf(sampleAuthors.mara)],
    ['commit.gpgsign', 'false'],
  ] as const) {
    await git(repo, ['config', name, value]);
  }
  for (const commit of deployedCommits) await makeCommit(repo, commit, options);
  await git(repo, ['remote', 'add', 'origin', origin]);
  await git(repo, ['push', '-q', '-u', 'origin', 'main']);
  return { repo, origin };
}

/** Commits and pushes what nobody has applied yet: an application that waits for it is out of sync. */
export async function addPendingCommits(repo: string): Promise<void> {
  for (const commit of pendingCommits) await makeCommit(repo, commit);
  await git(repo, ['push', '-q', 'origin', 'main']);
}

async function makeCommit(repo: string, commit: SampleCommit, options?: SampleOptions): Promise<void> {
  for (const path of commit.add ?? []) {
    await mkdir(dirname(join(repo, path)), { recursive: true });
    await cp(join(tree, path), join(repo, path), { recursive: true });
  }
  if (commit.add?.includes('plumbline.yaml') === true && options !== undefined) await pinCluster(repo, options);
  for (const edit of [...(commit.atFirst ?? []), ...(commit.edits ?? [])]) await applyEdit(repo, edit);
  await git(repo, ['add', '--all']);
  const date = new Date(Date.now() - commit.hoursAgo * 3_600_000).toISOString();
  const name = sampleAuthors[commit.author];
  await git(repo, ['commit', '-q', '-m', commit.message], {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: emailOf(name),
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: emailOf(name),
    GIT_COMMITTER_DATE: date,
  });
}

async function pinCluster(repo: string, { context, clusterUid }: SampleOptions): Promise<void> {
  const file = join(repo, 'plumbline.yaml');
  const pin = clusterUid === undefined ? '' : `\n    clusterUid: ${clusterUid}`;
  const text = await readFile(file, 'utf8');
  await writeFile(
    file,
    text.replaceAll(/context: plumbline-dev$/gm, () => `context: ${context}${pin}`),
  );
}

async function applyEdit(repo: string, { file, from, to }: SampleEdit): Promise<void> {
  const text = await readFile(join(repo, file), 'utf8');
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`${file}: '${from}' occurs ${parts.length - 1} times`);
  await writeFile(join(repo, file), parts.join(to));
}

function emailOf(name: string): string {
  return `${name.split(' ')[0]?.toLowerCase() ?? ''}@larkfield.example`;
}

/**
 * Deploys the repo's work tree as people do: some applications by client-side apply, some by server-side apply, the
 * chart by `helm template`. `recommendations` of staging stays undeployed.
 */
export async function deploySample(options: SampleCluster & { readonly repo: string }): Promise<void> {
  const apply = (args: readonly string[], input?: string): Promise<string> =>
    kubectl(['--context', options.context, 'apply', ...args], {
      kubeconfig: options.kubeconfig,
      cwd: options.repo,
      ...(input === undefined ? {} : { input }),
    });
  await apply(['-f', 'platform']);
  const crd = 'customresourcedefinition/campaigns.larkfield.example';
  await kubectl(['--context', options.context, 'wait', '--for=condition=Established', '--timeout=120s', crd], options);
  const chart = async (environment: string, ...flags: readonly string[]): Promise<void> => {
    const namespace = `shop-${environment}`;
    const args = ['template', 'checkout', 'apps/checkout', '-n', namespace, '-f', `apps/checkout/values-${environment}.yaml`];
    await apply(['-n', namespace, ...flags, '-f', '-'], await helm(args, { cwd: options.repo }));
  };
  await Promise.all([
    apply(['-n', 'shop-dev', '-f', 'apps/storefront/dev', '-f', 'apps/recommendations/dev']),
    apply(['-n', 'shop-staging', '--server-side', '-f', 'apps/storefront/staging']),
    apply(['-n', 'shop-prod', '-f', 'apps/storefront/prod']),
    apply(['-k', 'apps/catalog/overlays/dev']),
    apply(['--server-side', '-k', 'apps/catalog/overlays/staging']),
    apply(['-k', 'apps/catalog/overlays/prod']),
    chart('dev'),
    chart('staging'),
    chart('prod', '--server-side'),
  ]);
  await playControllers(options);
}

/** Sets the status that an ingress controller, the metrics server's autoscaler and the campaign operator would set. */
async function playControllers(cluster: SampleCluster): Promise<void> {
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const status = (namespace: string, object: string, value: object): Promise<string> =>
    patch(cluster, namespace, object, { status: value }, 'controller', ['--subresource=status']);
  const ingress = { loadBalancer: { ingress: [{ ip: '192.0.2.10' }] } };
  const campaign = { conditions: [{ type: 'Ready', status: 'True', reason: 'Live', message: 'shown in the shop' }] };
  const autoscaler = (replicas: number): object => ({
    currentReplicas: replicas,
    desiredReplicas: replicas,
    conditions: [
      { type: 'AbleToScale', status: 'True', reason: 'ReadyForNewScale', lastTransitionTime: now },
      { type: 'ScalingActive', status: 'True', reason: 'ValidMetricFound', lastTransitionTime: now },
    ],
  });
  await Promise.all([
    ...['shop-dev', 'shop-staging', 'shop-prod'].map((namespace) => status(namespace, 'ingress/storefront', ingress)),
    ...['shop-staging', 'shop-prod'].map((namespace) => status(namespace, 'ingress/checkout', ingress)),
    ...['spring-tents', 'lamp-clearance'].map((name) => status('shop-prod', `campaign/${name}`, campaign)),
    ...Object.entries({ 'shop-dev': 1, 'shop-staging': 2, 'shop-prod': 3 }).map(async ([namespace, replicas]) => {
      const scale = { spec: { replicas } };
      await patch(cluster, namespace, 'deployment/catalog-api', scale, 'kube-controller-manager', ['--subresource=scale']);
      await status(namespace, 'hpa/catalog-api', autoscaler(replicas));
    }),
  ]);
}

/** Changes live objects behind Git's back in every way that the product shows. */
export async function makeLiveEdits(cluster: SampleCluster): Promise<void> {
  const run = (...args: readonly string[]): Promise<string> => kubectl(['--context', cluster.context, ...args], cluster);
  // Changes of one object stand in order, so that each has its own manager.
  const edits: (() => Promise<unknown>)[][] = [
    [
      () => run('-n', 'shop-dev', 'scale', 'deployment/storefront', '--replicas=3'),
      () => run('-n', 'shop-dev', 'set', 'env', 'deployment/storefront', 'MAX_CONNECTIONS=500'),
    ],
    [() => run('-n', 'shop-dev', 'label', 'deployment/image-resizer', 'larkfield.example/debug=jonas')],
    [() => patch(cluster, 'shop-dev', 'configmap/storefront', { data: { LOG_LEVEL: 'trace' } }, 'kubectl-edit')],
    [() => run('-n', 'shop-staging', 'delete', 'configmap', '-l', 'app.kubernetes.io/part-of=catalog')],
    [() => run('-n', 'shop-prod', 'set', 'image', 'deployment/storefront', 'web=registry.larkfield.example/storefront:4.11.1-hotfix')],
    [() => patch(cluster, 'shop-prod', 'secret/storefront', { stringData: { 'session-key': 'rotated-by-hand' } }, 'kubectl-patch')],
    [() => run('-n', 'shop-prod', 'annotate', 'ingress/storefront', 'nginx.ingress.kubernetes.io/proxy-body-size-')],
    [() => patch(cluster, 'shop-prod', 'campaign/lamp-clearance', { spec: { discountPercent: 60 } }, 'kubectl-edit')],
    [() => run('-n', 'shop-prod', 'scale', 'deployment/checkout-worker', '--replicas=6')],
    [
      () =>
        run(
          ...['patch', 'clusterrole/shop-developer', '--type=json', '--field-manager=kubectl-edit', '-p'],
          JSON.stringify([{ op: 'add', path: '/rules/0/verbs/-', value: 'delete' }]),
        ),
    ],
  ];
  await Promise.all(
    edits.map(async (ofOneObject) => {
      for (const edit of ofOneObject) await edit();
    }),
  );
}

async function patch(
  cluster: SampleCluster,
  namespace: string,
  object: string,
  body: object,
  manager: string,
  flags: readonly string[] = [],
): Promise<string> {
  const args = ['--context', cluster.context, '-n', namespace, 'patch', object, '--type=merge', `--field-manager=${manager}`, ...flags];
  return kubectl([...args, '-p', JSON.stringify(body)], cluster);
}

/**
 * The whole sample: repo with history, deployed, changed behind Git's back, with commits that nobody applied.
 * @param onStep receives what is being done, for progress
 */
export async function setUpSample(
  options: SampleCluster & { readonly dir: string },
  onStep: (text: string) => void = () => undefined,
): Promise<SampleRepo> {
  onStep('making the sample repo');
  const sample = await createSampleRepo({ ...options, clusterUid: await clusterUidOf(options) });
  onStep('deploying the sample');
  await deploySample({ ...options, repo: sample.repo });
  onStep('changing it behind Git’s back');
  await Promise.all([makeLiveEdits(options), addPendingCommits(sample.repo)]);
  return sample;
}
