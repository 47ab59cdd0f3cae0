import { type CodeAction, CodeActionKind } from 'vscode-languageserver/node';
import type { LineMark } from '../engine/model/snapshot.ts';
import { commandTarget, isRevertible } from './hover.ts';

/** The quick fixes of the marks on some lines: revert the field, take its live value into the file, open the diff; with several fields all at once. */
export function codeActionsOf(marks: readonly LineMark[], startLine: number, endLine: number): CodeAction[] {
  const here = marks.filter((mark) => mark.range.startLine <= endLine && startLine <= mark.range.endLine);
  const single = here.flatMap((mark) => {
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
    const adopt = {
      title: `Adopt live ${field} from ${place} into the file`,
      kind: CodeActionKind.QuickFix,
      command: { title: 'Adopt Live Value', command: 'plumbline.adopt', arguments: [[commandTarget(mark)]] },
    };
    return [...(isRevertible(mark) ? [revert] : []), ...(isAdoptable(mark) ? [adopt] : []), open];
  });
  const adoptable = here.filter(isAdoptable);
  if (adoptable.length < 2) return single;
  const all = {
    title: `Adopt all ${String(adoptable.length)} live values of these lines into the files`,
    kind: CodeActionKind.QuickFix,
    command: { title: 'Adopt Live Values', command: 'plumbline.adopt', arguments: [adoptable.map(commandTarget)] },
  };
  return [...single, all];
}

/** Whether there is one live value to take into the file: no secret, nothing that only one side has. */
function isAdoptable(mark: LineMark): boolean {
  return mark.kind === 'changed' && mark.fieldId !== undefined && mark.live !== undefined && !mark.live.startsWith('••');
}
