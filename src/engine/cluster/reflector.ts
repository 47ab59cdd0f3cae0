import { delay, withAnySignal } from '../../base/async.ts';
import { AppError, isAppError } from '../../base/errors.ts';
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue, stringAt } from '../model/json.ts';
import type { KubeObject } from '../model/objects.ts';
import { type ResourceInfo, resourcePath } from '../model/resourceInfo.ts';
import type { Reason } from '../model/states.ts';
import { apiError, type CallSubject, type CallTarget, connectionCodes, continueOf, reasonOf, signInCodes } from './apiErrors.ts';
import type { Transport } from './transport.ts';

/** Times of reflectors, in milliseconds unless named otherwise. */
export interface ReflectorTimes {
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /** the server ends a watch after a random time between these */
  readonly watchMinSeconds: number;
  readonly watchMaxSeconds: number;
  /** past the end that the server should have made */
  readonly graceMs: number;
  /** without a byte; the server sends bookmarks every minute */
  readonly quietMs: number;
  /** between the lists of a polled kind */
  readonly pollMs: number;
  /** until a forbidden or unknown kind is tried again */
  readonly failedRetryMs: number;
}

/** The times used unless a test sets others. */
export const defaultReflectorTimes: ReflectorTimes = {
  backoffMinMs: 800,
  backoffMaxMs: 30_000,
  watchMinSeconds: 300,
  watchMaxSeconds: 600,
  graceMs: 30_000,
  quietMs: 150_000,
  pollMs: 60_000,
  failedRetryMs: 15_000,
};

/** What one reflector lists and watches. */
export interface ReflectorSpec {
  readonly info: ResourceInfo;
  /** '' for cluster-scoped kinds or all namespaces */
  readonly namespace: string;
  /** ask for PartialObjectMetadata */
  readonly isMetadataOnly: boolean;
  /** list from time to time instead of watching */
  readonly isPolled: boolean;
  /** only what this selects */
  readonly fieldSelector?: string;
}

/** Where a reflector puts what it learns. Objects always carry apiVersion and kind of the spec. */
export interface ReflectorSink {
  upsert(object: KubeObject): void;
  remove(object: KubeObject): void;
  /** a list has ended: whatever is not among these names (`namespace/name`) is gone */
  retain(places: ReadonlySet<string>): void;
  /** the state changed; `reason` with `retrying` and `failed` */
  report(state: ReflectorState, reason?: Reason): void;
  /** something arrived */
  news(): void;
}

/** See WatchStatus. */
export type ReflectorState = 'syncing' | 'synced' | 'polling' | 'retrying' | 'failed';

const PAGE_LIMIT = 500;
const AS_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
const AS_OBJECT = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const SHORT_WATCH_MS = 1_000;
/** A watch ended at its time when no more than this was missing. */
const EARLY_MS = 2_000;
const NEWLINE = 10;

/** A complete line of a watch that is no event. */
class BrokenEventError extends Error {
  override readonly name = 'BrokenEventError';
}

