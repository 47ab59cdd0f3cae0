import type { CodeLens } from 'vscode-languageserver/node';
import { type BackgroundRunner, coalesce, Throttler } from '../base/async.ts';
import { type Disposable, DisposableStore, toDisposable } from '../base/lifecycle.ts';
import type { EngineApi } from '../engine/engineApi.ts';
import type { EngineSettings } from '../engine/model/settings.ts';
import { codeLensesOf, effectLensesOf, objectLensesOf } from './codeLens.ts';

const refreshIntervalMs = 500;
/** ages are told in minutes at least */
const ageIntervalMs = 15_000;

type LensSettings = Pick<EngineSettings, 'codeLensEnabled' | 'objectLensEnabled'>;

/** What lenses are made with. */
export interface LensOptions {
  readonly engine: Pick<EngineApi, 'uses' | 'editor' | 'onDidChangeRows'>;
  readonly settings: () => LensSettings;
  /** asks the editor to ask again */
  readonly refresh: () => void;
  readonly background: BackgroundRunner;
  /** how often ages are looked at, in ms; default 15 seconds */
  readonly ageMs?: number;
}

/**
 * The CodeLenses of the open files. The editor is asked to take them anew only when one of them says something else than it shows: when
 * states change, and as time goes by. Nothing but words is made for it, so that it costs no call.
 */
export class Lenses implements Disposable {
  readonly #options: LensOptions;
  readonly #store = new DisposableStore();
  /** by file, what the editor was given last */
  readonly #shown = new Map<string, string>();
  readonly #look: Throttler;

  constructor(options: LensOptions) {
    this.#options = options;
    const { engine, background, ageMs = ageIntervalMs } = options;
    this.#look = new Throttler(background, 'look at code lenses', () => this.#refreshChanged());
    const rows = this.#store.add(
      coalesce(refreshIntervalMs, () => {
        this.#look.request();
      }),
    );
    this.#store.add(
      engine.onDidChangeRows(() => {
        rows.request();
      }),
    );
    const timer = setInterval(() => {
      if (this.#shown.size > 0) this.#look.request();
    }, ageMs);
    this.#store.add(
      toDisposable(() => {
        clearInterval(timer);
      }),
    );
  }

  /** The lenses of a file (absolute path), remembered as what the editor shows. */
  async provide(file: string): Promise<CodeLens[]> {
    const lenses = await this.#lensesOf(file);
    this.#shown.set(file, JSON.stringify(lenses));
    return lenses;
  }

  /** The editor has closed a file. */
  forget(file: string): void {
    this.#shown.delete(file);
  }

  /** Settings changed. */
  settingsChanged(): void {
    this.#look.request();
  }

  dispose(): void {
    this.#store.dispose();
  }

  async #lensesOf(file: string): Promise<CodeLens[]> {
    const { engine, settings } = this.#options;
    const { codeLensEnabled, objectLensEnabled } = settings();
    return [
      ...(codeLensEnabled ? [...codeLensesOf(engine.uses(file)), ...effectLensesOf(engine.editor.effects(file), file)] : []),
      ...(objectLensEnabled ? objectLensesOf(await engine.editor.objectLines(file)) : []),
    ];
  }

  async #refreshChanged(): Promise<void> {
    for (const [file, shown] of this.#shown) {
      if (JSON.stringify(await this.#lensesOf(file)) === shown) continue;
      this.#options.refresh();
      return;
    }
  }
}
