import { type BackgroundRunner, delay, Throttler, withAnySignal } from '../../base/async.ts';
import { type Disposable, DisposableStore, toDisposable } from '../../base/lifecycle.ts';
import type { ApplicationSession } from '../sessions/applicationSession.ts';
import { EditEvaluator, type EvaluatedEdits } from './editEvaluator.ts';
import type { EditDryRuns } from './editDryRuns.ts';
import type { FileProblem } from '../model/files.ts';
import type { FileRange } from '../model/application.ts';
import { isComplete, renderReason, type RenderResult } from '../model/render.ts';
import type { EditEffect } from '../model/edits.ts';
import { reasonOf } from '../model/reasons.ts';
import type { RepoSession } from '../sessions/repoSession.ts';
import type { SourceRenderer } from '../sources/sourceRenderer.ts';

/** After so long without an edit the API server is asked (design.md §12). */
const idleMs = 500;
/** what is not answered is asked again, at last so often */
const longestPauseMs = 60_000;

/** What edits are evaluated with. */
export interface WorkingEditsServices {
  readonly repo: RepoSession;
  readonly renderer: SourceRenderer;
  readonly dryRuns: EditDryRuns;
  readonly background: BackgroundRunner;
  readonly sessions: () => readonly ApplicationSession[];
}

/** Who is told of edits. */
export interface EditListener {
  /** the edits of an application are others than before; undefined: it has none */
  onEdits(applicationId: string, edits: EvaluatedEdits | undefined): void;
  /** problems of these files (relative to the root) may be others */
  onProblems(files: readonly string[]): void;
}

/** What is known of the edits of one application. */
interface Entry {
  readonly throttler: Throttler;
  idle: AbortController;
  render: RenderResult | undefined;
  edits: EvaluatedEdits | undefined;
}

/**
 * The provisional verdicts of one repo: what the working tree, unsaved buffers included, would change in which application. A keystroke
 * renders the applications that read the file and judges the objects that came out otherwise against live, without any call; the API
 * server is asked once nobody has typed for half a second.
 */
export class WorkingEdits implements Disposable {
  readonly #services: WorkingEditsServices;
  readonly #listener: EditListener;
  readonly #evaluator: EditEvaluator;
  readonly #entries = new Map<string, Entry>();
  readonly #store = new DisposableStore();
  readonly #abort = new AbortController();
  readonly #signal: AbortSignal;

