import type { FileRange } from '../model/application.ts';
import type { FileProblem } from '../model/files.ts';
import { renderReason } from '../model/render.ts';
import type { Workspace } from '../sessions/workspace.ts';

/** Problems of one file: of plumbline.yaml, and of the renders that failed in it. @param path relative to the repo's root */
export function fileProblems(workspace: Workspace, path: string): readonly FileProblem[] {
  const config = workspace.repo.found.problems
    .filter((problem) => problem.range.file === path)
    .map(({ code, details, range, severity }) => ({ reason: { code, details }, range, severity }));
  const renders = workspace.sessions.flatMap((session) =>
    // While the working tree renders otherwise, its own errors count: target's lines may be elsewhere in this text.
    (workspace.edits.render(session.application.id) === undefined ? (session.render?.errors ?? []) : [])
      .filter((error) => error.file === path)
      .map((error): FileProblem => ({
        reason: renderReason(error),
        range: lineOf(path, error.line, error.column),
        severity: error.isWarning === true ? 'warning' : 'error',
      })),
  );
  return [
    ...new Map([...config, ...renders, ...workspace.edits.problems(path)].map((problem) => [JSON.stringify(problem), problem])).values(),
  ];
}

/** A line of a file as a range to its end, or the first one. @param line 1-based @param column 1-based */
export function lineOf(file: string, line: number | undefined, column: number | undefined): FileRange {
  const startLine = Math.max((line ?? 1) - 1, 0);
  const startColumn = Math.max((column ?? 1) - 1, 0);
  return { file, startLine, startColumn, endLine: startLine, endColumn: Math.max(startColumn + 1, 200) };
}
