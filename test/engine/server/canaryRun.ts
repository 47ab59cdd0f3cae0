import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { keyString } from '../../../src/engine/model/objects.ts';
import type { Side } from '../../../src/engine/model/sides.ts';
import type { ObjectRow } from '../../../src/engine/model/snapshot.ts';
import { type SyncPlan, tickId } from '../../../src/engine/model/sync.ts';
import type { WritebackTarget } from '../../../src/engine/model/writeback.ts';
import type { Requests } from '../../../src/protocol/messages.ts';
import { git } from '../engine/support.ts';
import type { Canaries } from './canaries.ts';
import { NAMESPACE, secret } from './canaryWorld.ts';
import type { EngineProcess } from './engineProcess.ts';

const SIDES: readonly Side[] = ['working tree', 'HEAD', 'target', 'synced', 'live'];
const PLAIN = 'prod/plain';

/** An editor that asks the engine for everything that one can ask for, and goes on when it is refused. */
export class CanaryRun {
  readonly #engine: EngineProcess;
  readonly #repo: string;
  readonly #context: string;
  /** requests that were answered at least once, and all that were sent */
  readonly answered = new Set<string>();
  readonly sent = new Set<string>();

  constructor(engine: EngineProcess, repo: string, context: string) {
    this.#engine = engine;
    this.#repo = repo;
    this.#context = context;
  }

