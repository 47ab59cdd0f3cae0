import * as vscode from 'vscode';
import { DisposableStore } from '../../base/lifecycle.ts';
import type { HealthStatus } from '../../engine/model/states.ts';
import { healthStatuses } from '../../engine/model/states.ts';
import { rowScheme } from '../ids.ts';
import type { Settings } from '../settings.ts';
import { healthLook, healthWords } from '../words/states.ts';
import type { FileMarks } from './fileMarks.ts';

/** Badges of files that set drifted fields, in the Explorer and on tabs. */
export class FileBadges implements vscode.FileDecorationProvider, vscode.Disposable {
  readonly #marks: FileMarks;
  readonly #settings: Settings;
  readonly #disposables = new DisposableStore();
  readonly #changes = this.#disposables.add(new vscode.EventEmitter<vscode.Uri[]>());
  /** the badge's text by file, as it was given last: values that move under it are no news to the Explorer */
  readonly #given = new Map<string, string | undefined>();

  readonly onDidChangeFileDecorations = this.#changes.event;

  constructor(marks: FileMarks, settings: Settings) {
    this.#marks = marks;
    this.#settings = settings;
    this.#disposables.add(
      marks.onDidChange((uri) => {
        if (this.#given.has(uri.toString()) && this.#given.get(uri.toString()) === this.#text(uri)) return;
        this.#changes.fire([uri]);
      }),
    );
  }

  /** Asks for all badges anew, e.g. after the setting changed. */
  refreshAll(): void {
    this.#changes.fire(this.#marks.files());
  }

  provideFileDecoration(uri: vscode.Uri): vscode.FileDecoration | undefined {
    if (uri.scheme !== 'file') return undefined;
    const text = this.#text(uri);
    this.#given.set(uri.toString(), text);
    if (text === undefined) return undefined;
    const decoration = new vscode.FileDecoration('≠', text, new vscode.ThemeColor('plumbline.driftedForeground'));
    // A folder takes the colour of what is below it, so that drift is found in a closed tree.
    decoration.propagate = true;
    return decoration;
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  /** What the badge of a file says; undefined: it has none. */
  #text(uri: vscode.Uri): string | undefined {
    if (!this.#settings.areDecorationsEnabled) return undefined;
    const marks = this.#marks
      .get(uri)
      .filter((mark) => mark.kind !== 'out-of-sync' && mark.kind !== 'cannot-compare' && mark.kind !== 'edited');
    if (marks.length === 0) return undefined;
    const places = [...new Set(marks.map((mark) => mark.environment ?? mark.context))].join(', ');
    const { l10n } = vscode;
    return marks.length === 1
      ? l10n.t('1 difference in the cluster ({0})', places)
      : l10n.t('{0} differences in the cluster ({1})', marks.length, places);
  }
}

/** Badges of tree rows: the health of an application, object or child, when it is not well. */
export class HealthBadges implements vscode.FileDecorationProvider {
  provideFileDecoration(uri: vscode.Uri): vscode.FileDecoration | undefined {
    if (uri.scheme !== rowScheme) return undefined;
    const status = healthStatuses.find((candidate: HealthStatus) => `/${candidate}` === uri.path);
    if (status === undefined) return undefined;
    const { badge, color } = healthLook(status);
    if (badge === undefined) return undefined;
    const tooltip = healthWords(status, vscode.l10n);
    // The colour stays off the label: it tells the sync state by its icon, the badge tells the health.
    return color === undefined || status !== 'degraded'
      ? new vscode.FileDecoration(badge, tooltip)
      : new vscode.FileDecoration(badge, tooltip, new vscode.ThemeColor(color));
  }
}
