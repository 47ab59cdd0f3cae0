import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BackgroundRunner, delay, loggingRunner, raceWithSignal } from '../../base/async.ts';
import { ignoreAppErrors, isAppError } from '../../base/errors.ts';
import { Emitter } from '../../base/events.ts';
import { sha256 } from '../../base/hash.ts';
import { type Disposable, DisposableStore } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/log.ts';
import { isJsonObject, type JsonObject, type JsonValue, objectAt, stringAt } from '../model/json.ts';
import type { GroupVersionKind } from '../model/objects.ts';
import { reduceOpenApi, type SchemaDocument, schemaOfKind, type TypeSchema } from '../model/schema.ts';
import type { Schemas } from './api.ts';
import type { CallSubject } from './apiErrors.ts';
import { groupVersionOf } from './discovery.ts';
import { descriptionAt } from './fieldDocs.ts';
import type { FieldPath } from '../model/fieldPath.ts';
import type { Transport } from './transport.ts';

/** Goes into the file name: a change of the reduced form makes old files unread. */
const FORM = '1';
const SUBJECT: CallSubject = { verb: 'get', group: '', resource: 'openapi', namespace: '' };
/** After so many failures of the server in a row its kinds go without a schema: the server behind an APIService may be down for long. */
const MAX_FAILURES = 3;
/** So long; then it is asked for again. */
const WITHOUT_MS = 60_000;
/**
 * When definitions changed, the server publishes their schemas some time later (kube-aggregator looks at its own server's once a second,
 * pkg/controllers/openapiv3/controller.go `successfulUpdateDelayLocal`, later under load): the index is read again after each of these pauses.
 */
const PUBLISHED_MS = [0, 500, 1_000, 2_000, 4_000, 8_000];
/** A look that failed is made again after twice this, then ever more seldom. */
const FAILED_MIN_MS = 500;
const FAILED_MAX_MS = 60_000;
/** After these further ones only while a schema that was asked for is still not there. */
const MISSING_MS = [15_000, 30_000, 60_000];

/**
 * OpenAPI v3 per group-version (KEP-2896), reduced and kept on disk by the content hash that the server names it by.
 * Schemas hold no values of objects, so nothing secret reaches the disk.
 */
export class ServerSchemas implements Schemas, Disposable {
  readonly #transport: Transport;
  readonly #folder: string | undefined;
  readonly #log: Logger;
  readonly #online: (signal: AbortSignal) => Promise<void>;
  readonly #disposables = new DisposableStore();
  readonly #background: BackgroundRunner;
  readonly #changed = this.#disposables.add(new Emitter<ReadonlySet<string>>());
  readonly #documents = new Map<string, Promise<SchemaDocument | undefined>>();
  /** the document that was last asked for its words; they are too long to be kept for all */
  #raw: { readonly url: string; readonly json: JsonObject } | undefined;
  readonly #ready = new Map<string, SchemaDocument>();
  /** how often in a row the server failed to give a document, and when last, by group-version */
  readonly #failures = new Map<string, { readonly count: number; readonly atMs: number }>();
  #index: Promise<ReadonlyMap<string, string>> | undefined;
  /** the address in the index by which each document was read last, by group-version; undefined: the index did not have it */
  readonly #readFrom = new Map<string, string | undefined>();
  /** how many of the pauses are over; undefined while nobody looks */
  #looks: number | undefined;

  readonly onDidChange = this.#changed.event;

  /**
   * @param folder for the reduced documents; undefined keeps them in memory only
   * @param online resolves when the server is believed reachable, rejects when it never will be
   */
  constructor(transport: Transport, folder: string | undefined, log: Logger, online: (signal: AbortSignal) => Promise<void>) {
    this.#transport = transport;
    this.#folder = folder;
    this.#log = log;
    this.#online = online;
    this.#background = this.#disposables.add(loggingRunner(log));
  }

