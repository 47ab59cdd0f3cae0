import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https, { type RequestOptions } from 'node:https';
import { createSecureContext, type SecureContext } from 'node:tls';
import { promisify } from 'node:util';
import { createGunzip, gunzip } from 'node:zlib';
import { pipeline, type Readable } from 'node:stream';
import { delay } from '../../base/async.ts';
import { AppError, isAbortError, isAppError } from '../../base/errors.ts';
import { Emitter, type Event } from '../../base/events.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import type { JsonValue } from '../model/json.ts';
import type { ApiCounters } from './api.ts';
import { apiError, type CallSubject, type CallTarget, connectionError, safeWarning, warningTexts } from './apiErrors.ts';
import type { ClusterHost, Credentials, PreparedAccess } from './credentials.ts';

/** One call of the API. */
export interface ApiCall {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** path with the query */
  readonly path: string;
  readonly subject: CallSubject;
  readonly body?: JsonValue;
  readonly contentType?: string;
  readonly accept?: string;
  readonly isDryRun?: boolean;
  readonly signal: AbortSignal;
}

/** A parsed answer. `json` is the text itself when the answer is no JSON. */
interface ApiAnswer {
  readonly json: JsonValue;
  readonly warnings: readonly string[];
}

/** Times of a transport, in milliseconds. */
export interface TransportTimes {
  /** without a byte of an answer */
  readonly idleMs: number;
  /** the longest wait that a server may ask for by Retry-After */
  readonly maxRetryAfterMs: number;
}

const DEFAULT_TIMES: TransportTimes = { idleMs: 30_000, maxRetryAfterMs: 15_000 };
const MAX_ATTEMPTS = 4;
const RETRIED_STATUS = new Set([429, 500, 502, 503, 504]);
const TCP_KEEP_ALIVE_MS = 30_000;
const gunzipAsync = promisify(gunzip);

/**
 * Raw JSON over HTTPS to one API server as one user: kept-alive connections, gzip, bounded retries, one renewal of credentials on 401.
 * TLS material goes into each request, never into a shared agent.
 */
export class Transport implements Disposable {
  readonly #target: CallTarget;
  #credentials: Credentials;
  readonly #host: ClusterHost;
  readonly #times: TransportTimes;
  #agent: http.Agent;
  readonly #outcome = new Emitter<AppError | undefined>();
  readonly #counters = { requests: 0, dryRuns: 0, writes: 0, bytesReceived: 0, retries: 0 };
  /** parsed once: a watch per kind would else parse the same certificates as often */
  readonly #contexts = new WeakMap<object, SecureContext>();
  /** the one last used */
  #proxyAgent: http.Agent | undefined;
  #closedBy: AppError | undefined;

  constructor(target: CallTarget, credentials: Credentials, host: ClusterHost, times: Partial<TransportTimes> = {}) {
    this.#target = target;
    this.#credentials = credentials;
    this.#host = host;
    this.#times = { ...DEFAULT_TIMES, ...times };
    this.#agent = makeAgent(target.server);
  }

