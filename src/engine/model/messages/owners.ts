/** English words of what the owner of an object does about a difference, and of rules of its that cannot be evaluated. */
export const ownerMessages: Readonly<Record<string, string>> = {
  'note-argo-self-heals': 'Argo CD undoes it within seconds (Application {name} heals itself)',
  'note-argo-no-self-heal': 'Argo CD keeps it until the next sync (Application {name} syncs by itself, without self-heal)',
  'note-argo-manual': 'Argo CD keeps it until somebody syncs (Application {name} has no auto-sync)',
  'note-argo-skips': 'Argo CD keeps it (Application {name} is not reconciled: skip-reconcile)',
  'note-argo-failed':
    'Argo CD keeps it until somebody syncs: the last sync of Application {name} failed, and auto-sync tries no commit twice',
  'note-argo-no-project': 'Argo CD keeps it while {project} is not there: without it Application {name} is not synced',
  'note-argo-excludes': 'Argo CD keeps it: it takes no notice of {kind} objects here ({by})',
  'note-argo-windows-unknown':
    'Argo CD undoes it within seconds (Application {name} heals itself), unless a sync window of {project}, which cannot be read here, denies that',
  'note-argo-window-deny':
    'Argo CD undoes it at {at}, when sync windows no longer deny it (Application {name} heals itself; {project} has {window})',
  'note-argo-window-allow':
    'Argo CD undoes it at {at}, when the next sync window opens (Application {name} heals itself; {project} has {window})',
  'note-argo-window-never': 'Argo CD keeps it: sync windows of {project} never let Application {name} sync by itself ({window})',
  'note-argo-window-broken':
    'Argo CD keeps it: a sync window of {project} cannot be read ({window}), and Argo CD then denies every sync of Application {name}',
  'note-argo-window-manual': 'A sync by hand is allowed before that.',
  'note-argo-closed': 'Sync windows of {project} deny every sync ({window})',
  'note-argo-closed-until': 'Sync windows of {project} deny every sync until {at} ({window})',
  'note-argo-closed-but-manual': 'Sync windows of {project} deny every sync but one by hand until {at} ({window})',
  'note-argo-closed-broken': 'A sync window of {project} cannot be read ({window}), and Argo CD then denies every sync',
  'note-flux-reverts': 'Flux undoes it at the next turn of {name}, every {interval}',
  'note-flux-suspended': 'Flux keeps it while {name} is suspended',
  'note-flux-helm-keeps': 'Flux keeps it ({name} has drift detection {mode})',
  'note-flux-reverts-at': 'Flux undoes it at the next turn of {name}, by {at} (every {interval})',
  'note-flux-recreates': 'Flux deletes and creates it at the next turn of {name}, every {interval}: a field differs that cannot be changed',
  'note-flux-cannot-change':
    'Flux cannot undo it: a field differs that cannot be changed, so {name} fails until the object is deleted, or spec.force is set',
  'note-flux-helm-cannot-change':
    'Flux cannot undo it: a field differs that cannot be changed, so {name} fails to correct drift until the object is deleted',
  'note-argo-recreates': 'Argo CD deletes and creates it within seconds (Force=true): a field differs that cannot be changed',
  'note-argo-cannot-change':
    'Argo CD cannot undo it: a field differs that cannot be changed, so each sync of Application {name} fails until the object is deleted',
  'note-flux-fails': 'Flux keeps it until {name} works again ({problem})',
  'note-owner-unreadable': '{owner} owns it; {name} cannot be read here, so whether it undoes this is not known',
  'prune-argo-soon': 'Argo CD deletes it within seconds (Application {name} prunes and heals itself)',
  'prune-argo-windows-unknown':
    'Argo CD deletes it within seconds (Application {name} prunes and heals itself), unless a sync window of {project}, which cannot be read here, denies that',
  'prune-argo-window-deny':
    'Argo CD deletes it at {at}, when sync windows no longer deny it (Application {name} prunes and heals itself; {project} has {window})',
  'prune-argo-window-allow':
    'Argo CD deletes it at {at}, when the next sync window opens (Application {name} prunes and heals itself; {project} has {window})',
  'prune-argo-manual': 'Argo CD keeps it until somebody syncs with prune (Application {name} has no auto-sync)',
  'prune-argo-off': 'Argo CD keeps it until somebody syncs with prune (Application {name} syncs by itself, without prune)',
  'prune-argo-option': 'Argo CD keeps it (Application {name} has the sync option Prune=false)',
  'prune-argo-confirm': 'Argo CD deletes it when somebody confirms that (Prune=confirm; Application {name})',
  'prune-flux-next': 'Flux deletes it at the next turn of {name}, every {interval}',
  'prune-flux-at': 'Flux deletes it at the next turn of {name}, by {at} (every {interval})',
  'prune-flux-off': 'Flux keeps it ({name} has no prune)',
  'prune-flux-unlisted': 'Flux keeps it: {name} deletes only what its inventory lists, and that does not have it',
  'prune-flux-helm': 'Flux keeps it: {name} deletes only what an upgrade of its release leaves out',
  'ignored-argo-set': 'Application {name} does not compare it; its next sync sets the value of Git all the same',
  'ignored-argo-kept': 'Application {name} does not compare it and leaves it as it is (RespectIgnoreDifferences)',
  'ignored-argo-excluded': 'Argo CD takes no notice of {kind} objects here: it neither compares nor syncs them',
  'ignored-flux-rule': '{name} does not compare it and leaves it as it is',
  'ignored-known-type': 'Argo CD reads it as {type}: both sides mean the same',
  'ignored-live-only-argo': 'Argo CD does not compare fields that stand only in the cluster',
  'ignored-live-only-flux': 'Flux leaves the fields of other managers alone',
  'owner-unreadable':
    '{owner} owns objects of this application, and {name} cannot be read: its ignore rules are not known. Name the cluster that holds it in the setting plumbline.controlPlanes, or ask for the right to read it.',
  'owner-settings-unreadable':
    '{owner} owns objects of this application, and {name} cannot be read: the rules that stand there are not known.',
  'owner-read-failed':
    '{what} could not be read from {context} ({problem}). It decides what counts as a difference here, so nothing is said before it can be read; it is tried again.',
  'owner-rule-failed': 'The rule {rule} of {declaredBy} cannot be evaluated, so it leaves nothing out: {problem}',
};