/**
 * Keeps a sink equal to one collection of the API server: list in pages, then watch with bookmarks from the list's resourceVersion; lists
 * again after 410. A watch that the server ended at its time is resumed at the last bookmark; one that broke, at the last event or list,
 * since what a bookmark skips must have arrived to count. resourceVersions are opaque.
 * Semantics: client-go tools/cache Reflector and https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
export class Reflector {
  readonly spec: ReflectorSpec;
  readonly #transport: Transport;
  readonly #target: CallTarget;
  readonly #sink: ReflectorSink;
  readonly #times: ReflectorTimes;
  /** resolves when the server is believed reachable */
  readonly #online: (signal: AbortSignal) => Promise<void>;
  /** of the last list or event */
  #resourceVersion: string | undefined;
  /** of a bookmark after it */
  #bookmark: string | undefined;
  #broken = 0;
  /** fires when what was listed is to be listed once more */
  #outdated = new AbortController();

  constructor(
    spec: ReflectorSpec,
    transport: Transport,
    target: CallTarget,
    sink: ReflectorSink,
    online: (signal: AbortSignal) => Promise<void>,
    times: ReflectorTimes,
  ) {
    this.spec = spec;
    this.#transport = transport;
    this.#target = target;
    this.#sink = sink;
    this.#online = online;
    this.#times = times;
  }

  /** Runs until the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    let backoffMs = this.#times.backoffMinMs;
    const isStopped = (): boolean => signal.aborted;
    while (!isStopped()) {
      let waitMs = 0;
      if (this.#outdated.signal.aborted) {
        this.#outdated = new AbortController();
        this.#resourceVersion = undefined;
      }
      try {
        await this.#online(signal);
        if (this.#resourceVersion === undefined) await this.#list(signal);
        this.#sink.report(this.spec.isPolled ? 'polling' : 'synced');
        const whileValid = [signal, this.#outdated.signal];
        if (this.spec.isPolled) {
          await withAnySignal(whileValid, (valid) => delay(this.#times.pollMs, valid));
          this.#resourceVersion = undefined;
        } else {
          const startedAtMs = Date.now();
          await withAnySignal(whileValid, (valid) => this.#watch(valid));
          if (Date.now() - startedAtMs >= SHORT_WATCH_MS) backoffMs = this.#times.backoffMinMs;
          else waitMs = backoffMs;
        }
      } catch (error) {
        if (isStopped()) return;
        if (this.#outdated.signal.aborted) continue;
        waitMs = this.#afterFailure(error, backoffMs);
      }
      if (waitMs > 0) {
        backoffMs = Math.min(backoffMs * 2, this.#times.backoffMaxMs);
        await delay(waitMs * (0.75 + Math.random() / 2), signal).catch(() => undefined);
      }
    }
  }

  /** Lists once more at once, whatever the server tells of changes: it reads the same objects in another way by now. */
  listAgain(): void {
    this.#outdated.abort();
  }

  /** Milliseconds to wait before the next attempt. */
  #afterFailure(error: unknown, backoffMs: number): number {
    if (error instanceof BrokenEventError) {
      this.#broken += 1;
      if (this.#broken >= 2) this.#resourceVersion = undefined;
      return backoffMs;
    }
    if (!isAppError(error)) throw error;
    if (error.code === 'gone') {
      const wasListed = this.#resourceVersion === undefined;
      this.#resourceVersion = undefined;
      return wasListed ? backoffMs : 0;
    }
    if (
      isAppError(
        error,
        'forbidden',
        'unknown-kind',
        'not-found',
        'workspace-untrusted',
        'bad-request',
        'wrong-cluster',
        'connection-closed',
      )
    ) {
      this.#resourceVersion = undefined;
      if (error.code === 'unknown-kind') this.#sink.retain(new Set());
      this.#sink.report('failed', reasonOf(error));
      return this.#times.failedRetryMs;
    }
    this.#sink.report('retrying', reasonOf(error));
    const retryAfter = error.details['retryAfterSeconds'];
    if (typeof retryAfter === 'number') return Math.max(retryAfter * 1000, backoffMs);
    // The connection itself tries to reach the server again and lets us go on: only a little spread is needed here.
    return isAppError(error, ...connectionCodes, ...signInCodes) ? Math.min(50, backoffMs) : backoffMs;
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { info, namespace, isMetadataOnly, fieldSelector } = this.spec;
    const subject = this.#subject('list');
    const places = new Set<string>();
    let token: string | undefined;
    let isPaged = true;
    for (;;) {
      const query = new URLSearchParams(fieldSelector === undefined ? {} : { fieldSelector });
      if (isPaged) query.set('limit', String(PAGE_LIMIT));
      if (token !== undefined) query.set('continue', token);
      const path = `${resourcePath(info, namespace)}?${query.toString()}`;
      let json: JsonValue;
      try {
        ({ json } = await this.#transport.send({ method: 'GET', path, accept: this.#accept(isMetadataOnly, AS_LIST), subject, signal }));
      } catch (error) {
        if (!isAppError(error, 'gone') || token === undefined) throw error;
        // The token has expired in the middle: once more from the start, in one piece.
        token = undefined;
        isPaged = false;
        places.clear();
        continue;
      }
      const items = isJsonObject(json) ? json['items'] : undefined;
      if (!isJsonArray(items) && items !== null)
        throw new AppError('server-error', { ...this.#target, ...subject, message: 'no list came' });
      for (const item of items ?? []) {
        const object = this.#asObject(item);
        if (object === undefined) continue;
        places.add(`${stringAt(object.metadata, 'namespace') ?? ''}/${stringAt(object.metadata, 'name') ?? ''}`);
        this.#sink.upsert(object);
      }
      this.#sink.news();
      token = continueOf(json);
      if (token !== undefined) continue;
      this.#sink.retain(places);
      this.#resourceVersion = stringAt(json, 'metadata', 'resourceVersion') ?? '';
      return;
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { info, namespace, isMetadataOnly, fieldSelector } = this.spec;
    const { watchMinSeconds, watchMaxSeconds, graceMs, quietMs } = this.#times;
    const seconds = Math.round(watchMinSeconds + Math.random() * (watchMaxSeconds - watchMinSeconds));
    const query = new URLSearchParams({
      watch: '1',
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(seconds),
      resourceVersion: this.#resourceVersion ?? '',
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    });
    this.#bookmark = undefined;
    const startedAtMs = Date.now();
    const path = `${resourcePath(info, namespace)}?${query.toString()}`;
    const accept = this.#accept(isMetadataOnly, AS_OBJECT);
    const idleMs = Math.min(quietMs, seconds * 1000 + graceMs);
    let rest: Buffer[] = [];
    let hasBegun = false;
    try {
      for await (const chunk of this.#transport.stream({ method: 'GET', path, accept, subject: this.#subject('watch'), signal }, idleMs)) {
        hasBegun = true;
        let from = 0;
        for (let end = chunk.indexOf(NEWLINE, from); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
          const piece = chunk.subarray(from, end);
          const line = rest.length === 0 ? piece : Buffer.concat([...rest, piece]);
          rest = [];
          from = end + 1;
          if (line.length > 0) this.#applyEvent(line.toString('utf8'));
        }
        if (from < chunk.length) rest.push(chunk.subarray(from));
        this.#sink.news();
      }
      const isAtItsTime = Date.now() - startedAtMs >= seconds * 1000 - EARLY_MS;
      if (isAtItsTime && rest.length === 0) this.#believeBookmark();
    } catch (error) {
      // Silence or a break in the middle: the next watch goes on where this one ended.
      if (!hasBegun || !isAppError(error, 'timed-out', 'unreachable')) throw error;
    }
  }

  #believeBookmark(): void {
    this.#resourceVersion = this.#bookmark ?? this.#resourceVersion;
  }

  #applyEvent(line: string): void {
    let event: JsonValue;
    try {
      event = JSON.parse(line) as JsonValue;
    } catch {
      throw new BrokenEventError();
    }
    const type = stringAt(event, 'type');
    const body = isJsonObject(event) ? event['object'] : undefined;
    if (type === 'ERROR') {
      const code = isJsonObject(body) && typeof body['code'] === 'number' ? body['code'] : 500;
      throw apiError(code, body, this.#subject('watch'), this.#target);
    }
    const object = this.#asObject(body);
    if (object === undefined) throw new BrokenEventError();
    if (type === 'ADDED' || type === 'MODIFIED') this.#sink.upsert(object);
    else if (type === 'DELETED') this.#sink.remove(object);
    else if (type !== 'BOOKMARK') throw new BrokenEventError();
    this.#broken = 0;
    const resourceVersion = stringAt(object.metadata, 'resourceVersion');
    this.#bookmark = type === 'BOOKMARK' ? resourceVersion : undefined;
    if (type !== 'BOOKMARK' && resourceVersion !== undefined) this.#resourceVersion = resourceVersion;
  }

  #asObject(value: JsonValue | undefined): KubeObject | undefined {
    if (!isJsonObject(value) || !isJsonObject(value['metadata'])) return undefined;
    const { group, version, kind } = this.spec.info;
    const object: JsonObject = { ...value, apiVersion: group === '' ? version : `${group}/${version}`, kind };
    return object as KubeObject;
  }

  #accept(isMetadataOnly: boolean, form: string): string {
    if (!isMetadataOnly) return 'application/json';
    // Without the second choice for Secrets: a server that cannot leave the data out shall refuse.
    return this.spec.info.kind === 'Secret' && this.spec.info.group === '' ? form : `${form},application/json`;
  }

  #subject(verb: string): CallSubject {
    return { verb, group: this.spec.info.group, resource: this.spec.info.plural, namespace: this.spec.namespace };
  }
}