  /** Reads everything, then writes everything. */
  async everything(canaries: Canaries): Promise<void> {
    const { applications } = await this.#mustAsk('plumbline/snapshot', {});
    const ids = applications.map(({ id }) => id);
    const files = (await git(this.#repo, 'ls-files')).trim().split('\n');
    const paths = files.map((path) => join(this.#repo, path));
    await Promise.all(paths.map((path) => this.#openFile(path)));
    await this.#cluster();
    for (const id of ids) await this.#application(id);
    for (const id of ids) await this.#plans(id);
    await this.#commits(ids, paths, canaries);
    await this.#rollbacks();
  }

  async #ask<Name extends keyof Requests>(name: Name, params: Requests[Name]['params']): Promise<Requests[Name]['result'] | undefined> {
    this.sent.add(name);
    try {
      const result = await this.#engine.request(name, params);
      this.answered.add(name);
      return result;
    } catch {
      // A refusal is searched like every other message.
      return undefined;
    }
  }

  async #mustAsk<Name extends keyof Requests>(name: Name, params: Requests[Name]['params']): Promise<Requests[Name]['result']> {
    const result = await this.#ask(name, params);
    if (result === undefined) throw new Error(`${name} was refused`);
    return result;
  }

  /** Opens a file, and asks for what is known of its lines. */
  async #openFile(file: string): Promise<void> {
    const { connection } = this.#engine;
    const [uri, text] = [pathToFileURL(file).href, await readFile(file, 'utf8')];
    await connection.sendNotification('textDocument/didOpen', { textDocument: { uri, languageId: 'yaml', version: 1, text } });
    await this.#lines(file);
  }

  /** Asks for all that language servers tell about the lines of an open file. */
  async #lines(file: string): Promise<void> {
    const { connection } = this.#engine;
    const text = await readFile(file, 'utf8');
    const textDocument = { uri: pathToFileURL(file).href };
    await this.#ask('plumbline/marks', { file });
    await this.#ask('plumbline/effects', { file });
    await connection.sendRequest('textDocument/codeLens', { textDocument });
    const lines = text.split('\n').map(({ length }, line) => {
      const range = { start: { line, character: 0 }, end: { line, character: length } };
      const at = { textDocument, position: { line, character: Math.min(4, length) } };
      return Promise.all([
        connection.sendRequest('textDocument/hover', at),
        connection.sendRequest('textDocument/definition', at),
        connection.sendRequest('textDocument/references', { ...at, context: { includeDeclaration: true } }),
        connection.sendRequest('textDocument/completion', at),
        connection.sendRequest('textDocument/codeAction', { textDocument, range, context: { diagnostics: [] } }),
      ]);
    });
    await Promise.all(lines);
  }

  async #cluster(): Promise<void> {
    const context = this.#context;
    for (const name of ['unmanaged', 'changed', 'sh.helm.release.v1.chart.v1', 'applied', 'nothing']) {
      const key = `/Secret/${NAMESPACE}/${name}`;
      await this.#ask('plumbline/liveYaml', { context, apiVersion: 'v1', key });
      await this.#ask('plumbline/events', { context, key });
    }
    await this.#ask('plumbline/logs', { context, namespace: NAMESPACE, pod: 'none', container: 'web', tailLines: 10 });
    await this.#ask('plumbline/contexts', null);
    await this.#ask('plumbline/namespaces', { context });
    await this.#ask('plumbline/signIn', { context });
  }

  async #application(applicationId: string): Promise<void> {
    const { objects } = await this.#mustAsk('plumbline/objects', { applicationId });
    await Promise.all(objects.map((row) => this.#object(row)));
    // What only the cluster has is taken into files as a whole, or refused.
    for (const kind of ['Secret', 'ConfigMap']) {
      for (const name of ['unmanaged', 'by-hand']) await this.#writeBack({ applicationId, key: `/${kind}/${NAMESPACE}/${name}` });
    }
    await this.#ask('plumbline/ignored', { applicationId });
    await this.#ask('plumbline/syncHistory', { applicationId });
    await this.#ask('plumbline/applicationHistory', { applicationId, limit: 50 });
    await this.#ask('plumbline/manageText', { applicationId, environment: 'other' });
  }

  async #object(row: ObjectRow): Promise<void> {
    const { applicationId, key } = row;
    const sides = [...SIDES, 'revision:HEAD' as const].flatMap((side) =>
      [false, true].map((allFields) => this.#ask('plumbline/sideDocument', { applicationId, key, side, allFields })),
    );
    await Promise.all([...sides, this.#ask('plumbline/children', { applicationId, key })]);
    for (const target of [{ applicationId, key }, ...row.fields.map(({ id: fieldId }) => ({ applicationId, key, fieldId }))]) {
      await this.#writeBack(target);
      await this.#ask('plumbline/planIgnore', { targets: [target] });
    }
  }

  async #writeBack(target: WritebackTarget): Promise<void> {
    for (const action of ['adopt', 'remove'] as const) await this.#ask('plumbline/planWriteback', { targets: [target], action });
    await this.#ask('plumbline/planWriteback', { targets: [target], place: 'overlay' });
  }

  async #plans(applicationId: string): Promise<void> {
    const reverts = await this.#ask('plumbline/planRevert', { targets: [{ applicationId }] });
    const planIds = (reverts?.plans ?? []).map(({ id }) => id);
    if (planIds.length > 0) await this.#ask('plumbline/execute', { planIds });
    for (const kind of ['take-over', 'sync'] as const) {
      const found = await this.#ask('plumbline/planSync', { targets: [{ applicationId }], request: { kind, prune: true } });
      for (const plan of found?.plans ?? []) {
        const options = { ticks: ticksOf(plan), wait: false, timeoutSeconds: 5 };
        await this.#ask('plumbline/executeSync', { planId: plan.id, options });
      }
    }
  }

  /** Edits secrets in files behind the buffers of the editor, commits them and pushes. */
  async #commits(applicationIds: readonly string[], open: readonly string[], canaries: Canaries): Promise<void> {
    const repo = this.#repo;
    const edited = canaries.plant('a Secret edited in the working tree');
    await writeFile(join(repo, 'plain', 'changed.yaml'), secret('changed', { stringData: { password: edited, other: 'y' } }));
    await writeFile(join(repo, 'chart', 'values-prod.yaml'), `token: ${canaries.plant('values edited in the working tree')}\n`);
    await writeFile(join(repo, 'kust', 'secret.env'), `password=${canaries.plant('an env file edited in the working tree')}\n`);
    await writeFile(join(repo, 'plain', 'new.yaml'), secret('new', { stringData: { password: canaries.plant('a new file') } }));
    await this.#ask('plumbline/refresh', { fetch: true });
    await this.#ask('plumbline/effects', {});
    for (const path of ['plain/changed.yaml', 'chart/values-prod.yaml', 'kust/secret.env']) await this.#lines(join(repo, path));
    await this.#ask('plumbline/planCommit', { applicationIds });
    for (const path of open) {
      const textDocument = { uri: pathToFileURL(path).href };
      await this.#engine.connection.sendNotification('textDocument/didClose', { textDocument });
    }
    const plan = await this.#mustAsk('plumbline/planCommit', { applicationIds });
    const made = await this.#mustAsk('plumbline/commit', { planId: plan.id, choice: { message: 'Change' } });
    const push = await this.#mustAsk('plumbline/planPush', { repoRoot: plan.repoRoot });
    await this.#ask('plumbline/fetchAndRebase', { plan: push });
    await this.#ask('plumbline/pushCommits', { plan: push });
    await this.#ask('plumbline/arrived', { applicationId: PLAIN, revision: made.commit });
    await this.#application(PLAIN);
    await this.#plans(PLAIN);
  }

  async #rollbacks(): Promise<void> {
    const revision = (await git(this.#repo, 'rev-parse', 'HEAD~1')).trim();
    for (const method of ['revert', 'restore'] as const) {
      const planned = await this.#mustAsk('plumbline/planRollback', { applicationId: PLAIN, revision, method });
      if (method === 'restore' && planned.kind === 'plan')
        await this.#ask('plumbline/commit', { planId: planned.plan.commit.id, choice: { message: 'Back', newBranch: 'back' } });
    }
    await this.#ask('plumbline/startRevert', { applicationId: PLAIN, revision, method: 'revert' });
    await this.#ask('plumbline/applicationHistory', { applicationId: PLAIN, limit: 50 });
  }
}

const ticksOf = (plan: SyncPlan): string[] =>
  plan.steps.flatMap(({ tick, applicationId, key }) => (tick === undefined ? [] : [tickId(applicationId, keyString(key))]));
