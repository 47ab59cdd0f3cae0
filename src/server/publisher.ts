import { randomUUID } from 'node:crypto';
import { coalesce } from '../base/async.ts';
import { type Disposable, DisposableStore } from '../base/lifecycle.ts';
import type { EngineApi } from '../engine/engineApi.ts';
import type { ApplicationRow } from '../engine/model/snapshot.ts';
import type { SnapshotPage, Stamp } from '../protocol/messages.ts';

const publishIntervalMs = 50;
/** while something changes all the time; rows are read, not waited for as marks are */
const longestIntervalMs = 400;
const maximumPageBytes = 256 * 1024;
/** how many versions back a delta can be asked for; older stamps get a full snapshot */
const historyLength = 512;

/** Stamps changes of the engine with `{epoch, version}`, tells of them at most once per 50 ms (less often while they do not end), and cuts snapshots into pages. */
export class Publisher implements Disposable {
  readonly #engine: EngineApi;
  readonly #store = new DisposableStore();
  readonly #epoch = randomUUID();
  readonly #pending = new Set<string>();
  /** which applications changed in version n: index 0 is version #firstVersion */
  readonly #history: (readonly string[])[] = [];
  #version = 1;

  /**
   * @param engine the source of rows
   * @param notify sends `plumbline/changed`
   */
  constructor(engine: EngineApi, notify: (change: Stamp & { applicationIds: readonly string[] }) => void) {
    this.#engine = engine;
    const publish = this.#store.add(
      coalesce(
        publishIntervalMs,
        () => {
          const applicationIds = [...this.#pending];
          this.#pending.clear();
          this.#version += 1;
          this.#history.push(applicationIds);
          if (this.#history.length > historyLength) this.#history.shift();
          notify({ epoch: this.#epoch, version: this.#version, applicationIds });
        },
        longestIntervalMs,
      ),
    );
    this.#store.add(
      engine.onDidChangeRows((ids) => {
        for (const id of ids) this.#pending.add(id);
        publish.request();
      }),
    );
  }

  /**
   * One page of rows: a delta when `since` is of this epoch and recent enough, else everything.
   * @param cursor where the page before ended (`version/offset`); pages of one pull may span versions, the last one's stamp counts
   */
  page(since: Stamp | undefined, cursor: string | undefined): SnapshotPage {
    const changed = this.#changedSince(since);
    const all = this.#engine.applicationIds();
    const ids = changed === undefined ? all : all.filter((id) => changed.has(id));
    const offset = cursor === undefined ? 0 : Number.parseInt(cursor, 10);
    const { end, page } = this.#cutPage(ids, offset);
    const isFirst = offset === 0;
    const known = new Set(all);
    return {
      epoch: this.#epoch,
      version: this.#version,
      applications: page,
      removed: isFirst && changed !== undefined ? [...changed].filter((id) => !known.has(id)) : [],
      clusters: isFirst ? this.#engine.clusters() : [],
      repos: isFirst ? this.#engine.repos() : [],
      isFull: changed === undefined,
      ...(end < ids.length ? { cursor: String(end) } : {}),
    };
  }

  dispose(): void {
    this.#store.dispose();
  }

  #changedSince(since: Stamp | undefined): Set<string> | undefined {
    if (since?.epoch !== this.#epoch) return undefined;
    const missed = this.#version - since.version;
    if (missed < 0 || missed > this.#history.length) return undefined;
    return new Set(missed === 0 ? [] : this.#history.slice(-missed).flat());
  }

  #cutPage(ids: readonly string[], offset: number): { page: readonly ApplicationRow[]; end: number } {
    const page: ApplicationRow[] = [];
    let bytes = 0;
    let end = offset;
    for (const id of ids.slice(offset)) {
      const row = this.#engine.row(id);
      bytes += row === undefined ? 0 : JSON.stringify(row).length;
      if (bytes > maximumPageBytes && end > offset) break;
      if (row !== undefined) page.push(row);
      end += 1;
    }
    return { page, end };
  }
}
