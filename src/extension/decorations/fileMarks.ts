import * as vscode from 'vscode';
import { Emitter } from '../../base/events.ts';
import { DisposableStore } from '../../base/lifecycle.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import type { LineMark } from '../../engine/model/snapshot.ts';
import type { EngineApi } from '../engine/connection.ts';
import { EditTrail, followEdits } from './editTrail.ts';
import type { LineEdit } from './markLines.ts';

/** Marks of a text that nobody knows any more wait so long for those of the text that is there. */
const pauseMs = 150;

/** The marks of all files as the engine last sent them, moved along with edits made since. */
export class FileMarks implements Disposable {
  readonly #disposables = new DisposableStore();
  readonly #changes = this.#disposables.add(new Emitter<vscode.Uri>());
  readonly #marks = new Map<string, readonly LineMark[]>();
  /** files whose marks an engine sent that is gone */
  readonly #outdated = new Set<string>();
  readonly #trails = new Map<string, EditTrail>();
  /** documents edited within the last {@link pauseMs}, with the marks of unknown age that arrived since */
  readonly #typing = new Map<string, { timer: NodeJS.Timeout; arrived: readonly LineMark[] | undefined }>();

  /** Fires for a file whose marks the engine sent anew; not for edits, which the editor's own decorations follow. */
  readonly onDidChange = this.#changes.event;

  constructor(engine: EngineApi) {
    this.#disposables.add(
      engine.on('plumbline/decorations', ({ file, marks, version }) => {
        this.#receive(vscode.Uri.file(file), marks, version);
      }),
    );
    this.#disposables.add(
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (document.uri.scheme === 'file' && contentChanges.length > 0) this.#follow(document, contentChanges.map(toLineEdit));
      }),
    );
    this.#disposables.add(
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        this.#trails.delete(uri.toString());
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

  #receive(uri: vscode.Uri, marks: readonly LineMark[], version: number | undefined): void {
    const key = uri.toString();
    const trail = this.#trails.get(key);
    const moved = version === undefined || trail === undefined ? undefined : trail.follow(marks, version);
    const typing = this.#typing.get(key);
    if (moved !== undefined) {
      if (typing !== undefined) typing.arrived = undefined;
      this.#set(uri, moved);
    } else if (typing === undefined) this.#set(uri, marks);
    else typing.arrived = marks;
  }

  #follow({ uri, version }: vscode.TextDocument, edits: readonly LineEdit[]): void {
    const key = uri.toString();
    const trail = this.#trails.get(key) ?? new EditTrail();
    this.#trails.set(key, trail);
    trail.add(version, edits);
    const before = this.#marks.get(key) ?? [];
    const marks = followEdits(before, edits);
    if (marks.length > 0) this.#marks.set(key, marks);
    else this.#marks.delete(key);
    const typing = this.#typing.get(key);
    clearTimeout(typing?.timer);
    const arrived = typing?.arrived === undefined ? undefined : followEdits(typing.arrived, edits);
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

function toLineEdit({ range, text }: vscode.TextDocumentContentChangeEvent): LineEdit {
  return {
    startLine: range.start.line,
    endLine: range.end.line,
    insertedLines: text.split('\n').length - 1,
    startsAtLineStart: range.start.character === 0,
  };
}
