import { parentPath } from '../model/treePath.ts';
import type { WritingGit } from './writingGit.ts';

/** What an application reads. */
export interface ReadPaths {
  /** files, read or looked for in vain */
  readonly files: readonly string[];
  /** folders whose names were listed; '' is the root */
  readonly folders: readonly string[];
}

/** One commit of a history. */
export interface HistoryCommit {
  readonly id: string;
  readonly parents: readonly string[];
  readonly author: string;
  readonly authorEmail: string;
  readonly committedAtMs: number;
  readonly subject: string;
}

/** A file of which only some changes count: those that `matters` says of. */
export interface SharedFile {
  readonly path: string;
  /** stands for {@link matters} where histories are kept */
  readonly id: string;
  readonly matters: (commit: HistoryCommit) => Promise<boolean>;
}

/** Commits, newest first, and why there are no more. */
export interface HistoryPage {
  readonly commits: readonly HistoryCommit[];
  readonly endsBy: 'start' | 'limit' | 'shallow';
}

const MAX_KNOWN = 64;
const FORMAT = '%x01%H%x02%P%x02%an%x02%ae%x02%ct%x02%s%x03';

/** The list of commits that `args` select, newest first. */
export async function listCommits(git: WritingGit, args: readonly string[], signal: AbortSignal): Promise<readonly HistoryCommit[]> {
  return parseLog(await git.text(['log', `--format=${FORMAT}`, '--no-show-signature', ...args], { signal })).map(({ commit }) => commit);
}

/**
 * Commits of a first-parent line that touch exactly these reads: a read file changed, or a name came or went in a listed folder. Each of
 * them was a state that an owner could apply; a merge counts as one.
 * @param revision a commit, or a range of them
 * @param limit how many at most
 * @param shared a file beside the reads of which not every change counts
 * @returns newest first, and why the list ends
 */
export async function historyOf(
  git: WritingGit,
  revision: string,
  reads: ReadPaths,
  limit: number,
  signal: AbortSignal,
  shared?: SharedFile,
): Promise<HistoryPage> {
  const besides = shared === undefined ? [] : [shared.path];
  const paths = [...new Set([...reads.files, ...besides, ...reads.folders.map((folder) => (folder === '' ? '.' : folder))])];
  const isShallow = (await git.text(['rev-parse', '--is-shallow-repository'], { signal })).trim() === 'true';
  const end = isShallow ? 'shallow' : 'start';
  if (paths.length === 0) return { commits: [], endsBy: end };
  const files = new Set(reads.files);
  const folders = new Set(reads.folders);
  const args = [
    'log',
    `--format=${FORMAT}`,
    '--first-parent',
    '-m',
    '--raw',
    '-z',
    '--no-renames',
    '--root',
    '--end-of-options',
    revision,
    '--',
    ...paths,
  ];
  const all = parseLog(await git.text(args, { signal }));
  const boundary = isShallow
    ? new Set((await git.text(['rev-list', '--max-parents=0', revision], { signal })).split('\n'))
    : new Set<string>();
  const commits: HistoryCommit[] = [];
  for (const { commit, changes } of all) {
    // The oldest commit of a shallow clone seems to add every file.
    if (boundary.has(commit.id)) continue;
    const isRead = changes.some(({ path, status }) => files.has(path) || (status !== 'M' && comesOrGoes(path, folders)));
    const isShared = !isRead && shared !== undefined && changes.some(({ path }) => path === shared.path);
    if (!isRead && !(isShared && (await shared.matters(commit)))) continue;
    if (commits.length === limit) return { commits, endsBy: 'limit' };
    commits.push(commit);
  }
  return { commits, endsBy: end };
}

/** Histories that were asked for, so that only commits since then are looked through. One per repository. */
export class Histories {
  readonly #git: WritingGit;
  readonly #known = new Map<string, { readonly tip: string; readonly history: HistoryPage }>();

  constructor(git: WritingGit) {
    this.#git = git;
  }

  /** As {@link historyOf}. @param tip full commit id */
  async of(tip: string, reads: ReadPaths, limit: number, signal: AbortSignal, shared?: SharedFile): Promise<HistoryPage> {
    const key = JSON.stringify([reads, limit, shared?.path, shared?.id]);
    const known = this.#known.get(key);
    const history = known === undefined ? undefined : await this.#continued(known, tip, reads, limit, signal, shared);
    const found = history ?? (await historyOf(this.#git, tip, reads, limit, signal, shared));
    this.#known.delete(key);
    this.#known.set(key, { tip, history: found });
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest);
    return found;
  }

  /** undefined: the tip is not ahead of the known one on its first-parent line */
  async #continued(
    { tip: before, history }: { readonly tip: string; readonly history: HistoryPage },
    tip: string,
    reads: ReadPaths,
    limit: number,
    signal: AbortSignal,
    shared: SharedFile | undefined,
  ): Promise<HistoryPage | undefined> {
    if (tip === before) return history;
    const line = await this.#git.run(['rev-list', '--first-parent', '--parents', `${before}..${tip}`], { signal });
    const oldest = line.stdout.toString('utf8').trimEnd().split('\n').at(-1) ?? '';
    if (line.exitCode !== 0 || oldest.split(' ')[1] !== before) return undefined;
    const newer = await historyOf(this.#git, `${before}..${tip}`, reads, limit, signal, shared);
    const commits = [...newer.commits, ...history.commits];
    return { commits: commits.slice(0, limit), endsBy: commits.length > limit ? 'limit' : history.endsBy };
  }
}

/** Whether a path that was added or removed may change the names of a listed folder: it lies in it, or makes or removes a folder in it. */
function comesOrGoes(path: string, folders: ReadonlySet<string>): boolean {
  for (let folder = parentPath(path); ; folder = parentPath(folder)) {
    if (folders.has(folder)) return true;
    if (folder === '') return false;
  }
}

/** Reads `git log` in {@link FORMAT}, with or without `--raw -z`. */
function parseLog(output: string): readonly { commit: HistoryCommit; changes: readonly { path: string; status: string }[] }[] {
  const result: { commit: HistoryCommit; changes: { path: string; status: string }[] }[] = [];
  for (const record of output.split('\u0001').slice(1)) {
    const [head = '', rest = ''] = record.split('\u0003');
    const [id = '', parents = '', author = '', authorEmail = '', seconds = '', subject = ''] = head.split('\u0002');
    const changes: { path: string; status: string }[] = [];
    const fields = rest.split('\0').map((field) => field.replace(/^\n/, ''));
    for (const [at, field] of fields.entries()) {
      if (field.startsWith(':')) changes.push({ path: fields[at + 1] ?? '', status: field.slice(field.lastIndexOf(' ') + 1).slice(0, 1) });
    }
    const commit = {
      id,
      parents: parents.split(' ').filter((parent) => parent !== ''),
      author,
      authorEmail,
      committedAtMs: Number(seconds) * 1000,
      subject,
    };
    result.push({ commit, changes });
  }
  return result;
}
