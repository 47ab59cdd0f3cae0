import type { ApplicationState, HealthStatus, ObjectState } from '../../engine/model/states.ts';
import type { Localizer } from './localizer.ts';

/** How a state looks: a product icon and a contributed colour. Shape and words differ too, so that colour is never the only sign. */
export interface Look {
  readonly icon: string;
  readonly color?: string;
}

const stateLooks: Readonly<Record<ApplicationState | ObjectState, Look>> = {
  'cannot compare': { icon: 'circle-slash', color: 'plumbline.cannotCompareForeground' },
  missing: { icon: 'diff-removed', color: 'plumbline.missingForeground' },
  drifted: { icon: 'diff-modified', color: 'plumbline.driftedForeground' },
  'drifted (not confirmed)': { icon: 'diff-modified', color: 'plumbline.driftedForeground' },
  differs: { icon: 'git-compare', color: 'plumbline.differsForeground' },
  'out of sync': { icon: 'arrow-circle-up', color: 'plumbline.outOfSyncForeground' },
  extraneous: { icon: 'diff-added', color: 'plumbline.outOfSyncForeground' },
  unverified: { icon: 'question', color: 'plumbline.unverifiedForeground' },
  synced: { icon: 'pass', color: 'plumbline.syncedForeground' },
  'no destination': { icon: 'lightbulb' },
  pending: { icon: 'loading~spin' },
};

/** Icon and colour of a state. */
export function stateLook(state: ApplicationState | ObjectState): Look {
  return stateLooks[state];
}

/** A state in the user's language. */
export function stateWords(state: ApplicationState | ObjectState, l10n: Localizer): string {
  switch (state) {
    case 'cannot compare':
      return l10n.t('cannot compare');
    case 'missing':
      return l10n.t('missing');
    case 'drifted':
      return l10n.t('drifted');
    case 'drifted (not confirmed)':
      return l10n.t('drifted (not confirmed)');
    case 'differs':
      return l10n.t('differs');
    case 'out of sync':
      return l10n.t('out of sync');
    case 'extraneous':
      return l10n.t('no longer in Git');
    case 'unverified':
      return l10n.t('unverified');
    case 'synced':
      return l10n.t('synced');
    case 'no destination':
      return l10n.t('no destination');
    case 'pending':
      return l10n.t('comparing…');
  }
}

/** One sentence on what a state means. */
export function stateMeaning(state: ApplicationState | ObjectState, l10n: Localizer): string {
  switch (state) {
    case 'cannot compare':
      return l10n.t('It could not be rendered or read, so nothing is known of its drift.');
    case 'missing':
      return l10n.t('Git declares it, and nothing of it is in the cluster.');
    case 'drifted':
      return l10n.t('Someone changed it in the cluster, behind Git’s back.');
    case 'drifted (not confirmed)':
      return l10n.t('Another manager changed fields that Git sets. Your rights do not allow the dry-run that would confirm it.');
    case 'differs':
      return l10n.t('The cluster is not what Git says, and no record tells which side moved.');
    case 'out of sync':
      return l10n.t('Git is ahead of the cluster.');
    case 'extraneous':
      return l10n.t('It belongs to the application in the cluster, and Git no longer declares it.');
    case 'unverified':
      return l10n.t('No difference was found, but the proof needs a right that is missing.');
    case 'synced':
      return l10n.t('The cluster is what Git says.');
    case 'no destination':
      return l10n.t('Found in the repository. Choose a cluster to compare it.');
    case 'pending':
      return l10n.t('The first comparison is under way.');
  }
}

const healthLooks: Readonly<Record<HealthStatus, Look & { readonly badge?: string }>> = {
  healthy: { icon: 'heart-filled', color: 'plumbline.syncedForeground' },
  suspended: { icon: 'debug-pause', color: 'plumbline.unverifiedForeground', badge: '‖' },
  progressing: { icon: 'sync', color: 'plumbline.progressingForeground', badge: '↻' },
  missing: { icon: 'diff-removed', color: 'plumbline.missingForeground', badge: '∅' },
  degraded: { icon: 'error', color: 'plumbline.degradedForeground', badge: '✗' },
  unknown: { icon: 'question', color: 'plumbline.unverifiedForeground', badge: '?' },
};

/** Icon, colour and badge (one character; none when all is well) of a health. */
export function healthLook(status: HealthStatus): Look & { readonly badge?: string } {
  return healthLooks[status];
}

/** A health in the user's language. */
export function healthWords(status: HealthStatus, l10n: Localizer): string {
  switch (status) {
    case 'healthy':
      return l10n.t('healthy');
    case 'suspended':
      return l10n.t('suspended');
    case 'progressing':
      return l10n.t('progressing');
    case 'missing':
      return l10n.t('not running');
    case 'degraded':
      return l10n.t('degraded');
    case 'unknown':
      return l10n.t('health unknown');
  }
}
