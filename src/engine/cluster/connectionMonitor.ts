import { type BackgroundRunner, delay, loggingRunner, raceWithSignal } from '../../base/async.ts';
import { AppError, isAbortError, isAppError } from '../../base/errors.ts';
import { Emitter, type Event } from '../../base/events.ts';
import { type Disposable, DisposableStore } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/log.ts';
import { stringAt } from '../model/json.ts';
import type { ConnectionState } from './api.ts';
import { connectionCodes, reasonOf, signInCodes } from './apiErrors.ts';
import type { Transport } from './transport.ts';

/** Times of a monitor, in milliseconds. */
export interface MonitorTimes {
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** while a login is missing */
  readonly signInRetryMs: number;
  /** a write looks again at the cluster's identity when it was last seen longer ago */
  readonly identityMs: number;
}

/** The times used unless a test sets others. */
export const defaultMonitorTimes: MonitorTimes = { retryMinMs: 1_000, retryMaxMs: 30_000, signInRetryMs: 60_000, identityMs: 30_000 };

/** What one look at the cluster found. */
interface Identity {
  readonly version: string | undefined;
  readonly uid: string | undefined;
}

const ACCEPT_METADATA = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';

/**
 * Knows whether the cluster can be reached, and which one it is: by the UID of its namespace kube-system.
 * Nothing but the two requests that tell so is sent before; a wrong cluster closes the transport.
 */
export class ConnectionMonitor implements Disposable {
  readonly #transport: Transport;
  readonly #context: string;
  readonly #expectedUid: string | undefined;
  readonly #log: Logger;
  readonly #times: MonitorTimes;
  readonly #disposables = new DisposableStore();
  readonly #background: BackgroundRunner;
  readonly #stateChanges = this.#disposables.add(new Emitter<ConnectionState>());
  readonly #clusterChanges = this.#disposables.add(new Emitter<void>());
  #state: ConnectionState = { status: 'idle', sinceMs: Date.now() };
  #failure: AppError | undefined;
  #lastSeenMs: number | undefined;
  #identifiedAtMs = 0;
  #identity: Identity = { version: undefined, uid: undefined };
  #attempt: Promise<void> | undefined;
  #isProbing = false;

