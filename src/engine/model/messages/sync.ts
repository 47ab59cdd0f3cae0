/** English words of the error codes of the room `engine/sync`. Each says what failed, why, and the cure. */
export const syncMessages: Readonly<Record<string, string>> = {
  'owned-by-argocd':
    '{object} is owned by the Argo CD application {owner}, so Plumbline does not write to it. Change it in Git, or sync the application in Argo CD.',
  'owned-by-flux':
    '{object} is owned by the Flux object {owner}, so Plumbline does not write to it. Change it in Git, or reconcile it with flux.',
  'owned-by-helm':
    '{object} belongs to the Helm release {owner}, so Plumbline does not write to it. Run `helm upgrade` for the release to bring it back, or let Plumbline take its objects over.',
  'owned-by-applyset':
    '{object} belongs to the ApplySet {owner} of another tool, so Plumbline does not write to it. Revert it with the tool that applies that set.',
  'not-managed':
    '{object} is compared only: the application {application} is not declared in plumbline.yaml. Declare it there to let Plumbline write to it.',
  'cluster-not-verified':
    'The identity of the cluster behind context {context} could not be read (the UID of namespace kube-system), so nothing is written to it. Ask for the right to get that namespace.',
  'cluster-not-pinned':
    'Environment {environment} does not say which cluster it is, so nothing is written to the one behind context {context}. Add `clusterUid: {actual}` to the environment in plumbline.yaml if that is the right cluster.',
  'object-not-verified': '{object} is {state}, so there is no proof of what a revert would change. Nothing is written to it.',
  'not-in-revision': '{object} is not part of the commit to restore, so there is nothing to revert it to.',
  'being-deleted':
    '{object} is being deleted since {time}, so it is not written to. Wait until it is gone, or remove the finalizer that holds it.',
  'not-drifted': '{object}: {fields} did not drift. Only what was changed behind Git is reverted; what waits to be applied is for a sync.',
  'direction-unknown':
    '{object}: no record tells whether {fields} was changed live or in Git, so it is left. Choose these fields themselves to set them back to Git.',
  'nothing-to-revert': '{object} has no drifted field.',
  'held-by-autoscaler':
    '{fields} of {object} is held by {holder}, so it is not written to. Remove the field from Git, or remove the autoscaler.',
  'needs-recreate':
    '{object}: {fields} cannot be changed on an existing object ({message}). Delete the object and apply it again; Plumbline does not do that in a revert.',
  'cannot-write': 'You may not {verb} {resource} in namespace {namespace} of context {context}. Ask for that right.',
  'moved-since-plan': '{object} was changed after the plan was made, so it was not written. Plan again to see what it is now.',
  'changes-more':
    'Reverting {object} would change more than what was chosen ({fields}), so it is refused. Revert the whole object, or edit these fields too.',
  'no-effect':
    'The cluster would not take the Git value of {fields} of {object}: a webhook or a default puts the live value back. Nothing is written.',
  'refused-by-server': 'The cluster refuses the change of {object}: {message}',
  'kind-not-served': 'The cluster does not serve the kind {kind} of {object}. Install its CustomResourceDefinition first.',
  'revert-cancelled': 'Not done: the revert was cancelled before {object}.',
  'revert-stopped': 'Not done: the revert stopped before {object}, since the cluster no longer answered ({cause}).',
};
