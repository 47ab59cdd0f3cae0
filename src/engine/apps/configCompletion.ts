import { configApiVersion } from './configFile.ts';

/** What the repo and the kubeconfig offer as values. */
export interface ConfigNames {
  readonly environments: readonly string[];
  /** folders that hold manifests, a kustomization or a chart */
  readonly paths: readonly string[];
  readonly contexts: readonly string[];
  readonly namespaces: readonly string[];
  /** values files by the folder of their chart */
  readonly valueFiles: ReadonlyMap<string, readonly string[]>;
}

/** One thing to insert. */
export interface ConfigCompletion {
  readonly label: string;
  readonly isKey: boolean;
  /** what it means; absent for names of the repo */
  readonly documentation?: string;
  readonly insertText: string;
}

/** Where a place of plumbline.yaml is: the mapping that it stands in, and the key whose value is asked for. */
export interface ConfigPlace {
  readonly within: 'root' | 'environments' | 'environment' | 'application' | 'helm' | 'policy' | 'ignoreRule' | 'other';
  /** the key before the cursor on its line, or the key of the list that the line is an item of */
  readonly key?: string;
  /** `path` of the application that the place is in */
  readonly path?: string;
}

type Docs = Readonly<Record<string, string>>;

/** What each key means, as the published schema says it. */
export const configKeyDocs: Readonly<Record<Exclude<ConfigPlace['within'], 'environments' | 'other'>, Docs>> = {
  root: {
    apiVersion: 'Version of this format.',
    kind: 'Always `Config`.',
    environments: 'Clusters that applications belong to, by a name of your choice.',
    applications: 'What is deployed: each a folder of the repo, a cluster and a namespace.',
  },
  environment: {
    context: 'Name of the kubeconfig context that reaches the cluster.',
    clusterUid:
      'UID of the namespace `kube-system`. A context of that name that reaches another cluster is refused, since context names are personal.',
    branch: 'Branch that is deployed, at its upstream. Without it: the upstream of the branch that is checked out.',
    protected: 'Writes ask for the name of the environment when they remove, recreate or undo something.',
    allowDirty:
      'Apply Working Tree may apply files that are not committed, to try things out. For development clusters; never together with protected.',
  },
  application: {
    name: 'Name of the application, unique within its environment.',
    environment: 'Name of an environment declared above.',
    path: 'Folder relative to the root of the repo, with `/`. A kustomization, a Helm chart or plain manifests: recognised from what it holds.',
    namespace: 'Namespace of objects that name none.',
    helm: 'Parameters of a Helm chart.',
    policy: 'What Plumbline may do.',
    ignore: 'Fields that do not count as drift.',
  },
  helm: {
    releaseName: 'Name of the release, `.Release.Name`. Without it: the name of the application.',
    valueFiles: 'Values files relative to the folder of the chart; later ones win.',
    values: 'Values that win over every file.',
  },
  policy: { prune: 'Whether a sync may delete objects that Git no longer has.' },
  ignoreRule: {
    group: 'API group of the objects; the empty text is the core group. Without it: every group.',
    kind: 'Kind of the objects. Without it: every kind.',
    name: 'Name of the object. Without it: every name.',
    namespace: 'Namespace of the objects. Without it: every namespace.',
    paths: 'JSON pointers of the fields; `*` stands for one whole step.',
  },
};

const kinds = ['Deployment', 'StatefulSet', 'DaemonSet', 'Service', 'Ingress', 'ConfigMap', 'Secret', 'CronJob', 'HorizontalPodAutoscaler'];
const withChildren = new Set(['environments', 'applications', 'helm', 'policy', 'ignore', 'valueFiles', 'values', 'paths']);
const KEY = /^(\s*)((?:- +)*)(?:"?([\w.-]+)"?\s*:)?/;

/**
 * Where a place is, by the indentation of the lines above it: works while the text does not parse, as it never does while typing.
 * @param column the cursor's; what stands behind it does not count
 */
