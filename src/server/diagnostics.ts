import { type Connection, type Diagnostic, DiagnosticSeverity } from 'vscode-languageserver/node';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { pathToFileURL } from 'node:url';
import { type BackgroundRunner, coalesce } from '../base/async.ts';
import { type Disposable, DisposableStore } from '../base/lifecycle.ts';
import type { EngineApi } from '../engine/engineApi.ts';
import { describe } from '../engine/model/describe.ts';
import type { FileProblem } from '../engine/model/files.ts';
import type { LineMark } from '../engine/model/snapshot.ts';
import { toRange } from './ranges.ts';
import { markSentence } from './markText.ts';

/** `source` of every diagnostic of ours. */
const diagnosticSource = 'Plumbline';

const severities = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  information: DiagnosticSeverity.Information,
} as const;

/**
 * The Problems entries of one file: its drift marks as Information, its problems as errors and warnings.
 * @returns what `textDocument/publishDiagnostics` takes
 */
export function toDiagnostics(marks: readonly LineMark[], problems: readonly FileProblem[]): Diagnostic[] {
  return [
    ...problems.map((problem) => ({
      range: toRange(problem.range),
      severity: severities[problem.severity],
      source: diagnosticSource,
      code: problem.reason.code,
      message: describe(problem.reason.code, problem.reason.details),
    })),
    // An edit is no finding: its line and hover show it.
    ...marks
      .filter((mark) => mark.kind !== 'edited')
      .map((mark) => ({
        range: toRange(mark.range),
        severity: DiagnosticSeverity.Information,
        source: diagnosticSource,
        code: mark.kind,
        message: markSentence(mark),
      })),
  ];
}

/** the marks of what the editor shows are sent at once, then so often */
const openIntervalMs = 10;
/** of other files only the badge can be seen */
const closedIntervalMs = 250;
const longestClosedMs = 1_000;

/** What is asked of a document that the editor has open. */
type OpenDocument = Pick<TextDocument, 'version' | 'getText'>;

/** Sends marks and Problems of a file whenever they change: marks for every file, drift entries for open files only. */
export class MarkPublisher implements Disposable {
  readonly #connection: Connection;
  readonly #engine: EngineApi;
  readonly #background: BackgroundRunner;
  readonly #document: (uri: string) => OpenDocument | undefined;
  readonly #store = new DisposableStore();
  /** by file, which sending of Problems is the newest: older ones are not sent any more */
  readonly #turns = new Map<string, number>();

  /** by file, the Problems that the editor was sent last: nearly all files have none, again and again */
  readonly #sent = new Map<string, string>();

  /** @param document the document that the editor shows marks in, by its URI */
  constructor(
    connection: Connection,
    engine: EngineApi,
    background: BackgroundRunner,
    document: (uri: string) => OpenDocument | undefined,
  ) {
    this.#connection = connection;
    this.#engine = engine;
    this.#background = background;
    this.#document = document;
    const [open, closed] = [new Set<string>(), new Set<string>()];
    const send = (files: Set<string>) => (): void => {
      const changed = [...files];
      files.clear();
      for (const file of changed) this.publish(file);
    };
    const sendOpen = this.#store.add(coalesce(openIntervalMs, send(open)));
    const sendClosed = this.#store.add(coalesce(closedIntervalMs, send(closed), longestClosedMs));
    this.#store.add(
      engine.onDidChangeMarks((files) => {
        for (const file of files) (document(pathToFileURL(file).href) === undefined ? closed : open).add(file);
        if (open.size > 0) sendOpen.request();
        if (closed.size > 0) sendClosed.request();
      }),
    );
  }

  /** Sends what is known of one file (absolute path) now. */
  publish(file: string): void {
    const uri = pathToFileURL(file).href;
    const marks = this.#engine.marks(file);
    const document = this.#document(uri);
    const isPlacedInIt = document !== undefined && document.getText() === this.#engine.editor.textOfMarks(file);
    const decorations = { file, marks, ...(isPlacedInIt ? { version: document.version } : {}) };
    this.#background.run('send decorations', () => this.#connection.sendNotification('plumbline/decorations', decorations));
    const turn = (this.#turns.get(file) ?? 0) + 1;
    this.#turns.set(file, turn);
    this.#background.run('send diagnostics', async () => {
      const limits = document === undefined ? [] : await this.#engine.editor.limits(file, document);
      if (this.#turns.get(file) !== turn) return;
      const problems = [...this.#engine.problems(file), ...limits];
      const diagnostics = toDiagnostics(document === undefined ? [] : marks, problems);
      const text = JSON.stringify(diagnostics);
      if (text === (this.#sent.get(file) ?? '[]')) return;
      this.#sent.set(file, text);
      await this.#connection.sendDiagnostics({ uri, diagnostics });
    });
  }

  dispose(): void {
    this.#store.dispose();
  }
}
