import { stat } from 'node:fs/promises';
import { join } from 'node:path';
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
   * Why features that need the lines of a file are off for it, when an application reads it or has it in its folder.
   * @param path relative to the repo's root
   * @returns nothing for a file that is not there, or can be read line by line
   */
  async of(workspace: Workspace, path: string, open: OpenText | undefined): Promise<readonly FileProblem[]> {
    if (!isUsed(workspace, path)) return [];
    const reason = open === undefined ? await read(workspace, path) : await this.#kept(workspace, path, open);
    return reason === undefined ? [] : [{ reason, range: lineOf(path, undefined, undefined), severity: 'information' }];
  }

  async #kept(workspace: Workspace, path: string, open: OpenText): Promise<Reason | undefined> {
    const state = await stateOf(join(workspace.repo.root, path), open);
    const known = this.#known.get(open);
    if (known?.state === state) return known.reason;
    const reason = await read(workspace, path);
    this.#known.set(open, { state, reason });
    return reason;
  }
}

function isUsed({ sessions }: Workspace, path: string): boolean {
  return sessions.some(({ application: { source }, render }) => {
    const isBelow = source.path === '' || path.startsWith(`${source.path}/`);
    return isBelow || render?.reads.some((one) => one.kind === 'file' && one.path === path) === true;
  });
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
