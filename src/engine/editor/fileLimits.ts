import { stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { FileProblem } from '../model/files.ts';
import type { Reason } from '../model/states.ts';
import { inexactReason } from '../provenance/inputs.ts';
import type { Workspace } from '../sessions/workspace.ts';
import { lineOf } from './fileProblems.ts';

/** A document that is open in the editor. */
export interface OpenText {
  /** another one for each text */
  readonly version: number;
}

interface Known {
  readonly state: string;
  readonly reason: Reason | undefined;
}

/** Why the lines of files cannot be looked into; each state of an open document is read once. */
export class FileLimits {
  readonly #known = new WeakMap<OpenText, Known>();

  /**
   * Why features that need the lines of a file are off for it, when an application reads it, by a link too, or has it in its folder.
   * @param path relative to the repo's root
   * @returns nothing for a file that is not there, or can be read line by line
   */
  async of(workspace: Workspace, path: string, open: OpenText | undefined): Promise<readonly FileProblem[]> {
    const reason = open === undefined ? await reasonFor(workspace, path) : await this.#kept(workspace, path, open);
    return reason === undefined ? [] : [{ reason, range: lineOf(path, undefined, undefined), severity: 'information' }];
  }

  async #kept(workspace: Workspace, path: string, open: OpenText): Promise<Reason | undefined> {
    const rendered = workspace.sessions.filter(({ render }) => render !== undefined).length;
    const state = [await stateOf(join(workspace.repo.root, path), open), isRead(workspace, path), rendered].join(' ');
    const known = this.#known.get(open);
    if (known?.state === state) return known.reason;
    const reason = await reasonFor(workspace, path);
    this.#known.set(open, { state, reason });
    return reason;
  }
}

function isUsed(workspace: Workspace, path: string): boolean {
  const isBelow = workspace.sessions.some(({ application: { source } }) => source.path === '' || path.startsWith(`${source.path}/`));
  return isBelow || isRead(workspace, path);
}

function isRead({ sessions }: Workspace, path: string): boolean {
  return sessions.some(({ render }) => render?.reads.some((one) => one.kind === 'file' && one.path === path) === true);
}

async function reasonFor(workspace: Workspace, path: string): Promise<Reason | undefined> {
  const reason = isUsed(workspace, path) ? await read(workspace, path) : undefined;
  if (reason !== undefined || isRead(workspace, path)) return reason;
  const link = await linkTo(workspace, path);
  return link === undefined ? undefined : { code: 'lines-behind-link', details: { file: path, link } };
}

/** The path of the same name by which an application reads a file through a symbolic link to it, or to a folder above it. */
async function linkTo({ repo, sessions }: Workspace, path: string): Promise<string | undefined> {
  const reads = sessions.flatMap(({ render }) => render?.reads ?? []);
  const paths = new Set(reads.flatMap((one) => (one.kind === 'file' && posix.basename(one.path) === posix.basename(path) ? one.path : [])));
  for (const link of paths) if ((await repo.workingTree.realPathOf(link)) === path) return link;
  return undefined;
}

async function read({ repo }: Workspace, path: string): Promise<Reason | undefined> {
  const bytes = await repo.workingTree.read(path).catch(() => undefined);
  return bytes === undefined ? undefined : inexactReason(path, bytes);
}

/** Of the text in the editor, and of the file, which may be saved in another encoding. */
async function stateOf(file: string, { version }: OpenText): Promise<string> {
  const { size, mtimeNs, ino } = await stat(file, { bigint: true }).catch(() => ({ size: 0, mtimeNs: 0, ino: 0 }));
  return [version, size, mtimeNs, ino].join(' ');
}
