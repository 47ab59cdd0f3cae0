import type { ApplicationSession } from '../sessions/applicationSession.ts';
import { MAX_TEXT } from '../provenance/candidates.ts';
import { LineMap } from '../provenance/lineMap.ts';
import { type LineSubject, lineSubjectOf } from '../model/lineSubject.ts';
import type { ObjectState } from '../model/states.ts';
import { textOf } from './markIndex.ts';
import type { Workspace } from '../sessions/workspace.ts';

/** One application's object that a file declares, and how it stands. */
export interface ObjectLine extends LineSubject {
  /** 0-based, in the text of the editor */
  readonly line: number;
  readonly state: ObjectState;
  /** fields that are drifted or differ */
  readonly driftedFields: number;
}

/**
 * The objects that a file declares, in every application that renders it, where they stand in the text of the editor.
 * @param path of the tree
 * @returns nothing for files that are too large to be read line by line
 */
export async function objectLinesOf(workspace: Workspace, path: string): Promise<readonly ObjectLine[]> {
  const declaring = workspace.sessions.filter(({ objects }) => objects.some(({ header }) => header?.file === path));
  if (declaring.length === 0) return [];
  const now = await workspace.repo.workingTree.readText(path).catch(() => undefined);
  if (now === undefined || now.length > MAX_TEXT) return [];
  const maps = new Map<string, LineMap>();
  const lines: ObjectLine[] = [];
  for (const session of declaring) {
    const { tree } = session;
    if (tree === undefined) continue;
    const map = maps.get(tree.id) ?? new LineMap((await textOf(tree, path)) ?? '', now);
    maps.set(tree.id, map);
    lines.push(...linesOf(session, path, map));
  }
  return lines.sort((left, right) => left.line - right.line);
}

function linesOf({ application, objects }: ApplicationSession, path: string, map: LineMap): readonly ObjectLine[] {
  return objects.flatMap(({ header, key, verdict }): readonly ObjectLine[] => {
    const subject = lineSubjectOf(application, key);
    const line = header?.file === path ? map.map(header)?.range.startLine : undefined;
    if (subject === undefined || line === undefined) return [];
    return [
      {
        ...subject,
        line,
        state: verdict.state,
        driftedFields: verdict.fields.filter(({ direction, isCosmetic }) => direction !== 'out of sync' && !isCosmetic).length,
      },
    ];
  });
}
