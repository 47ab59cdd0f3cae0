/** English words of the error codes of the room `engine/render`. Each says what failed, why, and the cure. */
export const renderMessages: Readonly<Record<string, string>> = {
  'source-missing': 'There is no such folder: {file}. Correct the path, or choose a revision that has it.',
  'yaml-invalid': '{place} is not valid YAML: {problem}. Correct the file.',
  'yaml-duplicate-key': '{place} has a key twice: {problem}. The last one counts; remove the other.',
  'object-invalid': '{place} gives no valid Kubernetes object: {problem}.',
  'not-a-manifest': '{place} holds no Kubernetes object ({problem}) and is passed over.',
  'duplicate-object': '{kind} {name} is declared twice, in {place} and in {otherFile}. Remove one of them.',
  'kustomization-missing': 'There is no kustomization.yaml where one is needed ({place}): {problem}. Add one, or correct the reference.',
  'kustomization-invalid': 'The kustomization {place} is not valid: {problem}.',
  'resource-missing': '{place} refers to {path}, which does not exist. Add the file, or correct the reference.',
  'kustomization-cycle':
    'Kustomizations include each other in a circle: {place} refers to {folder}, which includes it already. Remove one reference.',
  'outside-root': '{place} refers to a file outside what it may read: {problem}. Move the file, or copy it into the folder.',
  'remote-base':
    '{place} refers to {url}, which is not fetched. Turn on the setting plumbline.remoteSources.enabled, or copy it into the repository.',
  'remote-failed': '{place} refers to a remote source that could not be fetched: {problem}. Correct the URL, or try again later.',
  'kustomize-failed': 'Kustomize could not build {place}: {problem}',
  'chart-missing': 'There is no Chart.yaml in {file}. Correct the path of the chart.',
  'chart-invalid': 'The chart {place} is not valid: {problem}.',
  'values-missing': 'The values file {file} does not exist. Add it, or take it out of the list of values files.',
  'values-invalid': 'The values in {place} are not valid: {problem}.',
  'values-schema': 'The values do not fit the schema {file} of the chart: {problems}',
  'dependency-missing':
    '{name} {version} from {repository} is declared in {file} but not in charts/: {problem}. Run "{command}", or turn on the setting plumbline.remoteSources.enabled.',
  'parameters-missing': 'The parameters that {place} renders with are not all there: {problem}.',
  'variables-missing':
    'The Kustomization {name} of Flux replaces {variables}, from {sources}, which this repository does not have in plain text. What is live cannot be told from what Flux applies.',
  'kube-version-incompatible': '{place}: {problem}. Choose another version of the chart, or of the cluster.',
  'template-failed': 'The template failed at {place}: {problem}',
  'template-output-invalid': 'The template {template} gives text that is not valid YAML: {problem}',
  'output-too-large': 'The render of {place} is larger than {limit} MB and was given up.',
  'render-timeout': 'The render of {place} took more than {limit} s and was given up. The limit is a setting.',
  'render-out-of-memory': 'The render of {place} needed more memory than it may have and was given up.',
  'read-failed': 'A file could not be read: {problem}.',
  'renderer-failed': 'The renderer failed: {problem}. This is a fault of Plumbline; please report it.',
};