  /** @param expectedUid the pin of the environment, if it has one */
  constructor(transport: Transport, context: string, expectedUid: string | undefined, log: Logger, times: MonitorTimes) {
    this.#transport = transport;
    this.#context = context;
    this.#expectedUid = expectedUid;
    this.#log = log;
    this.#times = times;
    this.#background = this.#disposables.add(loggingRunner(log));
    this.#disposables.add(
      transport.onOutcome((failure) => {
        this.#heard(failure);
      }),
    );
  }

  get state(): ConnectionState {
    return this.#lastSeenMs === undefined ? this.#state : { ...this.#state, lastSeenMs: this.#lastSeenMs };
  }

  get onDidChangeState(): Event<ConnectionState> {
    return this.#stateChanges.event;
  }

  /** fires when another cluster than before answers (never for a pinned one) */
  get onDidChangeCluster(): Event<void> {
    return this.#clusterChanges.event;
  }

  get version(): string | undefined {
    return this.#identity.version;
  }

  get uid(): string | undefined {
    return this.#identity.uid;
  }

  /** Connects, or waits for the attempt under way; rejects at once with the reason while the cluster is known to be away. */
  async ready(signal: AbortSignal): Promise<void> {
    if (this.#state.status === 'connected') return;
    if (this.#state.status === 'idle') {
      this.#set('connecting');
      this.#begin();
    }
    if (this.#attempt !== undefined && this.#state.status === 'connecting') await raceWithSignal(this.#attempt, signal);
    else if (this.#failure !== undefined) throw this.#failure;
  }

  /** Tries now. */
  async reconnect(signal: AbortSignal): Promise<void> {
    if (this.#state.status === 'refused' && this.#failure !== undefined) throw this.#failure;
    if (this.#attempt === undefined) this.#begin();
    const attempt = this.#attempt;
    if (attempt !== undefined) await raceWithSignal(attempt, signal);
  }

  /** Resolves when connected, however long that takes; rejects when the cluster is refused. */
  async online(signal: AbortSignal): Promise<void> {
    while (this.#state.status !== 'connected') {
      if (this.#state.status === 'refused' && this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve, reject) => {
        signal.throwIfAborted();
        const subscription = this.#stateChanges.event(() => {
          done();
          resolve();
        });
        const onAbort = (): void => {
          done();
          reject(signal.reason as Error);
        };
        const done = (): void => {
          subscription.dispose();
          signal.removeEventListener('abort', onAbort);
        };
        signal.addEventListener('abort', onAbort, { once: true });
      });
    }
  }

  /**
   * Makes sure before a write that the pinned cluster answers, with a fresh look when the last one is old.
   * @throws `wrong-cluster`, `cluster-not-verified`
   */
  async verifyForWrite(signal: AbortSignal): Promise<void> {
    await this.ready(signal);
    if (Date.now() - this.#identifiedAtMs > this.#times.identityMs) {
      this.#begin();
      await raceWithSignal(this.#attempt ?? Promise.resolve(), signal);
    }
    if (this.#expectedUid !== undefined && this.#identity.uid === undefined) {
      throw new AppError('cluster-not-verified', { context: this.#context, expectedUid: this.#expectedUid });
    }
  }

  /** The kubeconfig or the login changed: what was refused may go now. */
  reset(): void {
    if (this.#state.status === 'idle') return;
    this.#identifiedAtMs = 0;
    this.#begin();
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  /** Starts an attempt unless one is under way; {@link #attempt} rejects when it fails. */
  #begin(): void {
    if (this.#attempt !== undefined) return;
    const attempt = this.#identify().finally(() => {
      this.#attempt = undefined;
    });
    this.#attempt = attempt;
    // Whoever waits for the attempt gets its failure; the state tells everybody else.
    attempt.catch(() => undefined);
  }

  async #identify(): Promise<void> {
    const signal = this.#background.signal;
    try {
      const version = await this.#readVersion(signal);
      const uid = await this.#readUid(signal);
      if (this.#expectedUid !== undefined && uid !== undefined && uid !== this.#expectedUid) {
        throw new AppError('wrong-cluster', { context: this.#context, uid, expectedUid: this.#expectedUid });
      }
      const before = this.#identity;
      this.#identity = { version, uid };
      this.#identifiedAtMs = Date.now();
      if (before.uid !== undefined && uid !== undefined && before.uid !== uid) this.#clusterChanges.fire();
      this.#failure = undefined;
      this.#set('connected');
    } catch (error) {
      if (isAppError(error)) this.#fail(error);
      else if (!isAbortError(error)) this.#log.error(`connecting: ${error instanceof Error ? error.message : String(error)}`);
      throw error;
    }
  }

  async #readVersion(signal: AbortSignal): Promise<string | undefined> {
    const subject = { verb: 'get', group: '', resource: 'version', namespace: '' };
    try {
      const { json } = await this.#transport.send({ method: 'GET', path: '/version', subject, signal });
      return stringAt(json, 'gitVersion');
    } catch (error) {
      if (isAppError(error, 'forbidden', 'denied-by-admission', 'unknown-kind')) return undefined;
      throw error;
    }
  }

  /** undefined when it may not be read. */
  async #readUid(signal: AbortSignal): Promise<string | undefined> {
    const subject = { verb: 'get', group: '', resource: 'namespaces', namespace: '', name: 'kube-system' };
    try {
      const path = '/api/v1/namespaces/kube-system';
      const { json } = await this.#transport.send({ method: 'GET', path, accept: ACCEPT_METADATA, subject, signal });
      return stringAt(json, 'metadata', 'uid');
    } catch (error) {
      if (isAppError(error, 'forbidden', 'denied-by-admission', 'not-found', 'unknown-kind')) return undefined;
      throw error;
    }
  }

  #heard(failure: AppError | undefined): void {
    if (failure === undefined) this.#lastSeenMs = Date.now();
    // During an attempt its own end decides.
    else if (this.#attempt === undefined && this.#state.status === 'connected') this.#fail(failure);
  }

  #fail(failure: AppError): void {
    const isKnown = isAppError(failure, ...connectionCodes, ...signInCodes, 'wrong-cluster', 'workspace-untrusted', 'connection-closed');
    if (!isKnown && this.#state.status === 'connected') return;
    this.#failure = failure;
    const reason = reasonOf(failure);
    if (failure.code === 'workspace-untrusted') this.#set('idle', reason);
    else if (failure.code === 'wrong-cluster') {
      this.#transport.close(failure);
      this.#set('refused', reason);
    } else if (isAppError(failure, ...connectionCodes, 'server-error', 'server-timeout', 'too-many-requests')) {
      this.#set('unreachable', reason);
      this.#probe();
    } else {
      this.#set('sign-in', reason);
      this.#probe();
    }
  }

  /** Tries again with back-off until connected or refused. */
  #probe(): void {
    if (this.#isProbing) return;
    this.#isProbing = true;
    this.#background.run('reconnecting', async (signal) => {
      try {
        let waitMs = this.#times.retryMinMs;
        while (this.#state.status === 'unreachable' || this.#state.status === 'sign-in') {
          const isSignIn = this.#state.status === 'sign-in';
          await delay((isSignIn ? this.#times.signInRetryMs : waitMs) * (0.75 + Math.random() / 2), signal);
          waitMs = Math.min(waitMs * 2, this.#times.retryMaxMs);
          if (this.#attempt === undefined) this.#begin();
          await this.#attempt?.catch(() => undefined);
        }
      } finally {
        this.#isProbing = false;
      }
    });
  }

  #set(status: ConnectionState['status'], reason?: ConnectionState['reason']): void {
    const isSame = this.#state.status === status;
    if (isSame && this.#state.reason?.code === reason?.code) return;
    const sinceMs = isSame ? this.#state.sinceMs : Date.now();
    this.#state = { status, sinceMs, ...(reason === undefined ? {} : { reason }) };
    this.#stateChanges.fire(this.state);
  }
}