  constructor(services: WorkingEditsServices, listener: EditListener) {
    this.#services = services;
    this.#listener = listener;
    this.#signal = AbortSignal.any([services.background.signal, this.#abort.signal]);
    this.#evaluator = new EditEvaluator(services.repo.workingTree, services.dryRuns);
    this.#store.add(
      toDisposable(() => {
        this.#abort.abort();
      }),
    );
  }

  /** Files of the working tree changed (folders stand for all below): the applications that read them are looked at again. */
  filesChanged(paths: readonly string[]): void {
    for (const session of this.#services.sessions())
      if (reads(session, this.#entries.get(session.application.id), paths)) this.look(session);
  }

  /**
   * Live objects of an application changed: edits that touch none of them are as they were, and go on waiting for the API server.
   * @param keys `keyString`s
   */
  liveChanged(session: ApplicationSession, keys: readonly string[]): void {
    const objects = this.#entries.get(session.application.id)?.edits?.effect.objects ?? [];
    if (objects.some(({ key }) => keys.includes(key))) this.look(session);
  }

  /** Target of an application changed, or its edits did. */
  look(session: ApplicationSession): void {
    const { id } = session.application;
    if (!session.isEdited && this.#entries.get(id)?.edits === undefined && this.#entries.get(id)?.render === undefined) return;
    this.#entry(session).throttler.request();
  }

  /** Forgets an application. */
  drop(applicationId: string): void {
    const entry = this.#entries.get(applicationId);
    if (entry === undefined) return;
    entry.idle.abort();
    this.#entries.delete(applicationId);
    if (entry.edits !== undefined) this.#listener.onEdits(applicationId, undefined);
  }

  /** What the edits change, one entry per application that they change. */
  effects(): readonly EditEffect[] {
    return [...this.#entries.values()].flatMap(({ edits }) => edits?.effect ?? []);
  }

  /** The effect on one application, or undefined when its edits change nothing. */
  effect(applicationId: string): EditEffect | undefined {
    return this.#entries.get(applicationId)?.edits?.effect;
  }

  /** The render of the working tree, while it is another one than target's. */
  render(applicationId: string): RenderResult | undefined {
    return this.#entries.get(applicationId)?.render;
  }

  /** What the API server and the renders of the working tree say to the edits in one file. @param path relative to the root */
  problems(path: string): readonly FileProblem[] {
    return [...this.#entries.values()].flatMap(({ edits, render }) => [
      ...(edits?.refusals ?? []).filter(({ range }) => range.file === path),
      ...(render?.errors ?? []).flatMap((error): FileProblem[] =>
        error.file === path
          ? [
              {
                reason: renderReason(error),
                range: lineOf(path, error.line, error.column),
                severity: error.isWarning === true ? 'warning' : 'error',
              },
            ]
          : [],
      ),
    ]);
  }

  dispose(): void {
    for (const { idle } of this.#entries.values()) idle.abort();
    this.#entries.clear();
    this.#store.dispose();
  }

  #entry(session: ApplicationSession): Entry {
    const { id } = session.application;
    const known = this.#entries.get(id);
    if (known !== undefined) return known;
    const throttler = new Throttler(this.#services.background, `judge edits of ${id}`, () => this.#run(id));
    const entry: Entry = { throttler, idle: new AbortController(), render: undefined, edits: undefined };
    this.#entries.set(id, entry);
    return entry;
  }

  async #run(id: string): Promise<void> {
    const signal = this.#signal;
    const session = this.#services.sessions().find(({ application }) => application.id === id);
    const entry = this.#entries.get(id);
    if (session === undefined || entry === undefined) return;
    const { repo, renderer } = this.#services;
    const { render: target, connection, tree, application } = session;
    if (target === undefined || connection === undefined || tree === undefined || tree === repo.workingTree) return;
    const problemsBefore = entry.render?.errors ?? [];
    try {
      const working = await renderer.render(application, repo.workingTree, connection, signal);
      const isSame = working.key === target.key;
      entry.render = isSame ? undefined : working;
      const next = isSame ? undefined : await this.#evaluator.evaluate(session, working, entry.edits, signal);
      if (this.#entries.get(id) !== entry) return;
      this.#take(session, entry, next);
      if (next !== undefined && isComplete(working)) this.#askServerSoon(session, entry, working, next);
    } catch (error) {
      signal.throwIfAborted();
      const before = entry.edits;
      if (before !== undefined) this.#take(session, entry, { ...before, effect: { ...before.effect, problem: reasonOf(error) } });
    } finally {
      const files = [...problemsBefore, ...(entry.render?.errors ?? [])].flatMap(({ file }) => file ?? []);
      if (files.length > 0) this.#listener.onProblems([...new Set(files)]);
    }
  }

  #take({ application }: ApplicationSession, entry: Entry, next: EvaluatedEdits | undefined): void {
    const before = entry.edits;
    entry.edits = next;
    if (before === undefined && next === undefined) return;
    this.#listener.onEdits(application.id, next);
    const files = [...(before?.refusals ?? []), ...(next?.refusals ?? [])].map(({ range }) => range.file);
    if (files.length > 0) this.#listener.onProblems([...new Set(files)]);
  }

  /** Asks the API server after a pause; another edit meanwhile starts the pause anew. */
  #askServerSoon(session: ApplicationSession, entry: Entry, working: RenderResult, edits: EvaluatedEdits): void {
    entry.idle.abort();
    const idle = new AbortController();
    entry.idle = idle;
    this.#services.background.run(`dry-run edits of ${session.application.id}`, () =>
      withAnySignal([idle.signal, this.#signal], async (signal) => {
        let [asked, pauseMs] = [edits, idleMs];
        do {
          await delay(pauseMs, signal);
          const confirmed = await this.#evaluator.confirm(session, working, asked, signal);
          signal.throwIfAborted();
          if (entry.edits !== asked) return;
          this.#take(session, entry, confirmed);
          asked = confirmed;
          pauseMs = Math.min(pauseMs * 4, longestPauseMs);
        } while (asked.isUnanswered === true);
      }),
    );
  }
}

function reads(session: ApplicationSession, entry: Entry | undefined, paths: readonly string[]): boolean {
  if (paths.includes('')) return true;
  const { path: source } = session.application.source;
  const known = new Set([...(session.render?.reads ?? []), ...(entry?.render?.reads ?? [])].map(({ path }) => path));
  const isRead = (path: string): boolean => known.has(path) || [...known].some((one) => one.startsWith(`${path}/`));
  return paths.some((path) => source === '' || path === source || path.startsWith(`${source}/`) || isRead(path));
}

function lineOf(file: string, line: number | undefined, column: number | undefined): FileRange {
  const startLine = Math.max((line ?? 1) - 1, 0);
  const startColumn = Math.max((column ?? 1) - 1, 0);
  return { file, startLine, startColumn, endLine: startLine, endColumn: Math.max(startColumn + 1, 200) };
}
