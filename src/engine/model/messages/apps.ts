/** English words of the error codes of the room `engine/apps`. Each says what failed, why, and the cure. */
export const appsMessages: Readonly<Record<string, string>> = {
  'config-empty': 'plumbline.yaml is empty. Declare environments and applications in it, or delete it.',
  'config-invalid-yaml-kept':
    'plumbline.yaml is not valid YAML: {message}. Correct this line; until then the applications are those that it declared before.',
  'config-invalid-yaml': 'plumbline.yaml is not valid YAML: {message}. Correct this line; until then no application of the file is known.',
  'config-several-documents': 'plumbline.yaml has a second document, which is not read. Move its content into the first.',
  'config-wrong-version': 'apiVersion is "{actual}", but this version of Plumbline reads "{expected}". Change it, or update Plumbline.',
  'config-wrong-kind': 'kind is "{actual}" where it must be "{expected}".',
  'config-unknown-key': '"{key}" is not known in {path}. Known are: {known}.',
  'config-misspelt-key': '"{key}" is not known in {path}. Did you mean "{suggestion}"?',
  'config-duplicate-key': '"{key}" stands twice in {path}. Keep one of them.',
  'config-missing-key': '{path} has no "{key}". Add it.',
  'config-wrong-type': '{key} must be a {expected}, not a {actual}.',
  'config-bad-value': '"{value}" cannot be used for {key}. Needed: {expected}.',
  'config-unknown-environment': 'There is no environment "{environment}". Declared are: {known}.',
  'config-misspelt-environment': 'There is no environment "{environment}". Did you mean "{suggestion}"?',
  'config-broken-environment':
    'The environment "{environment}" has errors, so this application has no destination. Correct the environment.',
  'config-duplicate-application':
    'The application "{application}" is declared twice for the environment "{environment}", first on line {line}. Rename one.',
  'config-path-missing': 'The path "{path}" of the application "{application}" does not exist. Correct it, or create the folder.',
  'config-path-escapes': 'The path "{path}" of the application "{application}" leads out of the repo. Use a path inside it.',
  'config-path-submodule':
    'The path "{path}" of the application "{application}" is a submodule, whose files belong to another repo. Open that repo, or use a path of this one.',
  'config-path-unreadable':
    'The path "{path}" of the application "{application}" cannot be read. Check its permissions, and those of the folders above it.',
  'config-no-source':
    'The path "{path}" of the application "{application}" holds no kustomization, no chart and no manifests. Point it at a folder that does.',
  'config-helm-without-chart':
    'The application "{application}" has Helm parameters, but "{path}" has no Chart.yaml. Remove "helm", or point the path at the chart.',
  'config-already-declared': 'plumbline.yaml already declares the application "{application}" for the environment "{environment}".',
  'config-not-extensible':
    'plumbline.yaml cannot be extended without risk to what it holds ({problem}). Correct it, or add the application by hand.',
  'convention-limit':
    'The repo has more folders than are searched for applications. Those in plumbline.yaml are all known; declare there what is missing.',
};
