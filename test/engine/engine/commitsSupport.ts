import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { isAppError } from '../../../src/base/errors.ts';
import type { RemotePort } from '../../../src/engine/commits/commitApi.ts';
import { Engine } from '../../../src/engine/engine.ts';
import { type CommitSettings, defaultCommitSettings, type EngineSettings } from '../../../src/engine/model/settings.ts';
import { environment } from '../git/commitSupport.ts';
import { commit, git, makeRepo } from '../git/sampleRepo.ts';
import { settingsFor } from './support.ts';

/** A manifest with a value at its end, so that hunks stay apart. */
export const configMap = (name: string, value = '1'): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  a: "1"\n  b: "1"\n  c: "1"\n  d: "1"\n  e: "1"\n  f: "1"\n  g: "1"\n  h: "1"\n  value: "${value}"\n`;

const files: Readonly<Record<string, string>> = {
  'plumbline.yaml': `apiVersion: plumbline.dev/v1alpha1
kind: Config
environments:
  prod: {context: nowhere, branch: main, protected: true}
  dev: {context: nowhere}
applications:
  - {name: shop, environment: prod, path: apps/shop, namespace: shop}
  - {name: blog, environment: dev, path: apps/blog, namespace: blog}
`,
  'base/kustomization.yaml': 'resources: [shared.yaml]\n',
  'base/shared.yaml': configMap('shared'),
  'apps/shop/kustomization.yaml': 'resources: [../../base, web.yaml, old.yaml]\n',
  'apps/shop/web.yaml': configMap('web'),
  'apps/shop/old.yaml': configMap('old'),
  'apps/shop/notes.md': 'Notes\n',
  'apps/blog/kustomization.yaml': 'resources: [../../base, blog.yaml]\n',
  'apps/blog/blog.yaml': configMap('blog'),
};
export const [shop, blog] = ['prod/shop', 'dev/blog'] as const;

/** A repo that is open in the engine. */
export interface Opened {
  readonly repo: string;
  readonly origin: string;
}

/** What a repo is opened with. */
export interface OpenOptions {
  readonly more?: Readonly<Record<string, string>>;
  readonly settings?: Partial<CommitSettings>;
  /** the editor's Git extension */
  readonly remotes?: RemotePort;
}

/** One engine for the tests of a file: each opens a repo of its own in it. No cluster is needed, since nothing is compared. */
export class CommitEngine {
  readonly engine: Engine;
  /** everything that was logged in the running test */
  readonly logged: readonly string[];
  readonly #storage: string;
  readonly #editor: { remotes: RemotePort | undefined };

  private constructor(engine: Engine, logged: readonly string[], storage: string, editor: { remotes: RemotePort | undefined }) {
    this.engine = engine;
    this.logged = logged;
    this.#storage = storage;
    this.#editor = editor;
  }

  static async start(): Promise<CommitEngine> {
    const storage = mkdtempSync(join(tmpdir(), 'plumbline-commits-'));
    const logged: string[] = [];
    const log = (message: string): number => logged.push(message);
    const editor: { remotes: RemotePort | undefined } = { remotes: undefined };
    const engine = await Engine.create({
      settings: settingsWith({}),
      storagePath: storage,
      environment,
      logger: { trace: log, debug: log, info: log, warn: log, error: log },
      remotes: {
        push: (request, signal) => editor.remotes?.push(request, signal) ?? Promise.resolve(undefined),
        fetch: (request, signal) => editor.remotes?.fetch(request, signal) ?? Promise.resolve(undefined),
      },
    });
    return new CommitEngine(engine, logged, storage, editor);
  }

  /** A repo with a bare origin, open in the engine until the test ends. */
  async opened(t: TestContext, { more = {}, settings = {}, remotes }: OpenOptions = {}): Promise<Opened> {
    const repo = makeRepo(t, { ...files, ...more });
    const origin = join(repo, '..', 'origin.git');
    git(repo, 'clone', '-q', '--bare', repo, origin);
    git(repo, 'remote', 'add', 'origin', origin);
    git(repo, 'fetch', '-q');
    git(repo, 'branch', '-q', '--set-upstream-to=origin/main');
    this.#editor.remotes = remotes;
    this.engine.updateSettings(settingsWith(settings));
    await this.engine.openFolder(repo);
    t.after(() => {
      this.engine.closeFolder(repo);
    });
    return { repo, origin };
  }

  end(): void {
    this.engine.dispose();
    rmSync(this.#storage, { recursive: true, force: true, maxRetries: 5 });
  }
}

function settingsWith(commitSettings: Partial<CommitSettings>): EngineSettings {
  return settingsFor('/nonexistent/kubeconfig', { commit: { ...defaultCommitSettings, ...commitSettings } });
}

/** Somebody else's clone of the origin, that pushes a commit. @returns its id */
export function pushByBob(origin: string, changes: Readonly<Record<string, string>>): string {
  const clone = join(origin, '..', `bob-${String(Math.random()).slice(2)}`);
  git(join(origin, '..'), 'clone', '-q', origin, clone);
  const id = commitAs(clone, 'Bob', changes);
  git(clone, 'push', '-q', 'origin', 'HEAD:main');
  return id;
}

/** A commit of somebody else, on the checked-out branch. @returns its id */
export function commitAs(folder: string, name: string, changes: Readonly<Record<string, string>>): string {
  commit(folder, changes, `by ${name}`);
  git(folder, 'commit', '-q', '--amend', '--no-edit', `--author=${name} <${name.toLowerCase()}@example.org>`);
  return git(folder, 'rev-parse', 'HEAD');
}

/** Whether an error has this code. */
export const refusal =
  (code: string) =>
  (error: unknown): boolean =>
    isAppError(error, code);
