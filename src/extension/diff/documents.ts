import * as vscode from 'vscode';
import { DisposableStore } from '../../base/lifecycle.ts';
import type { SideDocument } from '../../engine/model/snapshot.ts';
import type { EngineApi } from '../engine/connection.ts';
import type { ErrorPresenter } from '../errorPresenter.ts';
import { documentScheme } from '../ids.ts';
import { isAffected, parseAddress, toAddress } from './documentUri.ts';
import type { DocumentSubject, PlanLanguage } from './documentUri.ts';

const logTailLines = 2000;

/** The read-only documents of scheme `plumbline:`: sides of objects, live YAML, events, logs. Their text comes from the engine. */
export class Documents implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #engine: EngineApi;
  readonly #presenter: ErrorPresenter;
  readonly #disposables = new DisposableStore();
  readonly #changes = this.#disposables.add(new vscode.EventEmitter<vscode.Uri>());
  readonly #plans = new Map<string, string>();
  #showsAllFields = false;

  readonly onDidChange = this.#changes.event;

  constructor(engine: EngineApi, presenter: ErrorPresenter) {
    this.#engine = engine;
    this.#presenter = presenter;
    this.#disposables.add(
      engine.on('plumbline/documentsChanged', ({ applicationId, keys }) => {
        this.#fireFor((subject) => isAffected(subject, applicationId, keys));
      }),
    );
  }

  /** Whether sides show also the fields that do not count (defaults, status, managedFields). */
  get showsAllFields(): boolean {
    return this.#showsAllFields;
  }

  set showsAllFields(value: boolean) {
    if (value === this.#showsAllFields) return;
    this.#showsAllFields = value;
    this.#fireFor((subject) => subject.type === 'side');
  }

  /** The URI of a subject; stable. */
  uri(subject: DocumentSubject): vscode.Uri {
    return vscode.Uri.from({ scheme: documentScheme, ...toAddress(subject) });
  }

  /**
   * Makes a document of a plan.
   * @param extension decides its language: `plumbline-plan` is highlighted
   */
  addPlan(text: string, extension: PlanLanguage = 'txt'): vscode.Uri {
    const id = String(this.#plans.size + 1);
    this.#plans.set(id, text);
    return this.uri({ type: 'plan', id, extension });
  }

  /** Makes a document of an object as a plan has it; both sides of a diff have one path. @param text YAML, Secrets masked; '' when it is not there */
  addRendered(applicationId: string, key: string, text: string): vscode.Uri {
    const id = String(this.#plans.size + 1);
    this.#plans.set(id, text);
    return this.uri({ type: 'rendered', id, applicationId, key });
  }

  /** Reads a document again, e.g. logs that were shown before. */
  refresh(uri: vscode.Uri): void {
    this.#changes.fire(uri);
  }

  /** Reads all open documents again, e.g. after a restart of the engine. */
  refreshAll(): void {
    this.#fireFor(() => true);
  }

  async provideTextDocumentContent(uri: vscode.Uri, token: vscode.CancellationToken): Promise<string> {
    const subject = parseAddress(uri.query);
    if (subject === undefined) return '';
    try {
      return this.#text(await this.#fetch(subject, token));
    } catch (error) {
      this.#presenter.log('document', error);
      return asComment(vscode.l10n.t('This document cannot be shown: {0}', this.#presenter.describe(error)));
    }
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  async #fetch(subject: DocumentSubject, token: vscode.CancellationToken): Promise<SideDocument> {
    switch (subject.type) {
      case 'side': {
        const { applicationId, key, side } = subject;
        return this.#engine.request('plumbline/sideDocument', { applicationId, key, side, allFields: this.#showsAllFields }, token);
      }
      case 'live':
        return this.#engine.request(
          'plumbline/liveYaml',
          { context: subject.context, apiVersion: subject.apiVersion, key: subject.key },
          token,
        );
      case 'rendered':
      case 'plan': {
        const text = this.#plans.get(subject.id);
        return { text: text ?? '', exists: text !== undefined };
      }
      case 'events':
        return this.#engine.request('plumbline/events', { context: subject.context, key: subject.key }, token);
      case 'logs': {
        const { context, namespace, pod, container } = subject;
        return this.#engine.request('plumbline/logs', { context, namespace, pod, container, tailLines: logTailLines }, token);
      }
    }
  }

  /** A side that is not there is empty; one that cannot be shown says why. An empty side must never look like a deleted object by mistake. */
  #text(document: SideDocument): string {
    return document.reason !== undefined && document.text === '' ? asComment(this.#presenter.reasonWords(document.reason)) : document.text;
  }

  #fireFor(matches: (subject: DocumentSubject) => boolean): void {
    for (const { uri } of vscode.workspace.textDocuments) {
      const subject = uri.scheme === documentScheme ? parseAddress(uri.query) : undefined;
      if (subject !== undefined && matches(subject)) this.#changes.fire(uri);
    }
  }
}

function asComment(text: string): string {
  return `${text
    .split('\n')
    .map((line) => `# ${line}`)
    .join('\n')}\n`;
}
