import { readFile } from 'node:fs/promises';
import type { Agent as HttpAgent, OutgoingHttpHeaders } from 'node:http';
import type { RequestOptions } from 'node:https';
import type { KubeConfig as ClientConfig } from '@kubernetes/client-node/dist/config.js';
import type { User } from '@kubernetes/client-node/dist/config_types.js';
import { raceWithSignal } from '../../base/async.ts';
import { AppError, isAbortError, isAppError } from '../../base/errors.ts';
import { sha256 } from '../../base/hash.ts';
import { arrayAt, isJsonObject, type JsonObject, type JsonValue, objectAt, stringAt } from '../model/json.ts';
import { runExecPlugin } from './execPlugin.ts';
import { execClusterInfo, execConfigOf, type ResolvedContext } from './kubeconfig.ts';
import { proxyFromEnvironment } from './proxyEnvironment.ts';

/** What one request needs to reach the server as this user. */
export interface PreparedAccess {
  /** ca, cert, key, servername, rejectUnauthorized, auth */
  readonly tls: RequestOptions;
  /** flat list of names and values, so that a name may come more than once (Impersonate-Group) */
  readonly headers: readonly (readonly [string, string])[];
  /** set when a proxy is in the way */
  readonly proxyAgent: HttpAgent | undefined;
}

/** What the room is given from outside. */
export interface ClusterHost {
  /** read live: false lets no process start and no connection open */
  readonly isTrusted: () => boolean;
  /** environment of the login shell: PATH for plugins, proxies */
  readonly environment: () => Readonly<Record<string, string | undefined>>;
}

type Authenticator = Parameters<ClientConfig['addAuthenticator']>[0];

const FILE_LIFETIME_MS = 60_000;
/** of a plugin's answer: one that has expired already must not start the plugin for every call */
const MIN_LIFETIME_MS = 5_000;
const REMOVED_PROVIDERS: Readonly<Record<string, string>> = { gcp: 'gke-gcloud-auth-plugin', azure: 'kubelogin' };

/**
 * The user of one context: certificates, tokens, token files, OIDC and basic auth by @kubernetes/client-node (loaded at first use),
 * credential plugins by {@link runExecPlugin}, each at most once at a time.
 */
export class Credentials {
  readonly #context: ResolvedContext;
  readonly #host: ClusterHost;
  readonly #abort = new AbortController();
  /** kept over refreshes: OIDC stores its new tokens in it */
  readonly #authProvider: Record<string, unknown> | undefined;
  #pending: Promise<PreparedAccess> | undefined;
  #prepared: PreparedAccess | undefined;
  #validUntilMs = 0;
  #proxy: { readonly madeFrom: string; readonly agent: HttpAgent } | undefined;

  constructor(context: ResolvedContext, host: ClusterHost) {
    this.#context = context;
    this.#host = host;
    const provider = context.user['auth-provider'];
    this.#authProvider = isJsonObject(provider) ? structuredClone(provider) : undefined;
  }