export function placeOf(text: string, line: number, column: number): ConfigPlace {
  const lines = text.split(/\r?\n/);
  const before = (lines[line] ?? '').slice(0, column);
  const [, space = '', dashes = '', key] = KEY.exec(before) ?? [];
  const keys: string[] = [];
  let indent = space.length + dashes.length;
  // An item's own key stands deeper than its dash.
  let isItem = dashes !== '';
  for (let index = line - 1; index >= 0 && indent > 0; index -= 1) {
    const [, above = '', aboveDashes = '', aboveKey] = KEY.exec(lines[index] ?? '') ?? [];
    if (aboveKey === undefined || (lines[index] ?? '').trim().startsWith('#')) continue;
    const keyIndent = above.length + aboveDashes.length;
    if (keyIndent < indent || (isItem && keyIndent <= space.length && aboveDashes === '' && keyIndent < indent)) {
      keys.unshift(aboveKey);
      indent = aboveDashes === '' ? keyIndent : above.length + 1;
      isItem = false;
      if (aboveDashes === '' && above.length === 0) break;
    }
  }
  const path = pathAbove(lines, line);
  const own = key ?? (dashes === '' ? undefined : keys.at(-1));
  return { within: withinOf(keys), ...(own === undefined ? {} : { key: own }), ...(path === undefined ? {} : { path }) };
}

function withinOf(keys: readonly string[]): ConfigPlace['within'] {
  const [first, second, third] = keys;
  if (first === undefined) return 'root';
  if (first === 'environments') return second === undefined ? 'environments' : third === undefined ? 'environment' : 'other';
  if (first !== 'applications') return 'other';
  const nested = keys.find((key) => key === 'helm' || key === 'policy' || key === 'ignore');
  if (nested === 'helm') return keys.includes('values') ? 'other' : 'helm';
  if (nested === 'policy') return 'policy';
  return nested === 'ignore' ? 'ignoreRule' : 'application';
}

/** `path` of the application around a line. */
function pathAbove(lines: readonly string[], line: number): string | undefined {
  let start = line;
  while (start > 0 && !/^ {0,4}- +/.test(lines[start] ?? '')) start -= 1;
  for (let index = start; index < lines.length && (index === start || !/^ {0,4}- +|^\S/.test(lines[index] ?? '')); index += 1) {
    const found = /(?:^|[\s{,-])path:\s*["']?([^\s"',}#]+)/.exec(lines[index] ?? '');
    if (found !== null) return found[1];
  }
  return undefined;
}

/** What may stand at a place of plumbline.yaml: keys with their meaning, names of the repo and of the kubeconfig. */
export function completeConfig(text: string, line: number, column: number, names: ConfigNames): readonly ConfigCompletion[] {
  const place = placeOf(text, line, column);
  const before = (text.split(/\r?\n/)[line] ?? '').slice(0, column);
  const isValue = /:\s*\S*$/.test(before) || (/^\s*- +\S*$/.test(before) && (place.key === 'valueFiles' || place.key === 'paths'));
  if (isValue) {
    return valuesOf(place, names).map((label) => ({ label, isKey: false, insertText: before.endsWith(':') ? ` ${label}` : label }));
  }
  const docs = place.within === 'environments' || place.within === 'other' ? {} : configKeyDocs[place.within];
  return Object.entries(docs).map(([label, documentation]) => ({
    label,
    isKey: true,
    documentation,
    insertText: withChildren.has(label) ? `${label}:` : `${label}: `,
  }));
}

function valuesOf({ within, key, path }: ConfigPlace, names: ConfigNames): readonly string[] {
  const isIn = (...places: readonly ConfigPlace['within'][]): boolean => places.includes(within);
  switch (key) {
    case 'apiVersion':
      return isIn('root') ? [configApiVersion] : [];
    case 'kind':
      return isIn('root') ? ['Config'] : isIn('ignoreRule') ? kinds : [];
    case 'context':
      return isIn('environment') ? names.contexts : [];
    case 'environment':
      return isIn('application') ? names.environments : [];
    case 'path':
      return isIn('application') ? names.paths : [];
    case 'namespace':
      return isIn('application', 'ignoreRule') ? names.namespaces : [];
    case 'valueFiles':
      return names.valueFiles.get(path ?? '') ?? [];
    case 'protected':
    case 'prune':
      return ['true', 'false'];
    default:
      return [];
  }
}

/** The key on a line of plumbline.yaml with its meaning, for a hover. */
export function configKeyAt(text: string, line: number): { readonly key: string; readonly documentation: string } | undefined {
  const whole = text.split(/\r?\n/)[line] ?? '';
  const key = KEY.exec(whole)?.[3];
  if (key === undefined) return undefined;
  const { within } = placeOf(text, line, whole.indexOf(key) + key.length);
  const documentation = within === 'environments' || within === 'other' ? undefined : configKeyDocs[within][key];
  return documentation === undefined ? undefined : { key, documentation };
}
