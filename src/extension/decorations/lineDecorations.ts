import * as vscode from 'vscode';
import { DisposableStore } from '../../base/lifecycle.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import type { LineMark } from '../../engine/model/snapshot.ts';
import type { Settings } from '../settings.ts';
import type { WordsContext } from '../words/rowText.ts';
import type { FileMarks } from './fileMarks.ts';
import { lineNotes } from './markLines.ts';

/** Gutter icon and colour of each kind of mark; each icon has a shape of its own. */
const looks: Readonly<Record<LineMark['kind'], { readonly icon: string; readonly color: string }>> = {
  changed: { icon: 'changed', color: 'plumbline.driftedForeground' },
  added: { icon: 'added', color: 'plumbline.driftedForeground' },
  removed: { icon: 'removed', color: 'plumbline.missingForeground' },
  missing: { icon: 'missing', color: 'plumbline.missingForeground' },
  'out-of-sync': { icon: 'outOfSync', color: 'plumbline.outOfSyncForeground' },
  differs: { icon: 'differs', color: 'plumbline.differsForeground' },
  edited: { icon: 'edited', color: 'plumbline.outOfSyncForeground' },
  'cannot-compare': { icon: 'cannotCompare', color: 'plumbline.cannotCompareForeground' },
};

/** Paints marks into the editors: gutter icon, muted note at the end of the line, overview ruler. */
export class LineDecorations implements Disposable {
  readonly #marks: FileMarks;
  readonly #settings: Settings;
  readonly #words: () => WordsContext;
  readonly #disposables = new DisposableStore();
  readonly #types: ReadonlyMap<LineMark['kind'], vscode.TextEditorDecorationType>;
  /** the kinds that an editor shows: each `setDecorations` costs a message */
  readonly #painted = new WeakMap<vscode.TextEditor, ReadonlySet<LineMark['kind']>>();

  constructor(extensionUri: vscode.Uri, marks: FileMarks, settings: Settings, words: () => WordsContext) {
    this.#marks = marks;
    this.#settings = settings;
    this.#words = words;
    this.#types = new Map(
      Object.entries(looks).map(([kind, look]) => [kind as LineMark['kind'], this.#disposables.add(createType(extensionUri, look))]),
    );
    this.#disposables.add(
      marks.onDidChange((uri) => {
        const key = uri.toString();
        for (const editor of vscode.window.visibleTextEditors) if (editor.document.uri.toString() === key) this.#paint(editor);
      }),
    );
    this.#disposables.add(
      vscode.window.onDidChangeVisibleTextEditors(() => {
        this.paintAll();
      }),
    );
    this.paintAll();
  }

  /** Paints all visible editors anew, e.g. after the setting changed. */
  paintAll(): void {
    for (const editor of vscode.window.visibleTextEditors) this.#paint(editor);
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #paint(editor: vscode.TextEditor): void {
    if (editor.document.uri.scheme !== 'file') return;
    const marks = this.#settings.areDecorationsEnabled ? this.#marks.get(editor.document.uri) : [];
    const before = this.#painted.get(editor);
    if (marks.length === 0 && before === undefined) return;
    const byKind = new Map<LineMark['kind'], vscode.DecorationOptions[]>();
    for (const { line, kind, text } of lineNotes(marks, this.#words())) {
      if (line >= editor.document.lineCount) continue;
      const options = byKind.get(kind) ?? [];
      options.push({ range: editor.document.lineAt(line).range, renderOptions: { after: { contentText: text } } });
      byKind.set(kind, options);
    }
    for (const [kind, type] of this.#types) {
      const options = byKind.get(kind);
      if (options !== undefined || before?.has(kind) === true) editor.setDecorations(type, options ?? []);
    }
    this.#painted.set(editor, new Set(byKind.keys()));
  }
}

function createType(extensionUri: vscode.Uri, look: { icon: string; color: string }): vscode.TextEditorDecorationType {
  const icon = (theme: string): vscode.Uri => vscode.Uri.joinPath(extensionUri, 'media', 'gutter', `${look.icon}-${theme}.svg`);
  return vscode.window.createTextEditorDecorationType({
    light: { gutterIconPath: icon('light') },
    dark: { gutterIconPath: icon('dark') },
    gutterIconSize: 'contain',
    overviewRulerColor: new vscode.ThemeColor(look.color),
    overviewRulerLane: vscode.OverviewRulerLane.Left,
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedOpen,
    after: { margin: '0 0 0 3ch', color: new vscode.ThemeColor('plumbline.noteForeground') },
  });
}
