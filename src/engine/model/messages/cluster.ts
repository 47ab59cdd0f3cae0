/** English words of the error codes of the room `engine/cluster`. Each says what failed, why, and the cure. */
export const clusterMessages: Readonly<Record<string, string>> = {
  'kubeconfig-missing': 'No kubeconfig was found at {files}. Create one, or name one by KUBECONFIG or the setting plumbline.kubeconfig.',
  'kubeconfig-unreadable': 'The kubeconfig {file} cannot be read: {message}. Check its permissions.',
  'kubeconfig-invalid': 'The kubeconfig {file} is broken at line {line}: {message}. Correct that line.',
  'unknown-context': 'The kubeconfig has no context {context}. Known contexts: {known}. Choose one of them, or add it.',
  'unknown-cluster':
    'The context {context} names the cluster {cluster}, which the kubeconfig does not have ({file}, line {line}). Add it or correct the name.',
  'unknown-user':
    'The context {context} names the user {user}, which the kubeconfig does not have ({file}, line {line}). Add it or correct the name.',
  'credential-file-unreadable': 'A credential file of the context {context} cannot be read: {file}. {message}',
  'auth-provider-removed':
    'The context {context} uses a login built into old kubectl versions, which Kubernetes 1.26 removed. Switch it to the plugin {plugin}.',
  'sign-in-needed': 'The login to {context} has ended ({command}: {message}). Sign in again.',
  'credential-plugin-missing':
    'The credential plugin {command} of the context {context} was not found on the PATH. Install it, or correct the PATH.',
  'credential-plugin-failed':
    'The credential plugin {command} of the context {context} failed: {message}. Run it in a terminal to see why.',
  'credential-plugin-invalid':
    'The credential plugin {command} of the context {context} cannot be used: {message}. Update the plugin or the kubeconfig.',
  unauthorized: 'The cluster {context} does not accept the credentials (token or certificate expired or revoked). Sign in again.',
  unreachable: 'The cluster {context} cannot be reached at {server}: {message}. Check the network, VPN and the address.',
  'timed-out': 'The cluster {context} did not answer in time at {server}. Check the network, VPN and the address.',
  'tls-failed': 'No trusted connection to {server} ({context}): {message}. Check certificate-authority in the kubeconfig.',
  'connection-closed': 'The connection to {context} was closed.',
  'wrong-cluster':
    'The context {context} reaches another cluster (kube-system UID {uid}) than the environment declares ({expectedUid}). Nothing was sent to it. Correct the context, or clusterUid in plumbline.yaml.',
  forbidden: 'Not allowed on {context}: {verb} {resource} ({group}) in namespace {namespace}. Ask an administrator for this right.',
  'quota-exceeded': 'The quota {quota} of namespace {namespace} on {context} does not allow it: {message}',
  'denied-by-admission': 'Refused on {context} by {by}: {message}',
  'namespace-terminating': 'The namespace {namespace} on {context} is being deleted; nothing can be created in it.',
  'namespace-missing': 'The namespace {namespace} does not exist on {context}. Create it first.',
  'not-found': '{resource}/{name} does not exist in namespace {namespace} on {context}.',
  'unknown-kind': 'The cluster {context} does not serve the kind {kind} of {group}/{version}. Install its CRD, or use a served version.',
  'already-exists': '{resource}/{name} exists already on {context}.',
  conflict: '{resource}/{name} was changed on {context} meanwhile. Look at it again.',
  'field-conflict': 'On {context} other managers ({managers}) hold these fields of {resource}/{name}: {fields}.',
  gone: 'What was listed on {context} is no longer available; it is being listed anew.',
  invalid: 'The cluster {context} refuses {resource}/{name} as invalid: {message}',
  'bad-request': 'The cluster {context} does not understand the request for {resource}/{name}: {message}',
  'dry-run-unsupported': 'A webhook on {context} does not support dry-run for {resource}, so this cannot be proved: {message}',
  'dry-run-not-allowed':
    '{kind} ({group}) is served by an aggregated server on {context}; such servers may persist dry-runs, so none is made and the object stays unverified. Compare it with kubectl diff.',
  'too-large': '{resource}/{name} is larger than the cluster {context} accepts.',
  'too-many-requests': 'The cluster {context} is overloaded and asks to wait.',
  'server-timeout': 'The cluster {context} did not finish the request in time. It is tried again.',
  'server-error': 'The cluster {context} failed: {message}',
  'not-watched': 'This is not being watched.',
};
