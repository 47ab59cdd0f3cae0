/** English words of the error codes of syncs, their plans and the ledger. */
export const syncsMessages: Readonly<Record<string, string>> = {
  'sync-value-random':
    '{object}: every render of the chart makes {fields} anew, and a render here can be repeated by anybody, so its value would be no secret. Set the value in the values, or create the object once with Helm: what is live then is kept.',
  'sync-name-random':
    'Every render of the chart gives {object} another name, so each sync would make one more. Give it a name in the chart that stays.',
  'sync-not-verifiable':
    '{object} is served by an aggregated API, of which dry-runs cannot be trusted, so it is not synced. Apply it with kubectl.',
  'sync-nothing-rendered':
    'The source of {application} renders to no object, so nothing is synced or pruned. Check the path and the values of the application.',
  'sync-render-incomplete':
    'Parts of {application} could not be rendered ({problem}), so nothing is synced or pruned. Mend the source first.',
  'sync-dirty-not-allowed':
    'The working tree may not be applied to environment {environment}. If that cluster is for trying things, write `allowDirty: true` below environments.{environment} in plumbline.yaml; else commit and sync.',
  'sync-running':
    '{by} syncs this application now, says {object}. Wait until that sync has ended; if it was killed, a new one may begin at {until}, 45 s after its last sign of life, and on its own machine at once.',
  'sync-taken-over': 'Another sync{by} has claimed {object} meanwhile, so this one has stopped. Plan again to see what is left.',
  'ledger-foreign':
    '{object} in namespace {namespace} belongs to {owner}, so the sync cannot be recorded there. Rename the application, or remove that ConfigMap if nothing needs it.',
  'ledger-renamed':
    '{object} in namespace {namespace} is the record of {owner}, so {application} is not synced there. If that is its former name (a renamed environment), hand the record over: kubectl annotate configmap -n {namespace} {configMap} plumbline.dev/application={application} --overwrite. Else give one of the two another name or namespace.',
  'ledger-contended': '{object} was changed by others again and again, so the sync was not begun. Try again.',
  'kept-by-annotation': '{object} is not in Git, and is kept: its annotation {annotation} asks for it.',
  'kept-by-owner': '{object} is not in Git, and is kept: {owner} owns it.',
  'prune-off':
    '{object} is not in Git, and is kept: pruning is off for {application}. Set `policy: {prune: true}` in plumbline.yaml to let a sync delete it.',
  'not-pruned': '{object} was not deleted, since not everything of Git was applied before. Plan again when that is mended.',
  'not-ticked': '{object} was left: {action} has to be ticked for each such object.',
  'sync-cancelled': 'Not done: the sync was cancelled before {object}. Sync again to finish it.',
  'sync-stopped': 'Not done: the sync stopped before {object} ({cause}). Sync again to finish it.',
  'take-over-not-live': '{object} is not in the cluster, so there is nothing to take over. A sync creates it.',
  'take-over-not-in-git':
    '{object} belongs to the Helm release {release} and is not in Git: it stays as it is, with the release. Add it to Git, or delete it yourself.',
  'take-over-nobody':
    '{object} was applied neither by kubectl nor by Helm, but by {managers}, so it is not taken over. Stop that tool first; a sync then applies the object.',
  'take-over-other-version':
    '{object} was applied by {manager} as {version} and Git has {wanted}, so its fields cannot be moved. Apply it once with {manager} as {wanted}, then take it over.',
  'take-over-changes':
    'Taking over {object} would change more than who owns it ({fields}): a webhook of the cluster edits it on the way. It is left as it is.',
  'take-over-release-busy':
    'Helm is at work on the release {release} in namespace {namespace} ({status}), so nothing of it is taken over. Wait until it has ended, or mend the release.',
  'wave-not-healthy': 'Not done: {object} did not become healthy in time ({message}), and what comes after waits for it.',
};
