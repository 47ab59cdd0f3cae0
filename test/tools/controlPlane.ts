import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { kubectl as runKubectl } from './binaries.ts';
import { type Component, startControllers } from './controllers.ts';
import { goBinary } from './goBinaries.mjs';
import { temporaryFolder } from './processes.mjs';
import { allowed } from './rights.ts';
import { NO_COLLECTION, ServerPrograms } from './serverPrograms.ts';
import { viewerRights } from './viewerRights.ts';

/** How to start a {@link ControlPlane}; every field has a default. */
export interface ControlPlaneOptions {
  /** Folder for data, certificates, kubeconfigs and logs, kept afterwards; default: a temporary one. */
  readonly dir?: string;
  /** Default none: the API server alone is ready in about 3 s and enough for most tests. */
  readonly components?: readonly Component[];
  /** Name of cluster and context in the kubeconfigs; default `plumbline-dev`. */
  readonly name?: string;
  /** Users beside `admin`, `viewer` and `nobody`, with their groups. */
  readonly users?: Readonly<Record<string, readonly string[]>>;
  /** More flags of kube-apiserver, for instance `--watch-cache=false`, `--min-request-timeout=1`, `--admission-control-config-file=…`. */
  readonly apiServerArgs?: readonly string[];
  /** Lives longer than a test, or holds thousands of objects: memory is collected as Go does it by itself. Default false. */
  readonly isLasting?: boolean;
  /** Number of Node objects for kwok; default 2. */
  readonly nodes?: number;
  readonly signal?: AbortSignal;
}

/** One right of each binding that the viewer is given. */
const VIEWER_LOOKS = [
  { verb: 'list', resource: 'configmaps' },
  { verb: 'list', group: 'apiextensions.k8s.io', resource: 'customresourcedefinitions' },
];

/** A port that was free a moment ago on 127.0.0.1. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no port'));
        else resolve(address.port);
      });
    });
  });
}

/** Answer of {@link ControlPlane.request}. */
export interface RawResponse {
  readonly status: number;
  readonly body: string;
}

/**
 * A real Kubernetes control plane of its own on free ports of 127.0.0.1: etcd and kube-apiserver, on request with controllers.
 * Users by static token: `admin` (system:masters), `viewer` (ClusterRole view, and may list CRDs), `nobody` (authenticated, no rights).
 */
export class ControlPlane {
  /** Folder of data, logs (`*.log`) and kubeconfigs. */
  readonly dir: string;
  /** Name of cluster and context in the kubeconfigs. */
  readonly name: string;
  readonly #options: ControlPlaneOptions;
  readonly #remove: () => Promise<void>;
  readonly #tokens = new Map<string, string>();
  readonly #programs: ServerPrograms;
  #etcdPort = 0;
  #port = 0;

  /** Use {@link startControlPlane}. */
  constructor(dir: string, remove: () => Promise<void>, options: ControlPlaneOptions) {
    this.dir = dir;
    this.#remove = remove;
    this.#options = options;
    this.#programs = new ServerPrograms(dir, options);
    this.name = options.name ?? 'plumbline-dev';
  }

  /** `https://127.0.0.1:PORT`; the port stays the same over restarts of the API server. */
  get serverUrl(): string {
    return `https://127.0.0.1:${this.#port}`;
  }

  /** Kubeconfig of `admin`. */
  get kubeconfigPath(): string {
    return join(this.dir, 'admin.kubeconfig');
  }

  /** The certificate authority of the API server, a PEM file. */
  get caPath(): string {
    return join(this.dir, 'certs', 'apiserver.crt');
  }

  /** Bearer token of a user. */
  token(user: string): string {
    const token = this.#tokens.get(user);
    if (token === undefined) throw new Error(`No user '${user}'; declare it in the option 'users'.`);
    return token;
  }