  /**
   * The current access, made anew when it has expired.
   * @throws `workspace-untrusted`, `sign-in-needed`, `credential-plugin-*`, `credential-file-unreadable`, `auth-provider-removed`
   */
  async prepare(signal: AbortSignal): Promise<PreparedAccess> {
    if (!this.#host.isTrusted()) throw new AppError('workspace-untrusted');
    if (this.#prepared !== undefined && Date.now() < this.#validUntilMs) return this.#prepared;
    return raceWithSignal(this.#refresh(false), signal);
  }

  /** Makes access anew with permission to interact. */
  async signIn(signal: AbortSignal): Promise<void> {
    if (!this.#host.isTrusted()) throw new AppError('workspace-untrusted');
    while (this.#pending !== undefined) await raceWithSignal(this.#pending.then(ignore, ignore), signal);
    await raceWithSignal(this.#refresh(true), signal);
  }

  /**
   * Called on a 401: forgets the access that was refused.
   * @returns whether asking again can give another one (not for a token or certificate written in the file)
   */
  invalidate(refused: PreparedAccess): boolean {
    if (this.#prepared !== refused) return this.#prepared !== undefined || this.#pending !== undefined;
    this.#prepared = undefined;
    const { user } = this.#context;
    return isJsonObject(user['exec']) || this.#authProvider !== undefined || typeof user['tokenFile'] === 'string';
  }

  /** Ends a running plugin and closes proxy connections. */
  dispose(): void {
    this.#abort.abort();
    this.#proxy?.agent.destroy();
    this.#prepared = undefined;
  }

  #refresh(isInteractive: boolean): Promise<PreparedAccess> {
    this.#pending ??= this.#make(isInteractive).finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #make(isInteractive: boolean): Promise<PreparedAccess> {
    const { user, cluster, name, server } = this.#context;
    const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js');
    const environment = this.#host.environment();
    const exec = execConfigOf(user);
    let validUntilMs = Date.now() + FILE_LIFETIME_MS;
    const authProvider = exec === undefined ? this.#authProvider : { name: 'plumbline-exec', config: {} };
    const removed = REMOVED_PROVIDERS[typeof authProvider?.['name'] === 'string' ? authProvider['name'] : ''];
    if (removed !== undefined) throw new AppError('auth-provider-removed', { context: name, plugin: removed });
    const pluginAuthenticator: Authenticator = {
      isAuthProvider: (candidate) =>
        exec !== undefined && isJsonObject(candidate.authProvider) && candidate.authProvider['name'] === 'plumbline-exec',
      applyAuthentication: async (_user, options: RequestOptions) => {
        if (exec === undefined) return;
        const clusterInfo = exec.provideClusterInfo ? execClusterInfo(this.#context, await caDataOf(cluster)) : undefined;
        const credential = await runExecPlugin(
          { exec, folder: this.#context.userFolder, environment, clusterInfo, isInteractive, context: name },
          this.#abort.signal,
        );
        if (credential.certificate !== undefined) Object.assign(options, { cert: credential.certificate, key: credential.key });
        if (credential.token !== undefined)
          options.headers = { ...(options.headers as OutgoingHttpHeaders), Authorization: `Bearer ${credential.token}` };
        const remaining = credential.expiresAtMs === undefined ? Infinity : credential.expiresAtMs - Date.now();
        validUntilMs = Date.now() + Math.max(remaining * 0.9, MIN_LIFETIME_MS);
      },
    };
    const proxyUrl = stringAt(cluster, 'proxy-url') ?? proxyFromEnvironment(server, environment);
    const config = new KubeConfig();
    config.addAuthenticator(pluginAuthenticator);
    config.loadFromOptions({
      clusters: [
        {
          name,
          server,
          caData: stringAt(cluster, 'certificate-authority-data'),
          caFile: stringAt(cluster, 'certificate-authority-data') === undefined ? stringAt(cluster, 'certificate-authority') : undefined,
          tlsServerName: stringAt(cluster, 'tls-server-name'),
          skipTLSVerify: cluster['insecure-skip-tls-verify'] === true || server.startsWith('http:'),
          proxyUrl,
        },
      ],
      users: [await this.#userFor(user, authProvider)],
      contexts: [{ name, cluster: name, user: name }],
      currentContext: name,
    });
    const options: RequestOptions = {};
    try {
      await config.applyToHTTPSOptions(options);
    } catch (error) {
      throw asCredentialError(error, name);
    }
    const { headers = {}, agent, ...tls } = options;
    const proxyAgent = proxyUrl === undefined ? undefined : this.#proxyAgent(proxyUrl, tls, agent as HttpAgent);
    const prepared: PreparedAccess = { tls, headers: [...plainHeaders(headers), ...impersonation(user)], proxyAgent };
    this.#prepared = prepared;
    this.#validUntilMs = validUntilMs;
    return prepared;
  }

  /** client-node's agent for the proxy; the one of before while nothing that it was made from has changed, for the sake of its connections. */
  #proxyAgent(url: string, tls: RequestOptions, made: HttpAgent): HttpAgent {
    const parts = [url, tls.ca, tls.cert, tls.key, tls.servername, tls.rejectUnauthorized].map(String);
    const madeFrom = sha256(JSON.stringify(parts));
    if (this.#proxy?.madeFrom === madeFrom) return this.#proxy.agent;
    this.#proxy?.agent.destroy();
    this.#proxy = { madeFrom, agent: Object.assign(made, { keepAlive: true, maxFreeSockets: 16 }) };
    return this.#proxy.agent;
  }

  async #userFor(user: JsonObject, authProvider: Record<string, unknown> | undefined): Promise<User> {
    const tokenFile = stringAt(user, 'tokenFile');
    const certData = stringAt(user, 'client-certificate-data');
    const keyData = stringAt(user, 'client-key-data');
    // The token file stands over the token, as in client-go.
    const token = tokenFile === undefined ? stringAt(user, 'token') : (await readCredentialFile(tokenFile, this.#context.name)).trim();
    const values = {
      name: this.#context.name,
      authProvider,
      certData,
      certFile: certData === undefined ? stringAt(user, 'client-certificate') : undefined,
      keyData,
      keyFile: keyData === undefined ? stringAt(user, 'client-key') : undefined,
      token,
      username: stringAt(user, 'username'),
      password: stringAt(user, 'password'),
      impersonateUser: stringAt(user, 'as'),
    };
    return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as unknown as User;
  }
}

const asText = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : JSON.stringify(value));
const ignore = (): void => undefined;

function plainHeaders(headers: NonNullable<RequestOptions['headers']>): [string, string][] {
  const plain: [string, string][] = [];
  for (const [name, value] of Object.entries(headers)) if (typeof value === 'string') plain.push([name, value]);
  return plain;
}

/** Impersonation beyond the user name, which client-node sets (Impersonate-Group may come several times). */
function impersonation(user: JsonObject): [string, string][] {
  const headers: [string, string][] = [];
  const uid = stringAt(user, 'as-uid');
  if (uid !== undefined) headers.push(['Impersonate-Uid', uid]);
  for (const group of arrayAt(user, 'as-groups')) headers.push(['Impersonate-Group', asText(group)]);
  for (const name of Object.keys(objectAt(user, 'as-user-extra'))) {
    for (const value of arrayAt(user, 'as-user-extra', name))
      headers.push([`Impersonate-Extra-${encodeURIComponent(name)}`, asText(value)]);
  }
  return headers;
}

async function caDataOf(cluster: JsonObject): Promise<string | undefined> {
  const file = stringAt(cluster, 'certificate-authority');
  const data = stringAt(cluster, 'certificate-authority-data');
  return data ?? (file === undefined ? undefined : (await readFile(file)).toString('base64'));
}

async function readCredentialFile(file: string, context: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw asCredentialError(error, context);
  }
}

function asCredentialError(error: unknown, context: string): unknown {
  if (isAppError(error) || isAbortError(error)) return error;
  if (error instanceof Error && 'path' in error && typeof error.path === 'string') {
    return new AppError('credential-file-unreadable', { context, file: error.path, message: error.message }, { cause: error });
  }
  // client-node's own failures (OIDC discovery or refresh) carry no tokens in their messages.
  return new AppError('sign-in-needed', { context, command: 'oidc', message: error instanceof Error ? error.message : String(error) });
}
