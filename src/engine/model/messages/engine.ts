/** English words of the codes of the engine's composition. */
export const engineMessages: Readonly<Record<string, string>> = {
  internal: 'Something went wrong inside Plumbline: {message}. The log has more; please report it.',
  'not-compared-yet': '{application} was not compared yet. Open the Plumbline view, or wait for the comparison to end.',
  'unknown-application': 'There is no application {application} any more. It may have been renamed or removed from plumbline.yaml.',
  'unknown-object': '{application} has no object {object} any more.',
  'unknown-plan': 'This plan was carried out already, or is too old. Plan again to see what would be done now.',
  'no-destination': '{application} has no destination. Choose a cluster and a namespace for it first.',
  'cluster-not-connected': 'The cluster of context {context} is not connected. Open an application that runs there, or refresh.',
  'synced-not-recorded': 'No sync of this application is recorded, so nobody knows which commit was applied last.',
};
