/** English words of what the owner of an object does about a difference, and of rules of its that cannot be evaluated. */
export const ownerMessages: Readonly<Record<string, string>> = {
  'note-argo-self-heals': 'Argo CD undoes it within seconds (Application {name} heals itself)',
  'note-argo-no-self-heal': 'Argo CD keeps it until the next sync (Application {name} syncs by itself, without self-heal)',
  'note-argo-manual': 'Argo CD keeps it until somebody syncs (Application {name} has no auto-sync)',
  'note-argo-skips': 'Argo CD keeps it (Application {name} is not reconciled: skip-reconcile)',
  'note-flux-reverts': 'Flux undoes it at the next turn of {name}, every {interval}',
  'note-flux-suspended': 'Flux keeps it while {name} is suspended',
  'note-flux-helm-keeps': 'Flux keeps it ({name} has drift detection {mode})',
  'ignored-live-only-argo': 'Argo CD does not compare fields that stand only in the cluster',
  'ignored-live-only-flux': 'Flux leaves the fields of other managers alone',
  'owner-rule-failed': 'The rule {rule} of {declaredBy} cannot be evaluated: {problem}',
};
