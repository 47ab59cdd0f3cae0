import * as vscode from 'vscode';
import { Emitter } from '../../base/events.ts';
import { DisposableStore } from '../../base/lifecycle.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import type { LineMark } from '../../engine/model/snapshot.ts';
import type { EngineApi } from '../engine/connection.ts';
import { moveMarks } from './markLines.ts';

/** The marks of all files as the engine last sent them, moved along with edits made since. */
export class FileMarks implements Disposable {
  readonly #disposables = new DisposableStore();
  readonly #changes = this.#disposables.add(new Emitter<vscode.Uri>());
  readonly #marks = new Map<string, readonly LineMark[]>();

  /** Fires for a file whose marks the engine sent anew; not for edits, which the editor's own decorations follow. */
  readonly onDidChange = this.#changes.event;

  constructor(engine: EngineApi) {
    this.#disposables.add(
      engine.on('plumbline/decorations', ({ file, marks }) => {
        this.#set(vscode.Uri.file(file), marks);
      }),
    );
    this.#disposables.add(
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        const key = document.uri.toString();
        const before = this.#marks.get(key);
        if (before === undefined) return;
        let marks = before;
        for (const { range, text } of contentChanges) {
          marks = moveMarks(marks, {
            startLine: range.start.line,
            endLine: range.end.line,
            insertedLines: text.split('\n').length - 1,
            startsAtLineStart: range.start.character === 0,
          });
        }
        this.#marks.set(key, marks);
        // The editor's decorations follow by themselves, but a deleted line would leave its note on the next one.
        if (marks.length < before.length) this.#changes.fire(document.uri);
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

  /** Forgets everything: another engine sends its own. */
  clear(): void {
    const files = this.files();
    this.#marks.clear();
    for (const uri of files) this.#changes.fire(uri);
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #set(uri: vscode.Uri, marks: readonly LineMark[]): void {
    const key = uri.toString();
    if (JSON.stringify(this.#marks.get(key) ?? []) === JSON.stringify(marks)) return;
    if (marks.length === 0) this.#marks.delete(key);
    else this.#marks.set(key, marks);
    this.#changes.fire(uri);
  }
}
