import { type CodeAction, CodeActionKind } from 'vscode-languageserver/node';
import type { LineMark } from '../engine/model/snapshot.ts';
import type { IgnoreOffer } from './ignoreOffers.ts';
import { commandTarget, isAdoptable, isIgnorable, isRemovable, isRevertible } from './markTargets.ts';

/**
 * The quick fixes of the marks on some lines: revert the field, take its live value into the file, take it out of Git, ignore it, open the
 * diff; with several fields all at once. Each previews what it changes before it changes anything.
 * @param offers what ignore rules would do: one that would do nothing is shown as not possible, with the reason
 */
export function codeActionsOf(
  marks: readonly LineMark[],
  startLine: number,
  endLine: number,
  offers: ReadonlyMap<LineMark, IgnoreOffer> = new Map(),
): CodeAction[] {
  const here = marksOn(marks, startLine, endLine);
  return [...here.flatMap((mark) => actionsOf(mark, offers.get(mark))), ...togetherOf(here, offers), ...objectActionsOf(here, marks)];
}

/** The marks of some lines. */
export function marksOn(marks: readonly LineMark[], startLine: number, endLine: number): readonly LineMark[] {
  return marks.filter((mark) => mark.range.startLine <= endLine && startLine <= mark.range.endLine);
}

function actionsOf(mark: LineMark, offer: IgnoreOffer | undefined): CodeAction[] {
  const place = placeOf(mark);
  const field = mark.fieldId === undefined ? mark.object : (mark.fieldId.split('.').at(-1) ?? mark.fieldId);
  const target = commandTarget(mark);
  return [
    ...(isRevertible(mark) ? [action(`Revert live ${field} to Git in ${place}`, 'Revert Drift', 'plumbline.revert', target)] : []),
    ...(isAdoptable(mark)
      ? [action(`Adopt live ${field} from ${place} into the file`, 'Adopt Live Value', 'plumbline.adopt', [target])]
      : []),
    ...(isIgnorable(mark)
      ? [
          {
            ...action(ignoreTitle(`Ignore ${field} of ${mark.object} in ${place}`, offer), 'Ignore This Field', 'plumbline.ignoreField', [
              target,
            ]),
            ...(offer !== undefined && 'refusal' in offer ? { disabled: { reason: offer.refusal } } : {}),
          },
        ]
      : []),
    ...(isRemovable(mark) ? [action(`Remove ${field} from Git in ${place}`, 'Remove from Git', 'plumbline.removeFromGit', [target])] : []),
    action(`Open diff of ${mark.object}: ${place} live ↔ Git`, 'Open Diff', 'plumbline.openDiff', target),
  ];
}

/** The rule's place and what else it hides, when they are known. */
function ignoreTitle(title: string, offer: IgnoreOffer | undefined): string {
  if (offer === undefined || 'refusal' in offer) return title;
  const others = offer.others === 0 ? '' : `, which hides ${String(offer.others)} more`;
  return `${title}: a rule in ${offer.place}${others}`;
}

/** What is done with all the fields of the lines at once. */
function togetherOf(here: readonly LineMark[], offers: ReadonlyMap<LineMark, IgnoreOffer>): CodeAction[] {
  const adoptable = here.filter(isAdoptable);
  const ignorable = here.filter((mark) => {
    const offer = offers.get(mark);
    return isIgnorable(mark) && !(offer !== undefined && 'refusal' in offer);
  });
  const revertible = here.filter((mark) => mark.fieldId !== undefined && isRevertible(mark));
  return [
    ...(revertible.length < 2
      ? []
      : [
          action(
            `Revert all ${String(revertible.length)} live fields of these lines to Git`,
            'Revert Drift',
            'plumbline.revert',
            revertible.map(commandTarget),
          ),
        ]),
    ...(adoptable.length < 2
      ? []
      : [
          action(
            `Adopt all ${String(adoptable.length)} live values of these lines into the files`,
            'Adopt Live Values',
            'plumbline.adopt',
            adoptable.map(commandTarget),
          ),
        ]),
    ...(ignorable.length < 2
      ? []
      : [
          action(
            `Ignore all ${String(ignorable.length)} fields of these lines`,
            'Ignore These Fields',
            'plumbline.ignoreField',
            ignorable.map(commandTarget),
          ),
        ]),
  ];
}

/** *Adopt the whole object*, for each object with a mark here and more changed fields than are here. */
function objectActionsOf(here: readonly LineMark[], all: readonly LineMark[]): CodeAction[] {
  const idOf = ({ applicationId, objectKey }: LineMark): string => `${applicationId}\n${objectKey}`;
  const objects = new Map(here.filter(isAdoptable).map((mark) => [idOf(mark), mark]));
  return [...objects].flatMap(([id, mark]) => {
    const fields = (marks: readonly LineMark[]): number => marks.filter((each) => idOf(each) === id && isAdoptable(each)).length;
    if (fields(all) <= fields(here)) return [];
    const { applicationId, key } = commandTarget(mark);
    const title = `Adopt all live changes of ${mark.object} from ${placeOf(mark)} into the files`;
    return [action(title, 'Adopt Live Object', 'plumbline.adopt', [{ applicationId, key }])];
  });
}

function action(title: string, name: string, command: string, argument: unknown): CodeAction {
  return { title, kind: CodeActionKind.QuickFix, command: { title: name, command, arguments: [argument] } };
}

function placeOf(mark: LineMark): string {
  return mark.environment ?? mark.context;
}
