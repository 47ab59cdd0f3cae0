import type { Side } from '../../engine/model/sides.ts';
import type { ApplicationRow, RepoRow } from '../../engine/model/snapshot.ts';
import type { Localizer } from '../words/localizer.ts';

const shortCommitLength = 7;

/**
 * A side as a diff's title names it: `prod-eu live`, `Git 4f2c1d0`.
 * @param repo the repo of the application, for the commit of HEAD
 */
export function sideName(side: Side, row: ApplicationRow, repo: RepoRow | undefined, l10n: Localizer): string {
  switch (side) {
    case 'live':
      return row.context === undefined ? l10n.t('live') : l10n.t('{0} live', row.context);
    case 'target':
      return row.targetRevision === undefined ? l10n.t('Git target') : l10n.t('Git {0}', short(row.targetRevision));
    case 'synced':
      return l10n.t('synced');
    case 'HEAD':
      return repo?.head === undefined ? 'HEAD' : `HEAD ${short(repo.head)}`;
    case 'working tree':
      return l10n.t('working tree');
    default:
      return l10n.t('Git {0}', short(side.slice('revision:'.length)));
  }
}

/** `Deployment/web: prod-eu live ↔ Git 4f2c1d0`. */
export function diffTitle(
  subject: string,
  sides: { readonly left: Side; readonly right: Side },
  row: ApplicationRow,
  repo: RepoRow | undefined,
  l10n: Localizer,
): string {
  return `${subject}: ${sideName(sides.left, row, repo, l10n)} ↔ ${sideName(sides.right, row, repo, l10n)}`;
}

function short(commit: string): string {
  return /^[\da-f]{40,64}$/.test(commit) ? commit.slice(0, shortCommitLength) : commit;
}
