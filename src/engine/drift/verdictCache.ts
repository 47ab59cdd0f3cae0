import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { keyedHash } from '../../base/hash.ts';
import { omit } from '../compare/omit.ts';
import { arrayAt, canonicalJson, isJsonObject, type JsonObject, type JsonValue, stringAt } from '../model/json.ts';
import type { KubeObject } from '../model/objects.ts';
import type { Verdict } from '../model/states.ts';
import type { JudgeContext } from './judgement.ts';
import type { Prepared } from './prepare.ts';

/** Part of every key: verdicts of another way of judging never count. Raise it with every change of compare/ or drift/ that moves verdicts. */
const JUDGE_VERSION = '14';

/** Verdicts are kept this long at most, so that what webhooks and policies would say anew is asked again. */
const MAX_AGE_MS = 24 * 60 * 60 * 1000;
const MAX_ENTRIES = 20_000;

interface Entry {
  readonly verdict: Verdict;
  /** epoch milliseconds of the dry-run */
  readonly judgedAtMs: number;
}

/** Options of a {@link VerdictCache}. */
export interface VerdictCacheOptions {
  /** the installation's secret: keys reveal nothing of the objects */
  readonly hashKey: Uint8Array;
  /** file to keep verdicts in; absent: memory only */
  readonly file?: string;
  /** epoch milliseconds */
  readonly now: () => number;
}

/**
 * Verdicts that cost a dry-run, by everything that decides them (design.md §7). Refusals are never put in. Values of Secrets are masked
 * before they come here.
 */
export class VerdictCache {
  readonly #options: VerdictCacheOptions;
  readonly #entries = new Map<string, Entry>();
  #isChanged = false;

  constructor(options: VerdictCacheOptions) {
    this.#options = options;
  }

  /** How many verdicts are held. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * The key of a judgement: cluster, object, desired, live without what changes by itself (status, resourceVersion, generation, times of
   * managedFields), last apply, manager, schema, server version, rules.
   */
  keyOf(prepared: Prepared, context: JudgeContext): string {
    const { input, raw, fromGit, owner, places } = prepared;
    const parts: JsonValue = [
      JUDGE_VERSION,
      context.clusterUid,
      context.serverVersion,
      stringAt(raw.metadata, 'uid') ?? '',
      fromGit,
      stableLive(raw),
      prepared.recorded ?? null,
      prepared.base ?? null,
      owner === undefined ? null : [owner.manager, owner.operation],
      input.schema === undefined ? null : [input.schema.document.groupVersion, input.schema.document.hash],
      input.view?.countsAdmission === true,
      places.map((place) => [place.path.map((step) => canonicalJson({ ...step })), place.by]),
    ];
    return keyedHash(this.#options.hashKey, canonicalJson(parts));
  }

  /** A verdict that is not too old. */
  get(key: string): Verdict | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (this.#options.now() - entry.judgedAtMs > MAX_AGE_MS) return undefined;
    // The map's order is that of use, oldest first.
    this.#entries.set(key, entry);
    return entry.verdict;
  }

  /** Keeps a verdict; the least used ones give way. */
  set(key: string, verdict: Verdict): void {
    this.#entries.delete(key);
    this.#entries.set(key, { verdict, judgedAtMs: this.#options.now() });
    this.#isChanged = true;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= MAX_ENTRIES) break;
      this.#entries.delete(oldest);
    }
  }

  /** Reads the file; a missing or unreadable one is an empty cache. */
  async load(): Promise<void> {
    const { file } = this.#options;
    if (file === undefined) return;
    let stored: unknown;
    try {
      stored = JSON.parse(await readFile(file, 'utf8'));
    } catch {
      return;
    }
    if (!isJsonObject(stored) || stored['judge'] !== JUDGE_VERSION) return;
    const oldest = this.#options.now() - MAX_AGE_MS;
    for (const item of arrayAt(stored, 'verdicts')) {
      const key = stringAt(item, 'key');
      const judgedAtMs = isJsonObject(item) ? item['judgedAtMs'] : undefined;
      const verdict = isJsonObject(item) ? item['verdict'] : undefined;
      if (key === undefined || typeof judgedAtMs !== 'number' || !isVerdict(verdict) || judgedAtMs < oldest) continue;
      if (!this.#entries.has(key)) this.#entries.set(key, { verdict, judgedAtMs });
    }
  }

  /** Writes the file when something changed: readable by the user alone, put in place by rename, so that windows may share it. */
  async save(): Promise<void> {
    const { file } = this.#options;
    if (file === undefined || !this.#isChanged) return;
    this.#isChanged = false;
    const verdicts = [...this.#entries].map(([key, entry]) => ({ key, ...entry }));
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const draft = `${file}.${randomUUID()}`;
    try {
      await writeFile(draft, JSON.stringify({ judge: JUDGE_VERSION, verdicts }), { mode: 0o600 });
      await rename(draft, file);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  }
}

function isVerdict(value: unknown): value is Verdict {
  return isJsonObject(value) && typeof value['state'] === 'string' && Array.isArray(value['fields']) && Array.isArray(value['ignored']);
}

/** The live object without what changes without anybody changing a field. */
function stableLive(raw: KubeObject): JsonObject {
  const entries = arrayAt(raw.metadata, 'managedFields').flatMap((entry) =>
    isJsonObject(entry) && entry['subresource'] !== 'status' ? [omit(entry, TIME)] : [],
  );
  return { ...omit(raw, STATUS), metadata: { ...omit(raw.metadata, CHURN), managedFields: entries } };
}

const STATUS = new Set(['status']);
const TIME = new Set(['time']);
const CHURN = new Set(['resourceVersion', 'generation', 'managedFields']);