  get counters(): ApiCounters {
    return { ...this.#counters };
  }

  /** After each call: undefined when the server answered (also with a refusal), else why it did not. */
  get onOutcome(): Event<AppError | undefined> {
    return this.#outcome.event;
  }

  /** Goes on as another user or to another address (the target has changed already); connections of before are closed. */
  renew(credentials: Credentials): void {
    this.#agent.destroy();
    this.#agent = makeAgent(this.#target.server);
    this.#credentials.dispose();
    this.#credentials = credentials;
    this.#closedBy = undefined;
  }

  /** Lets nothing more be sent; every later call fails with this error. */
  close(reason: AppError): void {
    this.#closedBy ??= reason;
    this.#agent.destroy();
  }

  dispose(): void {
    this.close(new AppError('connection-closed', { ...this.#target }));
    this.#credentials.dispose();
    this.#outcome.dispose();
  }

  /**
   * Sends a call and parses the answer.
   * Calls that change nothing are repeated on broken connections and 5xx; all calls on 429 with the wait the server asks for.
   * @throws the codes of {@link apiError} and {@link connectionError}, `workspace-untrusted`, and those of {@link Credentials.prepare}
   */
  async send(call: ApiCall): Promise<ApiAnswer> {
    if (call.isDryRun === true) this.#counters.dryRuns += 1;
    else if (call.method !== 'GET' && call.subject.resource !== 'selfsubjectaccessreviews') this.#counters.writes += 1;
    const response = await this.#request(call, this.#times.idleMs);
    const body = await this.#readBody(response, call.signal);
    // Whoever accepts anything (logs) wants the text itself, also when it happens to be JSON.
    const json = call.accept === '*/*' ? body : parse(body);
    return { json, warnings: warningTexts(response.headers['warning']).map((text) => safeWarning(text, call.subject)) };
  }

  /**
   * Opens a long answer (a watch).
   * @param idleMs the answer is ended with `timed-out` when no byte came for so long
   * @returns its bytes, decoded; leaving the loop closes the connection
   */
  async *stream(call: ApiCall, idleMs: number): AsyncGenerator<Buffer, void> {
    const response = await this.#request(call, this.#times.idleMs);
    response.setTimeout(0);
    const source: Readable =
      response.headers['content-encoding'] === 'gzip'
        ? pipeline(response, createGunzip({ flush: 2, finishFlush: 2 }), () => undefined)
        : response;
    const stalled = (): void => {
      this.#dropIdle();
      response.destroy(Object.assign(new Error('stalled'), { code: 'ETIMEDOUT' }));
    };
    const timer = setTimeout(stalled, idleMs);
    const onAbort = (): void => void response.destroy();
    call.signal.addEventListener('abort', onAbort, { once: true });
    try {
      for await (const chunk of source) {
        timer.refresh();
        this.#counters.bytesReceived += (chunk as Buffer).length;
        yield chunk as Buffer;
      }
      call.signal.throwIfAborted();
    } catch (error) {
      call.signal.throwIfAborted();
      throw isAppError(error) ? error : connectionError(error, this.#target);
    } finally {
      clearTimeout(timer);
      call.signal.removeEventListener('abort', onAbort);
      response.destroy();
    }
  }

  async #request(call: ApiCall, idleMs: number): Promise<IncomingMessage> {
    const isRepeatable = call.method === 'GET' || call.isDryRun === true;
    let hasRenewed = false;
    for (let attempt = 1; ; attempt += 1) {
      call.signal.throwIfAborted();
      let access: PreparedAccess;
      let response: IncomingMessage;
      try {
        if (this.#closedBy !== undefined) throw this.#closedBy;
        access = await this.#credentials.prepare(call.signal);
        response = await this.#attempt(call, access, idleMs);
      } catch (error) {
        call.signal.throwIfAborted();
        const failure = isAppError(error) ? error : connectionError(error, this.#target);
        const isStaleSocket = isRepeatable && failure.code === 'unreachable' && hasCode(error, 'ECONNRESET', 'EPIPE') && attempt < 2;
        if (isStaleSocket) {
          this.#counters.retries += 1;
          continue;
        }
        if (failure !== this.#closedBy) this.#outcome.fire(failure);
        throw failure;
      }
      const status = response.statusCode ?? 0;
      if (status >= 200 && status < 300) {
        this.#outcome.fire(undefined);
        return response;
      }
      const body = await this.#readBody(response, call.signal);
      if (status === 401 && !hasRenewed && this.#credentials.invalidate(access)) {
        hasRenewed = true;
        this.#counters.retries += 1;
        continue;
      }
      const failure = apiError(status, parse(body), call.subject, this.#target);
      const waitMs = retryDelay(status, response.headers['retry-after'], isRepeatable, attempt);
      if (waitMs === undefined || attempt >= MAX_ATTEMPTS || waitMs > this.#times.maxRetryAfterMs) {
        this.#outcome.fire(status === 401 ? failure : undefined);
        throw failure;
      }
      this.#counters.retries += 1;
      await delay(waitMs, call.signal);
    }
  }

  #attempt(call: ApiCall, access: PreparedAccess, idleMs: number): Promise<IncomingMessage> {
    if (!this.#host.isTrusted()) throw new AppError('workspace-untrusted');
    this.#proxyAgent = access.proxyAgent;
    const url = new URL(this.#target.server + call.path);
    const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
    const options: RequestOptions = {
      ...access.tls,
      ...(url.protocol === 'https:' && access.proxyAgent === undefined ? { secureContext: this.#contextOf(access.tls) } : {}),
      protocol: url.protocol,
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port,
      path: url.pathname + url.search,
      method: call.method,
      agent: access.proxyAgent ?? this.#agent,
      headers: headerList(call, access, body?.length),
      signal: call.signal,
    };
    this.#counters.requests += 1;
    return new Promise<IncomingMessage>((resolve, reject) => {
      const request: ClientRequest = url.protocol === 'http:' ? http.request(options) : https.request(options);
      request.setTimeout(idleMs, () => {
        this.#dropIdle();
        request.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }));
      });
      request.on('socket', (socket) => {
        socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
        socket.setNoDelay(true);
      });
      request.on('response', resolve);
      request.on('error', reject);
      request.end(body);
    });
  }

  #contextOf(tls: RequestOptions): SecureContext {
    const known = this.#contexts.get(tls);
    if (known !== undefined) return known;
    const { ca, cert, key, pfx, passphrase } = tls;
    const context = createSecureContext({ ca, cert, key, pfx, passphrase });
    this.#contexts.set(tls, context);
    return context;
  }

  /** One silent connection makes all idle ones of the same network suspect (sleep, changed VPN). */
  #dropIdle(): void {
    for (const agent of [this.#agent, this.#proxyAgent]) {
      for (const sockets of Object.values(agent?.freeSockets ?? {})) for (const socket of sockets ?? []) socket.destroy();
    }
  }

  async #readBody(response: IncomingMessage, signal: AbortSignal): Promise<string> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of response) chunks.push(chunk as Buffer);
      const whole = Buffer.concat(chunks);
      this.#counters.bytesReceived += whole.length;
      const plain = response.headers['content-encoding'] === 'gzip' ? await gunzipAsync(whole) : whole;
      return plain.toString('utf8');
    } catch (error) {
      signal.throwIfAborted();
      if (isAbortError(error)) throw error;
      const failure = connectionError(error, this.#target);
      this.#outcome.fire(failure);
      throw failure;
    }
  }
}

function makeAgent(server: string): http.Agent {
  const options = { keepAlive: true, maxFreeSockets: 16, scheduling: 'lifo' } as const;
  return server.startsWith('http:') ? new http.Agent(options) : new https.Agent(options);
}

function headerList(call: ApiCall, access: PreparedAccess, bodyLength: number | undefined): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {
    accept: call.accept ?? 'application/json',
    'accept-encoding': 'gzip',
    'user-agent': 'plumbline',
  };
  for (const [name, value] of access.headers) {
    const before = headers[name];
    headers[name] = before === undefined ? value : [...(typeof before === 'string' ? [before] : before), value];
  }
  if (bodyLength !== undefined) {
    headers['content-type'] = call.contentType ?? 'application/json';
    headers['content-length'] = String(bodyLength);
  }
  return headers;
}

/** Milliseconds to wait before the next attempt, or undefined when there is none. */
function retryDelay(status: number, retryAfter: string | undefined, isRepeatable: boolean, attempt: number): number | undefined {
  if (!RETRIED_STATUS.has(status)) return undefined;
  const asked = retryAfter === undefined ? NaN : Number(retryAfter) * 1000;
  // With 429 the server did not begin; another refusal may have come after the work, so only repeatable calls are repeated.
  if (status !== 429 && !isRepeatable) return undefined;
  if (status === 500 && Number.isNaN(asked)) return undefined;
  return Number.isNaN(asked) ? 250 * 2 ** (attempt - 1) * (0.75 + Math.random() / 2) : asked;
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

/** JSON whatever its declared type (`/openapi/v3` says text/plain); anything else stays text. */
function parse(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}
