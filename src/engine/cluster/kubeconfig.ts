import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { AppError } from '../../base/errors.ts';
import { arrayAt, isJsonObject, type JsonObject, type JsonValue, objectAt, stringAt, valueAt } from '../model/json.ts';
import type { ContextInfo } from './api.ts';

/** Where kubeconfig is read from. */
export interface KubeconfigFiles {
  readonly files: readonly string[];
  /** named by a person (flag, setting): each must exist; otherwise missing files are passed over, as kubectl does */
  readonly isExplicit: boolean;
}

/** A named entry of a kubeconfig with its place; `line` is 0-based. */
interface KubeconfigEntry {
  readonly name: string;
  readonly body: JsonObject;
  readonly file: string;
  readonly line: number;
}

/** Merged kubeconfig files; the first file that names an entry wins (client-go `clientcmd.ClientConfigLoadingRules`). */
export interface Kubeconfig {
  readonly clusters: ReadonlyMap<string, KubeconfigEntry>;
  readonly users: ReadonlyMap<string, KubeconfigEntry>;
  readonly contexts: ReadonlyMap<string, KubeconfigEntry>;
  readonly currentContext: string | undefined;
}

/** A context with its cluster and user, paths made absolute. */
export interface ResolvedContext {
  readonly name: string;
  readonly namespace: string;
  readonly server: string;
  readonly cluster: JsonObject;
  readonly user: JsonObject;
  readonly userName: string;
  /** folder of the file that declares the user: relative plugin commands start there */
  readonly userFolder: string;
}

/**
 * The files kubectl would read: an explicit one, else those of `KUBECONFIG`, else `~/.kube/config`.
 * @param environment of the login shell
 * @param explicit from a flag or setting
 */
export function kubeconfigFiles(environment: Readonly<Record<string, string | undefined>>, explicit?: string): KubeconfigFiles {
  const home = environment['HOME'] ?? homedir();
  if (explicit !== undefined && explicit !== '') return { files: [explicit.replace(/^~(?=[\\/])/, home)], isExplicit: true };
  const listed = (environment['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '');
  if (listed.length > 0) return { files: [...new Set(listed)], isExplicit: false };
  return { files: [join(home, '.kube', 'config')], isExplicit: false };
}

/**
 * Reads and merges kubeconfig files. They are never written.
 * @throws `kubeconfig-missing` when none (or an explicit one) is there, `kubeconfig-unreadable`, `kubeconfig-invalid` with file and 1-based line
 */
export async function loadKubeconfig(sources: KubeconfigFiles): Promise<Kubeconfig> {
  const parsed: Kubeconfig[] = [];
  for (const file of sources.files) {
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))) {
        throw new AppError('kubeconfig-unreadable', { file, message: error instanceof Error ? error.message : String(error) });
      }
      if (sources.isExplicit) throw new AppError('kubeconfig-missing', { files: [file] });
      continue;
    }
    parsed.push(parseKubeconfig(text, file));
  }
  if (parsed.length === 0) throw new AppError('kubeconfig-missing', { files: sources.files });
  return mergeKubeconfigs(parsed);
}

/** Merges parsed files in order; earlier ones win. */
function mergeKubeconfigs(parsed: readonly Kubeconfig[]): Kubeconfig {
  const merged = {
    clusters: new Map<string, KubeconfigEntry>(),
    users: new Map<string, KubeconfigEntry>(),
    contexts: new Map<string, KubeconfigEntry>(),
  };
  for (const one of parsed) {
    for (const part of ['clusters', 'users', 'contexts'] as const) {
      for (const [name, entry] of one[part]) if (!merged[part].has(name)) merged[part].set(name, entry);
    }
  }
  return { ...merged, currentContext: parsed.find((one) => one.currentContext !== undefined)?.currentContext };
}

/**
 * Parses one kubeconfig file.
 * @param text its content
 * @param file its path, for errors and relative paths
 * @throws `kubeconfig-invalid` with file and 1-based line
 */
export function parseKubeconfig(text: string, file: string): Kubeconfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'silent' });
  const [broken] = document.errors;
  if (broken !== undefined) throw invalid(file, lines.linePos(broken.pos[0]).line, broken.message);
  let content: unknown;
  try {
    content = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw invalid(file, 1, error instanceof Error ? error.message : String(error));
  }
  if (content !== null && !isJsonObject(content)) throw invalid(file, 1, 'the file is not a mapping');
  const root = content ?? {};
  const entries = (list: 'clusters' | 'users' | 'contexts', bodyKey: 'cluster' | 'user' | 'context'): Map<string, KubeconfigEntry> => {
    const found = new Map<string, KubeconfigEntry>();
    const value = root[list];
    if (value === undefined || value === null) return found;
    const listNode = document.get(list, true) as Node | undefined;
    const lineOf = (index: number): number => {
      const node = isSeq(listNode) ? listNode.items[index] : listNode;
      const at = (node as Node | undefined)?.range?.[0] ?? 0;
      return lines.linePos(at).line;
    };
    if (!Array.isArray(value)) throw invalid(file, lineOf(-1), `${list} is not a list`);
    (value as JsonValue[]).forEach((item, index) => {
      const name = stringAt(item, 'name');
      if (name === undefined || name === '') throw invalid(file, lineOf(index), `${list}[${String(index)}] has no name`);
      const body = valueAt(item, bodyKey);
      if (body !== undefined && body !== null && !isJsonObject(body))
        throw invalid(file, lineOf(index), `${bodyKey} of ${name} is not a mapping`);
      if (!found.has(name)) found.set(name, { name, body: body ?? {}, file, line: lineOf(index) - 1 });
    });
    return found;
  };
  const current = isMap(document.contents) ? document.contents.get('current-context', true) : undefined;
  const currentContext = isScalar(current) && typeof current.value === 'string' && current.value !== '' ? current.value : undefined;
  return {
    clusters: entries('clusters', 'cluster'),
    users: entries('users', 'user'),
    contexts: entries('contexts', 'context'),
    currentContext,
  };
}

