/** English words of the codes of the engine's composition. */
export const engineMessages: Readonly<Record<string, string>> = {
  internal: 'Something went wrong inside Plumbline: {message}. The log has more; please report it.',
  'not-compared-yet': '{application} was not compared yet. Open the Plumbline view, or wait for the comparison to end.',
  'unknown-application': 'There is no application {application} any more. It may have been renamed or removed from plumbline.yaml.',
  'unknown-object': '{application} has no object {object} any more.',
  'unknown-plan': 'This plan was carried out already, or is too old. Plan again to see what would be done now.',
  'no-destination': '{application} has no destination. Choose a cluster and a namespace for it first.',
  'cluster-not-connected': 'The cluster of context {context} is not connected. Open an application that runs there, or refresh.',
  'synced-commit-missing':
    'The synced commit {revision} is not in this clone, so who holds a field decides which side moved. Fetch it (git fetch), and refresh.',
  'synced-not-rendered':
    'The synced commit {revision} does not render any more ({cause}), so who holds a field decides which side moved. The next sync mends it.',
  'synced-changed':
    'What was applied at the synced commit {revision} cannot be shown: the renderer or the version of Kubernetes is another one since, and makes other objects of it.',
  'synced-not-recorded': 'No sync of this application is recorded, so nobody knows which commit was applied last.',
};