  /** Writes (again) and returns the kubeconfig of a user: one cluster, one context, both named {@link name}. */
  async kubeconfig(user: string, namespace?: string): Promise<string> {
    const path = join(this.dir, `${user}${namespace === undefined ? '' : `-${namespace}`}.kubeconfig`);
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: this.name, cluster: { server: this.serverUrl, 'certificate-authority': this.caPath } }],
      users: [{ name: user, user: { token: this.token(user) } }],
      contexts: [{ name: this.name, context: { cluster: this.name, user, ...(namespace === undefined ? {} : { namespace }) } }],
      'current-context': this.name,
    };
    await writeFile(path, JSON.stringify(config, null, 2), { mode: 0o600 });
    return path;
  }

  /** kubectl as `admin`, or as another user; returns stdout. */
  async kubectl(args: readonly string[], input?: string, user = 'admin'): Promise<string> {
    const kubeconfig = user === 'admin' ? this.kubeconfigPath : await this.kubeconfig(user);
    // In the usual folder kubectl would find what another cluster on the same port served hours ago.
    const env = { ...NO_COLLECTION, KUBECACHEDIR: join(this.dir, 'kubectl') };
    return runKubectl(args, { kubeconfig, env, ...(input === undefined ? {} : { input }) });
  }

  /** Server-side applies manifests as admin: YAML text, or objects. */
  async apply(manifests: string | readonly object[], fieldManager = 'kubectl'): Promise<void> {
    const input = typeof manifests === 'string' ? manifests : JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests });
    // The server validates; kubectl would only load all schemas to find out that it does.
    await this.kubectl(
      ['apply', '--server-side', '--force-conflicts', '--validate=false', `--field-manager=${fieldManager}`, '-f', '-'],
      input,
    );
  }

  /** One raw HTTPS request to the API server; never throws for an HTTP status. */
  async request(
    path: string,
    options: {
      readonly method?: string;
      readonly user?: string;
      readonly body?: unknown;
      readonly contentType?: string;
      readonly accept?: string;
    } = {},
  ): Promise<RawResponse> {
    const ca = await readFile(this.caPath);
    return new Promise((resolve, reject) => {
      const call = request(
        `${this.serverUrl}${path}`,
        {
          method: options.method ?? 'GET',
          ca,
          agent: false,
          headers: {
            authorization: `Bearer ${this.token(options.user ?? 'admin')}`,
            accept: options.accept ?? 'application/json',
            'content-type': options.contentType ?? 'application/json',
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.once('error', reject);
          response.once('end', () => {
            resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
          });
        },
      );
      call.once('error', reject);
      call.end(options.body === undefined ? undefined : JSON.stringify(options.body));
    });
  }

  /** Whether a GET of this path is answered with 200. */
  async answers(path: string): Promise<boolean> {
    return (await this.request(path)).status === 200;
  }

  /** What pins an environment to this cluster (`clusterUid` in plumbline.yaml): the UID of the namespace kube-system. */
  async uid(): Promise<string> {
    return this.kubectl(['get', 'namespace', 'kube-system', '-o', 'jsonpath={.metadata.uid}']);
  }

  /** Ends the API server, hard when `signal` is SIGKILL; etcd and its data stay. */
  async stopApiServer(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#programs.stop('kube-apiserver', signal);
  }

  /** Starts the API server again on the same port with the same data, and waits until it is ready. */
  async startApiServer(): Promise<void> {
    await this.#programs.start('kube-apiserver', this.#apiServerArgs());
    await this.#programs.ready('kube-apiserver', () => this.answers('/readyz'));
  }

  /** {@link stopApiServer}, then {@link startApiServer}. */
  async restartApiServer(): Promise<void> {
    await this.stopApiServer();
    await this.startApiServer();
  }

  /** Ends everything, in order: controllers, API server, etcd; a temporary folder is removed. Harmless when repeated. */
  async stop(): Promise<void> {
    await Promise.all((['kwok', 'kube-scheduler', 'kube-controller-manager'] as const).map((name) => this.#programs.stop(name)));
    await this.#programs.stop('kube-apiserver', 'SIGKILL');
    await this.#programs.stop('etcd', 'SIGKILL');
    await this.#remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Starts everything; for {@link startControlPlane}. */
  async start(): Promise<void> {
    await this.#writeFiles();
    // Building takes minutes, in which somebody else could take the ports.
    await Promise.all([goBinary('etcd', this.#options), goBinary('kube-apiserver', this.#options)]);
    let peerPort: number;
    [this.#etcdPort, peerPort, this.#port] = await Promise.all([freePort(), freePort(), freePort()]);
    const peer = `http://127.0.0.1:${peerPort}`;
    const client = `http://127.0.0.1:${this.#etcdPort}`;
    await this.#programs.start('etcd', [
      `--data-dir=${join(this.dir, 'etcd')}`,
      '--unsafe-no-fsync',
      '--log-level=warn',
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
    ]);
    await this.startApiServer();
    await this.kubeconfig('admin');
    await this.#grantViewer();
    // A server that is ready makes its first namespaces, and takes in what was granted, a moment later.
    for (const namespace of ['kube-system', 'default'])
      await this.#programs.ready('kube-apiserver', () => this.answers(`/api/v1/namespaces/${namespace}`));
    await allowed(this, 'viewer', ...VIEWER_LOOKS);
    await startControllers(this, this.#programs, this.#options);
  }

  async #writeFiles(): Promise<void> {
    await mkdir(join(this.dir, 'certs'), { recursive: true });
    const groups: Readonly<Record<string, readonly string[]>> = {
      admin: ['system:masters'],
      viewer: ['plumbline:viewers'],
      nobody: [],
      ...this.#options.users,
    };
    const lines = Object.entries(groups).map(([user, names]) => {
      const token = randomBytes(24).toString('hex');
      this.#tokens.set(user, token);
      return `${token},${user},${user},"${names.join(',')}"\n`;
    });
    await writeFile(join(this.dir, 'tokens.csv'), lines.join(''), { mode: 0o600 });
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await writeFile(join(this.dir, 'sa.key'), privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });
    await writeFile(join(this.dir, 'sa.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  }

  #apiServerArgs(): readonly string[] {
    return [
      `--etcd-servers=http://127.0.0.1:${this.#etcdPort}`,
      `--cert-dir=${join(this.dir, 'certs')}`,
      `--secure-port=${this.#port}`,
      '--bind-address=127.0.0.1',
      `--token-auth-file=${join(this.dir, 'tokens.csv')}`,
      '--authorization-mode=RBAC',
      `--service-account-key-file=${join(this.dir, 'sa.pub')}`,
      `--service-account-signing-key-file=${join(this.dir, 'sa.key')}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      '--service-cluster-ip-range=10.96.0.0/16',
      '--disable-admission-plugins=ServiceAccount',
      '--allow-privileged=true',
      '--shutdown-delay-duration=0s',
      ...(this.#options.apiServerArgs ?? []),
    ];
  }

  async #grantViewer(): Promise<void> {
    const answers = await Promise.all(viewerRights().map(({ path, body }) => this.request(path, { method: 'POST', body })));
    const failed = answers.find(({ status }) => status !== 201 && status !== 409);
    if (failed !== undefined) throw new Error(`The rights of 'viewer' could not be made: ${failed.body}`);
  }
}

/**
 * Starts a control plane and waits until it answers. Stop it in the test's `t.after`, or hold it by `await using`.
 * @throws Error with the end of the log of the program that did not come up
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  for (let attempt = 1; ; attempt++) {
    const folder = options.dir === undefined ? await temporaryFolder('plumbline-cp-') : undefined;
    const controlPlane = new ControlPlane(options.dir ?? folder?.path ?? '', () => folder?.remove() ?? Promise.resolve(), options);
    try {
      await controlPlane.start();
      return controlPlane;
    } catch (error) {
      await controlPlane.stop();
      // Another process may have taken a port between finding and using it.
      const isPortTaken = error instanceof Error && error.message.includes('address already in use');
      if (attempt >= 3 || !isPortTaken) throw error;
    }
  }
}
