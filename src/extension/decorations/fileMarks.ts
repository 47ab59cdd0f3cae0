import * as vscode from 'vscode';
import { Emitter } from '../../base/events.ts';
import { DisposableStore } from '../../base/lifecycle.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import type { LineMark } from '../../engine/model/snapshot.ts';
import type { EngineApi } from '../engine/connection.ts';
import { moveMarks } from './markLines.ts';

/** Marks that arrive while the user types wait so long for a pause: they were made from a text that is gone already. */
const pauseMs = 150;

/** The marks of all files as the engine last sent them, moved along with edits made since. */
export class FileMarks implements Disposable {
  readonly #disposables = new DisposableStore();
  readonly #changes = this.#disposables.add(new Emitter<vscode.Uri>());
  readonly #marks = new Map<string, readonly LineMark[]>();
  /** files whose marks an engine sent that is gone */
  readonly #outdated = new Set<string>();
  /** documents edited within the last {@link pauseMs}, with the marks that arrived since */
  readonly #typing = new Map<string, { timer: NodeJS.Timeout; arrived: readonly LineMark[] | undefined }>();

  /** Fires for a file whose marks the engine sent anew; not for edits, which the editor's own decorations follow. */
  readonly onDidChange = this.#changes.event;

  constructor(engine: EngineApi) {
    this.#disposables.add(
      engine.on('plumbline/decorations', ({ file, marks }) => {
        const uri = vscode.Uri.file(file);
        const typing = this.#typing.get(uri.toString());
        if (typing === undefined) this.#set(uri, marks);
        else typing.arrived = marks;
      }),
    );
    this.#disposables.add(
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (document.uri.scheme === 'file' && contentChanges.length > 0) this.#follow(document.uri, contentChanges);
      }),
    );
  }

  /** Marks of a file; none when the engine sent none. */
  get(uri: vscode.Uri): readonly LineMark[] {
    return this.#marks.get(uri.toString()) ?? [];
  }

  /** Files that have marks. */
  files(): vscode.Uri[] {
    return [...this.#marks].filter(([, marks]) => marks.length > 0).map(([uri]) => vscode.Uri.parse(uri, true));
  }

  /** Another engine sends its own marks: those held stay until it has compared everything, so that nothing flickers. */
  outdate(): void {
    for (const key of this.#marks.keys()) this.#outdated.add(key);
  }

  /** Forgets the marks of the engine before that the new one did not send again. */
  dropOutdated(): void {
    for (const key of this.#outdated) {
      this.#marks.delete(key);
      this.#changes.fire(vscode.Uri.parse(key, true));
    }
    this.#outdated.clear();
  }

  dispose(): void {
    for (const { timer } of this.#typing.values()) clearTimeout(timer);
    this.#typing.clear();
    this.#disposables.dispose();
  }

  #follow(uri: vscode.Uri, changes: readonly vscode.TextDocumentContentChangeEvent[]): void {
    const key = uri.toString();
    const before = this.#marks.get(key) ?? [];
    const marks = moveAll(before, changes);
    if (marks.length > 0) this.#marks.set(key, marks);
    else this.#marks.delete(key);
    const typing = this.#typing.get(key);
    clearTimeout(typing?.timer);
    const arrived = typing?.arrived === undefined ? undefined : moveAll(typing.arrived, changes);
    const timer = setTimeout(() => {
      const waiting = this.#typing.get(key)?.arrived;
      this.#typing.delete(key);
      if (waiting !== undefined) this.#set(uri, waiting);
    }, pauseMs);
    this.#typing.set(key, { timer, arrived });
    // The editor's decorations follow by themselves, but a deleted line would leave its note on the next one.
    if (marks.length < before.length) this.#changes.fire(uri);
  }

  #set(uri: vscode.Uri, marks: readonly LineMark[]): void {
    const key = uri.toString();
    this.#outdated.delete(key);
    if (JSON.stringify(this.#marks.get(key) ?? []) === JSON.stringify(marks)) return;
    if (marks.length === 0) this.#marks.delete(key);
    else this.#marks.set(key, marks);
    this.#changes.fire(uri);
  }
}

function moveAll(marks: readonly LineMark[], changes: readonly vscode.TextDocumentContentChangeEvent[]): readonly LineMark[] {
  let moved = marks;
  for (const { range, text } of changes) {
    moved = moveMarks(moved, {
      startLine: range.start.line,
      endLine: range.end.line,
      insertedLines: text.split('\n').length - 1,
      startsAtLineStart: range.start.character === 0,
    });
  }
  return moved;
}
