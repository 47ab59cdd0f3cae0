import type { EditKind } from './state.ts';

/**
 * Reads `git status --porcelain=v2 -z` without renames (git-status(1), "Porcelain Format Version 2").
 * @returns edit by path, relative to the root with `/`
 */
export function parseStatus(output: string): Map<string, EditKind> {
  const edits = new Map<string, EditKind>();
  for (const record of output.split('\0')) {
    const fields = record.split(' ');
    switch (fields[0]) {
      case '1':
        edits.set(fields.slice(8).join(' '), editOf(fields[1] ?? ''));
        break;
      case 'u':
        edits.set(fields.slice(10).join(' '), 'conflicted');
        break;
      case '?':
        edits.set(fields.slice(1).join(' ').replace(/\/$/, ''), 'untracked');
        break;
      default:
    }
  }
  return edits;
}

/** @param xy index and working tree against HEAD and index */
function editOf(xy: string): EditKind {
  if (xy.endsWith('D') || xy === 'D.') return 'deleted';
  return xy.startsWith('A') ? 'added' : 'modified';
}