function invalid(file: string, line: number, message: string): AppError {
  return new AppError('kubeconfig-invalid', { file, line, message });
}

/** The contexts as a list, in the order of the files. */
export function listContexts(kubeconfig: Kubeconfig): ContextInfo[] {
  return [...kubeconfig.contexts.values()].map(({ name, body, file, line }) => {
    const cluster = stringAt(body, 'cluster') ?? '';
    const namespace = stringAt(body, 'namespace');
    const server = stringAt(kubeconfig.clusters.get(cluster)?.body, 'server');
    return {
      name,
      cluster,
      user: stringAt(body, 'user') ?? '',
      ...(namespace === undefined ? {} : { namespace }),
      ...(server === undefined ? {} : { server }),
      isCurrent: name === kubeconfig.currentContext,
      file,
      line,
    };
  });
}

const CLUSTER_PATHS = ['certificate-authority'];
const USER_PATHS = ['client-certificate', 'client-key', 'tokenFile'];

/**
 * Looks a context up with its cluster and user.
 * @throws `unknown-context` (with the contexts that exist), `unknown-cluster`, `unknown-user`, `kubeconfig-invalid`
 */
export function resolveContext(kubeconfig: Kubeconfig, name: string): ResolvedContext {
  const context = kubeconfig.contexts.get(name);
  if (context === undefined) throw new AppError('unknown-context', { context: name, known: [...kubeconfig.contexts.keys()] });
  const at = { context: name, file: context.file, line: context.line + 1 };
  const clusterName = stringAt(context.body, 'cluster') ?? '';
  const cluster = kubeconfig.clusters.get(clusterName);
  if (cluster === undefined) throw new AppError('unknown-cluster', { ...at, cluster: clusterName });
  const userName = stringAt(context.body, 'user') ?? '';
  const user = userName === '' ? undefined : kubeconfig.users.get(userName);
  if (userName !== '' && user === undefined) throw new AppError('unknown-user', { ...at, user: userName });
  const server = (stringAt(cluster.body, 'server') ?? '').replace(/\/+$/, '');
  if (!URL.canParse(server) || !/^https?:/.test(server)) {
    throw invalid(cluster.file, cluster.line + 1, `cluster ${clusterName} has no usable server URL`);
  }
  return {
    name,
    namespace: stringAt(context.body, 'namespace') ?? 'default',
    server,
    cluster: withAbsolutePaths(cluster.body, CLUSTER_PATHS, dirname(cluster.file)),
    user: user === undefined ? {} : withAbsolutePaths(user.body, USER_PATHS, dirname(user.file)),
    userName,
    userFolder: dirname(user?.file ?? context.file),
  };
}

function withAbsolutePaths(body: JsonObject, names: readonly string[], folder: string): JsonObject {
  const absolute: Record<string, JsonValue | undefined> = { ...body };
  for (const name of names) {
    const path = body[name];
    if (typeof path === 'string' && path !== '' && !isAbsolute(path)) absolute[name] = join(folder, path);
  }
  return absolute;
}

/** The exec plugin of a user as kubeconfig writes it (client.authentication.k8s.io). */
export interface ExecConfig {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly interactiveMode: 'Never' | 'IfAvailable' | 'Always';
  readonly provideClusterInfo: boolean;
  readonly installHint: string | undefined;
}

/** Reads a user's `exec` section, or undefined when there is none. */
export function execConfigOf(user: JsonObject): ExecConfig | undefined {
  const exec = user['exec'];
  if (!isJsonObject(exec)) return undefined;
  const env: Record<string, string> = {};
  for (const variable of arrayAt(exec, 'env')) {
    const name = stringAt(variable, 'name');
    if (name !== undefined) env[name] = stringAt(variable, 'value') ?? '';
  }
  const mode = stringAt(exec, 'interactiveMode');
  return {
    apiVersion: stringAt(exec, 'apiVersion') ?? '',
    command: stringAt(exec, 'command') ?? '',
    args: arrayAt(exec, 'args').map(String),
    env,
    interactiveMode: mode === 'Never' || mode === 'Always' ? mode : 'IfAvailable',
    provideClusterInfo: exec['provideClusterInfo'] === true,
    installHint: stringAt(exec, 'installHint'),
  };
}

/** `spec.cluster` of KUBERNETES_EXEC_INFO for plugins with `provideClusterInfo`. */
export function execClusterInfo(context: ResolvedContext, caData: string | undefined): JsonObject {
  const extensions = arrayAt(context.cluster, 'extensions');
  const own = extensions.find((one) => stringAt(one, 'name') === 'client.authentication.k8s.io/exec');
  return {
    server: context.server,
    'tls-server-name': stringAt(context.cluster, 'tls-server-name'),
    'insecure-skip-tls-verify': context.cluster['insecure-skip-tls-verify'] === true ? true : undefined,
    'certificate-authority-data': caData,
    'proxy-url': stringAt(context.cluster, 'proxy-url'),
    config: own === undefined ? undefined : objectAt(own, 'extension'),
  };
}