  async schemaOf(gvk: GroupVersionKind, signal = this.#background.signal): Promise<TypeSchema | undefined> {
    const document = await raceWithSignal(this.#document(groupVersionOf(gvk)), signal);
    return document === undefined ? undefined : schemaOfKind(document, gvk.kind);
  }

  known(gvk: GroupVersionKind): TypeSchema | undefined {
    const document = this.#ready.get(groupVersionOf(gvk));
    return document === undefined ? undefined : schemaOfKind(document, gvk.kind);
  }

  async documentation(gvk: GroupVersionKind, path: FieldPath, signal: AbortSignal): Promise<string | undefined> {
    this.#index ??= this.#readIndex();
    const groupVersion = groupVersionOf(gvk);
    const index = await raceWithSignal(this.#index, signal);
    const url = index.get(pathOf(groupVersion));
    if (url === undefined) return undefined;
    if (this.#raw?.url !== url) {
      const { json } = await this.#read(url, signal);
      if (!isJsonObject(json)) return undefined;
      this.#raw = { url, json };
    }
    return descriptionAt(this.#raw.json, gvk, path);
  }

  /** Forgets everything: another cluster answers now. Unchanged documents come from disk. */
  invalidate(): void {
    this.#index = undefined;
    this.#documents.clear();
    this.#readFrom.clear();
  }

  /** Definitions or the server's version changed: looks for other documents, now and while they may still be on their way. */
  lookAgain(): void {
    if (this.#looks === undefined) this.#lookFrom(0);
    else this.#looks = 0;
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  /** @param looks so many are left out */
  #lookFrom(looks: number): void {
    if (this.#looks !== undefined) return;
    this.#looks = looks;
    this.#background.run('looking for changed schemas', (signal) => this.#look(signal));
  }

  async #look(signal: AbortSignal): Promise<void> {
    let failures = 0;
    try {
      for (;;) {
        const looks: number = this.#looks ?? 0;
        const isMissing = [...this.#readFrom.values()].includes(undefined);
        const pauseMs = [...PUBLISHED_MS, ...(isMissing ? MISSING_MS : [])][looks];
        if (pauseMs === undefined) return;
        this.#looks = looks + 1;
        await delay(failures === 0 ? pauseMs : Math.min(FAILED_MIN_MS * 2 ** failures, FAILED_MAX_MS), signal);
        if (failures > 0) await this.#online(signal);
        const hasSeen = await this.lookOnce();
        failures = hasSeen ? 0 : failures + 1;
        // What nobody could see does not count, but whoever asked meanwhile for all of them does.
        if (!hasSeen && this.#looks === looks + 1) this.#looks = looks;
      }
    } catch (error) {
      // The connection's state tells that nobody will answer.
      ignoreAppErrors(error);
    } finally {
      this.#looks = undefined;
    }
  }

  /** Forgets the documents that are others by now, and tells of them. @returns false: the server could not say */
  async lookOnce(): Promise<boolean> {
    let index: ReadonlyMap<string, string>;
    try {
      index = await this.#readIndex();
    } catch (error) {
      if (isAppError(error)) return false;
      throw error;
    }
    this.#index = Promise.resolve(index);
    const changed = new Set(
      [...this.#readFrom].flatMap(([groupVersion, url]) => (index.get(pathOf(groupVersion)) === url ? [] : groupVersion)),
    );
    for (const groupVersion of changed) this.#documents.delete(groupVersion);
    if (changed.size > 0) this.#changed.fire(changed);
    return true;
  }

  #document(groupVersion: string): Promise<SchemaDocument | undefined> {
    const failures = this.#failures.get(groupVersion);
    const isDue = failures !== undefined && Date.now() - failures.atMs >= WITHOUT_MS;
    const known = isDue ? undefined : this.#documents.get(groupVersion);
    if (known !== undefined) return known;
    const loading = this.#load(groupVersion).then(
      (document) => {
        // It may be another by now, which is being loaded too.
        if (this.#documents.get(groupVersion) !== loading) return document;
        if (document === undefined) this.#ready.delete(groupVersion);
        else this.#ready.set(groupVersion, document);
        return document;
      },
      (error: unknown) => {
        if (this.#documents.get(groupVersion) === loading) this.#documents.delete(groupVersion);
        throw error;
      },
    );
    this.#documents.set(groupVersion, loading);
    return loading;
  }

  async #load(groupVersion: string): Promise<SchemaDocument | undefined> {
    this.#index ??= this.#readIndex();
    let index: ReadonlyMap<string, string>;
    try {
      index = await this.#index;
    } catch (error) {
      this.#index = undefined;
      throw error;
    }
    const url = index.get(pathOf(groupVersion));
    this.#readFrom.set(groupVersion, url);
    if (url === undefined) {
      // Its kinds may be served already: the server publishes their schemas later.
      this.#lookFrom(1);
      return undefined;
    }
    const hash = new URL(url, 'https://localhost').searchParams.get('hash') ?? '';
    const before = this.#ready.get(groupVersion);
    if (before !== undefined && hash !== '' && before.hash === hash) return before;
    const file =
      this.#folder === undefined || hash === ''
        ? undefined
        : join(this.#folder, `${sha256(`${FORM} ${groupVersion} ${hash}`).slice(0, 32)}.json`);
    const stored = file === undefined ? undefined : await readStored(file, groupVersion, hash);
    if (stored !== undefined) return stored;
    try {
      const { json, isOfUrl } = await this.#read(url, this.#background.signal);
      if (!isJsonObject(json)) return undefined;
      this.#failures.delete(groupVersion);
      const document = reduceOpenApi(groupVersion, isOfUrl ? hash : '', json);
      if (file !== undefined && isOfUrl) await this.#store(file, document);
      return document;
    } catch (error) {
      // The server behind an APIService may be down for long: its kinds go without a schema meanwhile.
      if (isAppError(error, 'not-found', 'unknown-kind', 'forbidden')) return undefined;
      if (!isAppError(error, 'server-error', 'server-timeout')) throw error;
      const count = (this.#failures.get(groupVersion)?.count ?? 0) + 1;
      this.#failures.set(groupVersion, { count, atMs: Date.now() });
      if (count < MAX_FAILURES) throw error;
      return undefined;
    }
  }

  /**
   * A document by its address in the index, or that of now when the server has another since the index was read: it answers 301 then
   * (kube-openapi pkg/handler3/handler.go).
   */
  async #read(url: string, signal: AbortSignal): Promise<{ readonly json: JsonValue; readonly isOfUrl: boolean }> {
    try {
      return { json: (await this.#transport.send({ method: 'GET', path: url, subject: SUBJECT, signal })).json, isOfUrl: true };
    } catch (error) {
      if (!isAppError(error, 'bad-request') || error.details['status'] !== 301) throw error;
      this.#index = undefined;
      const path = new URL(url, 'https://localhost').pathname;
      return { json: (await this.#transport.send({ method: 'GET', path, subject: SUBJECT, signal })).json, isOfUrl: false };
    }
  }

  async #readIndex(): Promise<ReadonlyMap<string, string>> {
    try {
      const { json } = await this.#transport.send({
        method: 'GET',
        path: '/openapi/v3',
        subject: SUBJECT,
        signal: this.#background.signal,
      });
      const paths = objectAt(json, 'paths');
      return new Map(Object.entries(paths).map(([path, entry]) => [path, stringAt(entry, 'serverRelativeURL') ?? '']));
    } catch (error) {
      if (isAppError(error, 'not-found', 'unknown-kind', 'forbidden')) return new Map();
      throw error;
    }
  }

  async #store(file: string, document: SchemaDocument): Promise<void> {
    try {
      await mkdir(join(file, '..'), { recursive: true });
      const temporary = `${file}.${String(process.pid)}.tmp`;
      await writeFile(temporary, JSON.stringify(document));
      await rename(temporary, file);
    } catch (error) {
      this.#log.warn(`a schema could not be stored: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/** Where the index names the document of a group-version. */
function pathOf(groupVersion: string): string {
  return groupVersion.includes('/') ? `apis/${groupVersion}` : `api/${groupVersion}`;
}

async function readStored(file: string, groupVersion: string, hash: string): Promise<SchemaDocument | undefined> {
  try {
    const stored = JSON.parse(await readFile(file, 'utf8')) as SchemaDocument;
    return stored.groupVersion === groupVersion && stored.hash === hash ? stored : undefined;
  } catch {
    return undefined;
  }
}
