import type { ApplicationRow } from '../../engine/model/snapshot.ts';
import { applicationStates } from '../../engine/model/states.ts';
import type { ApplicationState } from '../../engine/model/states.ts';
import { needsAttention } from '../words/applicationText.ts';
import type { Localizer } from '../words/localizer.ts';
import { matchesFilter } from './filter.ts';
import type { Filter } from './filter.ts';

/** How the tree groups applications below `Needs attention`. */
export const groupings = ['environment', 'cluster', 'folder', 'owner', 'none'] as const;
/** See {@link groupings}. */
export type Grouping = (typeof groupings)[number];

/** What kind of group: it decides icon and whether it starts collapsed. */
export type GroupKind = 'attention' | Exclude<Grouping, 'none'> | 'suggestions';

/** A group of applications, in the order of the view. */
export interface Group {
  /** stable: `attention`, `environment:prod`, … */
  readonly id: string;
  readonly kind: GroupKind;
  readonly label: string;
  readonly applicationIds: readonly string[];
  /** how many of them need attention */
  readonly attentionCount: number;
}

/** The first two levels of the tree. */
export interface Outline {
  readonly groups: readonly Group[];
  /** applications that stand outside of any group, when nothing groups them */
  readonly ungrouped: readonly string[];
  /** applications that need attention, filter or not: the badge */
  readonly attentionCount: number;
  /** applications that the filter hides */
  readonly hiddenCount: number;
}

const severity = new Map<ApplicationState, number>([...applicationStates.entries()].map(([rank, state]) => [state, rank]));

/**
 * Sorts applications into groups: those that need attention first and again in their own place, so that a row never moves
 * when its state does; suggestions last.
 */
export function outline(applications: Iterable<ApplicationRow>, grouping: Grouping, filter: Filter, l10n: Localizer): Outline {
  const attention: ApplicationRow[] = [];
  const suggestions: ApplicationRow[] = [];
  const ungrouped: ApplicationRow[] = [];
  const byLabel = new Map<string, ApplicationRow[]>();
  let attentionCount = 0;
  let hiddenCount = 0;
  for (const row of applications) {
    const isAttention = needsAttention(row);
    if (isAttention) attentionCount += 1;
    if (!matchesFilter(row, filter)) {
      hiddenCount += 1;
      continue;
    }
    if (row.state === 'no destination') {
      suggestions.push(row);
      continue;
    }
    if (isAttention) attention.push(row);
    if (grouping === 'none') {
      ungrouped.push(row);
      continue;
    }
    const label = groupLabel(row, grouping, l10n);
    const group = byLabel.get(label);
    if (group === undefined) byLabel.set(label, [row]);
    else group.push(row);
  }
  const groups: Group[] = [];
  if (attention.length > 0) {
    attention.sort((a, b) => rank(a) - rank(b) || byName(a, b));
    groups.push(toGroup('attention', 'attention', l10n.t('Needs Attention'), attention));
  }
  if (grouping !== 'none') {
    for (const [label, rows] of [...byLabel].sort(([a], [b]) => compareText(a, b))) {
      groups.push(toGroup(`${grouping}:${label}`, grouping, label, rows.sort(byName)));
    }
  }
  if (suggestions.length > 0) groups.push(toGroup('suggestions', 'suggestions', l10n.t('Suggestions'), suggestions.sort(byName)));
  return { groups, ungrouped: ungrouped.sort(byName).map((row) => row.id), attentionCount, hiddenCount };
}

function toGroup(id: string, kind: GroupKind, label: string, rows: readonly ApplicationRow[]): Group {
  let count = 0;
  for (const row of rows) if (needsAttention(row)) count += 1;
  return { id, kind, label, applicationIds: rows.map((row) => row.id), attentionCount: count };
}

function groupLabel(row: ApplicationRow, grouping: Exclude<Grouping, 'none'>, l10n: Localizer): string {
  switch (grouping) {
    case 'environment':
      return row.environment ?? row.context ?? l10n.t('No Environment');
    case 'cluster':
      return row.context ?? l10n.t('No Cluster');
    case 'folder': {
      const folder = row.path.split('/').slice(0, -1).join('/');
      return folder === '' ? '/' : folder;
    }
    case 'owner':
      return row.owner;
  }
}

function rank(row: ApplicationRow): number {
  return row.state === 'pending' ? applicationStates.length : (severity.get(row.state) ?? applicationStates.length);
}

function byName(a: ApplicationRow, b: ApplicationRow): number {
  return compareText(a.name, b.name) || compareText(a.id, b.id);
}

/** Names of Kubernetes are lower-case ASCII; a collator would cost 10 ms for 8,000 of them. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
