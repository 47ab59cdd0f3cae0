/** English words of the error codes of the room `engine/drift`. Each says what failed, why, and the cure. */
export const driftMessages: Readonly<Record<string, string>> = {
  'version-not-served':
    'The cluster does not serve {apiVersion} of {kind} (it serves {versions}). Change apiVersion in the manifest to a served version.',
  'kind-unknown':
    'The cluster does not know the kind {kind} of {apiVersion}. Install the CustomResourceDefinition or the API, or correct the manifest.',
  'kind-pending': 'The kind {kind} comes with this application and is not installed yet. Sync creates it first.',
  'namespace-pending': 'The namespace {namespace} comes with this application and does not exist yet. Sync creates it first.',
  'namespace-not-there':
    'The namespace {namespace} does not exist in the cluster. Create it, add it to the application, or choose another destination.',
  'object-not-live': '{kind} {name} is not in the cluster, and no sync is recorded that tells whether it ever was.',
  'object-not-yet-applied': '{kind} {name} is new in Git and waits to be applied.',
  'object-deleted': '{kind} {name} was applied and has been deleted from the cluster since.',
  'live-being-deleted': '{kind} {name} is being deleted. What still holds it is in its finalizers.',
  'live-keeps-changing': 'The object changed during every comparison. It is compared again with its next change.',
  offline: 'The local proof cannot tell, and the cluster is not connected.',
  'aggregated-api':
    '{kind} is served by an aggregated API. Dry-runs are not sent to those, since some of them store what they should only try out.',
  'dry-run-forbidden':
    'You may not {verb} {resource} in the namespace "{namespace}", which a server-side dry-run needs. Without that right only what the object itself proves is shown.',
  'immutable-field': 'Fields that cannot be changed on a live object differ. Applying Git means to delete and create the object: {message}',
  'target-invalid': 'The cluster does not accept the object as Git has it: {message}',
  'target-rejected': 'The cluster cannot read the object as Git has it: {message}',
  'webhook-failed':
    'A webhook that has to admit {resource} did not answer, so nobody can tell what an apply would do: {message} Repair it, or set its failurePolicy to Ignore.',
  'name-volatile':
    'Every render of the chart gives this {kind} another name ({name} now), so it cannot be told which live object it is. Give it a fixed name.',
  'no-managed-fields':
    'No difference was found, but the object carries no managedFields, so nobody can tell what was removed from Git. The next sync records it.',
  'no-owner': 'No difference was found, but nothing on the object tells who applied it, so nobody can tell what was removed from Git.',
  'no-baseline':
    'No difference was found, but {manager} left no record of what it applied, so nobody can tell what was removed from Git. The next sync records it.',
  'nothing-rendered': 'The source renders to no object at all. Check its path and its parameters.',
  'server-warning': 'The API server warns about {object} ({application}): {message}',
  'server-refuses': 'The API server would refuse {object} ({application}): {message}',
  'server-refuses-field': 'The API server would refuse {object} ({application}): {field}: {message}',
};
