import type { CommitPlan, PushPlan } from '../../engine/model/commit.ts';
import type { RollbackPlan } from '../../engine/model/rollback.ts';
import { displayName, parseKeyString } from '../../engine/model/objects.ts';
import type { WordsContext } from './rowText.ts';

type Words = Pick<WordsContext, 'l10n' | 'reasonWords'>;

const mostLines = 20;
const shortLength = 7;

/** What a commit would change, as the patch of its files. */
export function commitDocument(plan: CommitPlan, words: Words): string {
  const parts = plan.files.map(({ path, status, patch, note }) =>
    [patch ?? `# ${path} (${status})`, ...(note === undefined ? [] : [`# ${words.reasonWords(note)}`])].join('\n').trimEnd(),
  );
  return `${parts.join('\n')}\n`;
}

/** The confirmation of a push: every commit that it carries and every application that it moves. */
export function pushDetail(push: PushPlan, words: Words, own?: string): string {
  const { l10n } = words;
  const commits = push.carries.map(
    ({ id, subject, author }) =>
      `• ${id.slice(0, shortLength)} ${subject} (${author})${push.foreign.includes(id) ? ` — ${l10n.t('not yours')}` : ''}`,
  );
  const carried = [...(own === undefined ? [] : [`• ${own}`]), ...commits];
  const moved = push.moves.map(({ name, environment }) => `• ${environment === undefined ? name : `${name} (${environment})`}`);
  return cut(
    [
      l10n.t('Carries to {0}/{1}:', push.remote, push.remoteBranch),
      ...carried,
      '',
      ...(moved.length === 0 ? [l10n.t('It moves no application.')] : [l10n.t('Moves the target of:'), ...moved]),
    ],
    words,
  ).join('\n');
}

/** A roll back as a document: what cannot be undone, what else moves, the patch of the files, and how each object renders then. */
export function rollbackDocument(plan: RollbackPlan, words: Words): string {
  const { l10n } = words;
  const comment = (text: string): string => `# ${text}`;
  return [
    comment(l10n.t('Inputs of {0} back to {1}', plan.applicationId, plan.revision.slice(0, shortLength))),
    ...(plan.isExact ? [] : [comment(l10n.t('They will not render exactly as they did then: the definition or a remote source changed.'))]),
    ...plan.cannotUndo.map((reason) => comment(words.reasonWords(reason))),
    ...plan.shared.map(({ applicationId, files, rendered }) =>
      comment(l10n.t('{0} shares {1}: {2} of its objects change', applicationId, files.join(', '), rendered.length)),
    ),
    '',
    commitDocument(plan.commit, words),
    ...plan.rendered.map(({ key, action }) => comment(`${action} ${displayName(parseKeyString(key))}`)),
    '',
  ].join('\n');
}

/** The confirmation of a roll back. */
export function rollbackDetail(plan: RollbackPlan, words: Words): string {
  const { l10n } = words;
  const lines = [
    ...plan.rendered.map(({ key, action }) => `• ${action} ${displayName(parseKeyString(key))}`),
    ...(plan.shared.length === 0
      ? []
      : [
          l10n.t('Other applications read these files and change too:'),
          ...plan.shared.map(({ applicationId, rendered }) => `• ${applicationId}: ${l10n.t('{0} objects', rendered.length)}`),
        ]),
    ...plan.cannotUndo.map((reason) => words.reasonWords(reason)),
    ...(plan.isExact ? [] : [l10n.t('They will not render exactly as they did then: the definition or a remote source changed.')]),
  ];
  return cut(lines, words).join('\n');
}

function cut(lines: readonly string[], { l10n }: Words): readonly string[] {
  return lines.length > mostLines ? [...lines.slice(0, mostLines), l10n.t('… and {0} more lines', lines.length - mostLines)] : lines;
}
