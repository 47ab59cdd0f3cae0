import { configFileName } from '../apps/configFile.ts';
import type { HistoryCommit, ReadPaths, SharedFile } from '../git/history.ts';
import { Histories } from '../git/history.ts';
import type { GitRepository } from '../git/repository.ts';
import type { WritingGit } from '../git/writingGit.ts';
import type { Application } from '../model/application.ts';
import { entryOf, renderedEntry } from './rollbackDefinition.ts';
import { type CommitEntries, commitEntries, readPathsOf, resolvedReads } from './rollbackInputs.ts';
import type { RenderResult } from '../model/render.ts';
import type { RepoSession } from '../sessions/repoSession.ts';

const MAX_ENTRIES = 2_000;
const MAX_TREES = 8;

/** What roll backs ask of one repository, with what was looked up kept: blobs and commits never change. */
export class RollbackRepo {
  readonly git: WritingGit;
  readonly repository: GitRepository;
  readonly histories: Histories;
  /** by application and blob id of plumbline.yaml: what the entry says of the render */
  readonly #sayings = new Map<string, string>();
  readonly #trees = new Map<string, CommitEntries>();

  constructor(repository: GitRepository, git: WritingGit) {
    this.repository = repository;
    this.git = git;
    this.histories = new Histories(this.git);
  }

  /** Opens what roll backs of a repo need. @throws AppError `workspace-untrusted`, `git-missing` ... */
  static async open(repo: RepoSession, signal: AbortSignal): Promise<RollbackRepo> {
    return new RollbackRepo(await repo.repository(signal), repo.writing);
  }

  /** Everything that a commit or tree holds. */
  async entries(commit: string, signal: AbortSignal): Promise<CommitEntries> {
    const known = this.#trees.get(commit) ?? (await commitEntries(this.git, commit, signal));
    this.#trees.delete(commit);
    this.#trees.set(commit, known);
    const [oldest] = this.#trees.keys();
    if (this.#trees.size > MAX_TREES && oldest !== undefined) this.#trees.delete(oldest);
    return known;
  }

  /** What a render of a commit's files looked at, links followed. */
  async reads(commit: string, render: RenderResult, signal: AbortSignal): Promise<ReadPaths> {
    return resolvedReads(this.git, await this.entries(commit, signal), readPathsOf(render), signal);
  }

  /** plumbline.yaml as part of an application's history: only changes of what its own entry says of the render count. */
  ownEntry(application: Application, signal: AbortSignal): SharedFile | undefined {
    if (application.origin !== 'plumbline.yaml') return undefined;
    const saying = (commit: string | undefined): Promise<string> =>
      commit === undefined ? Promise.resolve('') : this.#saying(application, commit, signal);
    return {
      path: configFileName,
      id: application.id,
      matters: async ({ id, parents }: HistoryCommit) => (await saying(id)) !== (await saying(parents[0])),
    };
  }

  async #saying(application: Application, commit: string, signal: AbortSignal): Promise<string> {
    const tree = await this.repository.tree(commit, signal);
    const hash = await tree.hashOf(configFileName);
    const key = `${application.id}\n${hash ?? ''}`;
    const known = this.#sayings.get(key);
    if (known !== undefined) return known;
    const bytes = hash === undefined ? undefined : await tree.read(configFileName);
    const entry = bytes === undefined ? undefined : entryOf(new TextDecoder().decode(bytes), application);
    const saying = entry === undefined ? '' : renderedEntry(entry);
    if (this.#sayings.size >= MAX_ENTRIES) this.#sayings.clear();
    this.#sayings.set(key, saying);
    return saying;
  }
}
