import type { CommitPlan, PushPlan } from '../../engine/model/commit.ts';
import type { WordsContext } from './rowText.ts';

type Words = Pick<WordsContext, 'l10n' | 'reasonWords'>;

const mostLines = 24;
const mostNames = 5;
const shortLength = 7;
const marks = { added: 'A', modified: 'M', deleted: 'D' } as const;

/** What a commit would change, as the patch of its files. */
export function commitDocument(plan: CommitPlan, words: Words): string {
  const { l10n } = words;
  const comment = (text: string): string => `# ${text}`;
  const parts = plan.files.map(({ path, status, patch, note }) =>
    [patch ?? comment(`${path} (${status})`), ...(note === undefined ? [] : [comment(words.reasonWords(note))])].join('\n').trimEnd(),
  );
  const facts = [
    ...plan.warnings.map((warning) => words.reasonWords(warning)),
    ...(plan.left.length === 0 ? [] : [l10n.t('Left as they are: {0}', named(plan.left, words))]),
  ];
  return [...facts.map(comment), ...(facts.length === 0 ? [] : ['']), ...parts, ''].join('\n');
}

/** The files of a commit for its confirmation, with what a committer should know. */
export function commitDetail(plan: CommitPlan, subject: string, words: Words): string {
  const { l10n } = words;
  return cut(
    [
      `“${subject}”`,
      ...plan.files.map(({ path, status }) => `${marks[status]}  ${path}`),
      ...(plan.left.length === 0 ? [] : [l10n.t('Left as they are: {0}', named(plan.left, words))]),
      ...plan.warnings.map((warning) => words.reasonWords(warning)),
    ],
    words,
  ).join('\n');
}

/** What a push carries and moves, for its confirmation. @param own subject of a commit that is made first */
export function pushDetail(push: PushPlan, words: Words, own?: string): string {
  const { l10n } = words;
  const commits = push.carries.map(
    ({ id, subject, author }) =>
      `•  ${id.slice(0, shortLength)} ${subject} (${author})${push.foreign.includes(id) ? ` — ${l10n.t('not yours')}` : ''}`,
  );
  const carried = [...(own === undefined ? [] : [`•  ${own} (${l10n.t('this commit')})`]), ...commits];
  const unlisted = push.count - push.carries.length;
  const moved = push.moves.map(({ name, environment, isProtected }) => {
    const place = [environment, ...(isProtected ? [l10n.t('protected')] : [])].filter((part) => part !== undefined).join(', ');
    return `•  ${place === '' ? name : `${name} (${place})`}`;
  });
  return [
    l10n.t('The push carries to {0}/{1}:', push.remote, push.remoteBranch),
    ...cut(carried, words),
    ...(unlisted > 0 ? [l10n.t('… and {0} more commits', unlisted)] : []),
    '',
    ...(moved.length === 0
      ? [l10n.t('It moves the target of no application.')]
      : [l10n.t('It moves the target of:'), ...cut(moved, words)]),
  ].join('\n');
}

/** How many files, in words. */
export function filesText({ files }: Pick<CommitPlan, 'files'>, { l10n }: Words): string {
  return files.length === 1 ? (files[0]?.path ?? '') : l10n.t('{0} files', files.length);
}

/** How many commits, in words. */
export function commitsText(count: number, { l10n }: Words): string {
  return count === 1 ? l10n.t('1 commit') : l10n.t('{0} commits', count);
}

/** At most five names, and how many more there are. */
function named(names: readonly string[], { l10n }: Words): string {
  const more = names.length - mostNames;
  return more > 0 ? l10n.t('{0} and {1} more', names.slice(0, mostNames).join(', '), more) : names.join(', ');
}

function cut(lines: readonly string[], { l10n }: Words): readonly string[] {
  return lines.length > mostLines ? [...lines.slice(0, mostLines), l10n.t('… and {0} more lines', lines.length - mostLines)] : lines;
}
