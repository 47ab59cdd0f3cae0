/** English words of the error codes of syncs, their plans and the ledger. */
export const syncsMessages: Readonly<Record<string, string>> = {
  'sync-not-verifiable':
    '{object} is served by an aggregated API, of which dry-runs cannot be trusted, so it is not synced. Apply it with kubectl.',
  'sync-nothing-rendered':
    'The source of {application} renders to no object, so nothing is synced or pruned. Check the path and the values of the application.',
  'sync-render-incomplete':
    'Parts of {application} could not be rendered ({problem}), so nothing is synced or pruned. Mend the source first.',
  'sync-dirty-not-allowed':
    'The working tree may not be applied to environment {environment}. Set `allowDirty: true` there if it is for trying things; else commit and sync.',
  'sync-running': '{by} syncs this application now (until {until}, by {object}). Wait until that sync has ended, then plan again.',
  'sync-taken-over': 'Another sync{by} has claimed {object} meanwhile, so this one has stopped. Plan again to see what is left.',
  'ledger-foreign':
    '{object} in namespace {namespace} belongs to {owner}, so the sync cannot be recorded there. Rename the application, or remove that ConfigMap if nothing needs it.',
  'ledger-contended': '{object} was changed by others again and again, so the sync was not begun. Try again.',
  'kept-by-annotation': '{object} is not in Git, and is kept: its annotation {annotation} asks for it.',
  'kept-by-owner': '{object} is not in Git, and is kept: {owner} owns it.',
  'prune-off':
    '{object} is not in Git, and is kept: pruning is off for {application}. Set `policy: {prune: true}` in plumbline.yaml to let a sync delete it.',
  'not-pruned': '{object} was not deleted, since not everything of Git was applied before. Plan again when that is mended.',
  'not-ticked': '{object} was left: {action} has to be ticked for each such object.',
  'sync-cancelled': 'Not done: the sync was cancelled before {object}. Sync again to finish it.',
  'sync-stopped': 'Not done: the sync stopped before {object} ({cause}). Sync again to finish it.',
  'wave-not-healthy': 'Not done: {object} did not become healthy in time ({message}), and what comes after waits for it.',
};
