import type { FileUse } from '../model/files.ts';
import { applicationStates } from '../model/states.ts';
import type { Workspace } from '../sessions/workspace.ts';

/** The applications whose renders read a file, worst first. @param path relative to the repo's root */
export function usesOf(workspace: Workspace, path: string): FileUse {
  const rows = workspace.sessions
    .filter((session) => session.render?.reads.some((read) => read.kind === 'file' && read.path === path && read.hash !== 'absent'))
    .map((session) => session.row())
    .sort((a, b) => rank(a.state) - rank(b.state));
  return { applicationIds: rows.map((row) => row.id), rows };
}

function rank(state: string): number {
  const position = (applicationStates as readonly string[]).indexOf(state);
  return position < 0 ? applicationStates.length : position;
}
