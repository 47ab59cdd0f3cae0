import { type CodeAction, CodeActionKind } from 'vscode-languageserver/node';
import type { LineMark } from '../engine/model/snapshot.ts';
import { commandTarget, isRevertible } from './hover.ts';

/** The quick fixes of the marks on some lines: revert the field, open the diff. */
export function codeActionsOf(marks: readonly LineMark[], startLine: number, endLine: number): CodeAction[] {
  return marks
    .filter((mark) => mark.range.startLine <= endLine && startLine <= mark.range.endLine)
    .flatMap((mark) => {
      const place = mark.environment ?? mark.context;
      const field = mark.fieldId === undefined ? mark.object : (mark.fieldId.split('.').at(-1) ?? mark.fieldId);
      const revert = {
        title: `Revert live ${field} to Git in ${place}`,
        kind: CodeActionKind.QuickFix,
        command: { title: 'Revert Drift', command: 'plumbline.revert', arguments: [commandTarget(mark)] },
      };
      const open = {
        title: `Open diff of ${mark.object}: ${place} live ↔ Git`,
        kind: CodeActionKind.QuickFix,
        command: { title: 'Open Diff', command: 'plumbline.openDiff', arguments: [commandTarget(mark)] },
      };
      return isRevertible(mark) ? [revert, open] : [open];
    });
}
