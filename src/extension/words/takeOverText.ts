import type { ReleaseLeft, SyncPlanApplication, SyncStep } from '../../engine/model/sync.ts';
import type { Localizer } from './localizer.ts';

/** One line below an object that is taken over: whose fields move, or a mark that comes or goes. */
export interface TakeOverLine {
  readonly id: string;
  readonly text: string;
  /** the fields that move, one a line; absent of a mark */
  readonly tooltip?: string;
}

/** What a take over does to one object, line by line; empty for other steps. */
export function takeOverLines({ moves = [], marks = [] }: SyncStep, l10n: Localizer): readonly TakeOverLine[] {
  return [
    ...moves.map(({ manager, operation, count, fields }) => {
      const more = count > fields.length ? [l10n.t('… and {0} more', count - fields.length)] : [];
      return {
        id: `${manager}/${operation}`,
        text: count === 1 ? l10n.t('1 field: {0} → plumbline', manager) : l10n.t('{0} fields: {1} → plumbline', count, manager),
        tooltip: [...fields, ...more].join('\n'),
      };
    }),
    ...marks.map(({ place, name, change }) => ({ id: `${place}/${name}`, text: markText(place, name, change, l10n) })),
  ];
}

function markText(place: 'label' | 'annotation', name: string, change: 'added' | 'removed', l10n: Localizer): string {
  if (place === 'label') return change === 'added' ? l10n.t('label added: {0}', name) : l10n.t('label removed: {0}', name);
  return change === 'added' ? l10n.t('annotation added: {0}', name) : l10n.t('annotation removed: {0}', name);
}

/** What becomes of the Helm releases that objects leave: for each one what is kept, what never to do, and what to do. */
export function releaseTexts(applications: readonly SyncPlanApplication[], l10n: Localizer): readonly (readonly string[])[] {
  return applications.flatMap(({ releases = [] }) => releases.map((release) => releaseText(release, l10n)));
}

function releaseText({ name, namespace, version, records }: ReleaseLeft, l10n: Localizer): readonly string[] {
  const release = version === undefined ? `${namespace}/${name}` : l10n.t('{0}, revision {1}', `${namespace}/${name}`, version);
  const kept =
    records === undefined
      ? l10n.t('Helm’s record of the release {0} could not be read; it stays as it is.', release)
      : records === 1
        ? l10n.t('Helm’s record of the release {0} stays as it is (1 Secret).', release)
        : l10n.t('Helm’s record of the release {0} stays as it is ({1} Secrets).', release, records);
  const never = l10n.t('Never run “helm uninstall” or “helm upgrade” on it again: that deletes or overwrites these objects.');
  const command = `kubectl -n ${namespace} delete secret -l owner=helm,name=${name}`;
  return [kept, never, l10n.t('To make Helm forget it: {0}', command)];
}
