import { LineCounter, type Node, parseAllDocuments } from 'yaml';
import { nearest } from '../../base/nearest.ts';
import type { Environment, FileRange, HelmParameters, IgnoreRule } from '../model/application.ts';
import { ConfigReader, type Fields, type StringRule } from './configReader.ts';
import type { AppProblem } from './problems.ts';
import { rangeOf } from './yamlNodes.ts';

/** Name of the config file at the repo's root. */
export const configFileName = 'plumbline.yaml';

/** The format that this file reads (design.md §6). */
export const configApiVersion = 'plumbline.dev/v1alpha1';

/** An entry of `applications`, before its path was looked at. */
export interface DeclaredApplication {
  readonly name: string;
  readonly environment: Environment;
  /** as written, without a leading `./` or trailing `/`; '' is the root */
  readonly path: string;
  readonly namespace: string;
  readonly helm?: HelmParameters;
  readonly prune: boolean;
  readonly ignore: readonly IgnoreRule[];
  /** place of its name */
  readonly declaredAt: FileRange;
  /** place of its path */
  readonly pathAt: FileRange;
}

/** What a text of plumbline.yaml says. Broken entries are left out and stand in `problems`. */
export interface ConfigFile {
  readonly environments: readonly Environment[];
  readonly applications: readonly DeclaredApplication[];
  readonly problems: readonly AppProblem[];
}

/** Rules of names. The published schema has the same patterns. */
const rules = {
  environmentName: {
    pattern: /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/,
    expected: 'letters, digits, ".", "_" and "-", at most 63',
  },
  applicationName: { pattern: /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/, expected: 'lower-case letters, digits, "-" and ".", at most 63' },
  namespace: { pattern: /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, expected: 'a namespace: lower-case letters, digits and "-", at most 63' },
  releaseName: {
    pattern: /^[a-z0-9]([a-z0-9.-]{0,51}[a-z0-9])?$/,
    expected: 'a Helm release name: lower-case letters, digits, "-" and ".", at most 53',
  },
  branch: { pattern: /^(?!-)[^\s~^:?*[\\]+$/, expected: 'the name of a branch' },
  text: { pattern: /\S/, expected: 'a text that is not empty' },
  path: { pattern: /^(?!\/)[^\\]+$/, expected: 'a path relative to the root of the repo, with "/"' },
  valueFile: { pattern: /^(?!\/)[^\\]+$/, expected: 'a path relative to the folder of the chart, with "/"' },
  pointer: { pattern: /^(\/[^/]+)+$/, expected: 'a JSON pointer such as /spec/replicas' },
  group: { pattern: /^([a-z0-9.-]+)?$/, expected: 'an API group such as apps, or "" for the core group' },
} as const satisfies Record<string, StringRule>;

const keys = {
  root: ['apiVersion', 'kind', 'environments', 'applications'],
  environment: ['context', 'clusterUid', 'branch', 'protected', 'allowDirty'],
  application: ['name', 'environment', 'path', 'namespace', 'helm', 'policy', 'ignore'],
  helm: ['releaseName', 'valueFiles', 'values'],
  policy: ['prune'],
  ignore: ['group', 'kind', 'name', 'namespace', 'paths'],
} as const;

/**
 * Reads a text of plumbline.yaml. Never throws: every problem is noted with its place, and what is right works on.
 * @param text without a byte-order mark
 */
export function parseConfig(text: string): ConfigFile {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    merge: true,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
  });
  const document = 'empty' in documents ? undefined : documents[0];
  const nothing = { environments: [], applications: [] };
  if (document === undefined || document.contents === null) {
    const range = rangeOf(configFileName, lines, 0, 0);
    return { ...nothing, problems: [{ code: 'config-empty', details: {}, severity: 'warning', range }] };
  }
  const reader = new ConfigReader(configFileName, document, lines);
  for (const error of document.errors) {
    const [start, end] = error.pos;
    const range = rangeOf(configFileName, lines, start, Math.max(end, start + 1));
    reader.problems.push({ code: 'config-invalid-yaml', details: { message: error.message }, severity: 'error', range });
  }
  if (document.errors.length > 0) return { ...nothing, problems: reader.problems };
  const second = documents[1];
  if (second !== undefined && second.contents !== null) reader.fail('config-several-documents', second.contents);
  const config = readRoot(reader, document.contents);
  return { ...config, problems: reader.problems };
}

function readRoot(reader: ConfigReader, contents: Node): Pick<ConfigFile, 'environments' | 'applications'> {
  const root = reader.fields(contents, 'plumbline.yaml', keys.root, ['apiVersion', 'kind']);
  if (root === undefined) return { environments: [], applications: [] };
  const apiVersion = reader.string(root, 'apiVersion', 'plumbline.yaml', rules.text);
  const kind = reader.string(root, 'kind', 'plumbline.yaml', rules.text);
  if (apiVersion !== undefined && apiVersion !== configApiVersion) {
    reader.fail('config-wrong-version', reader.node(root, 'apiVersion'), { actual: apiVersion, expected: configApiVersion });
    return { environments: [], applications: [] };
  }
  if (kind !== undefined && kind !== 'Config')
    reader.fail('config-wrong-kind', reader.node(root, 'kind'), { actual: kind, expected: 'Config' });
  const environmentsNode = reader.node(root, 'environments');
  const declared = environmentsNode === undefined ? [] : reader.named(environmentsNode, 'environments', rules.environmentName);
  const names = declared.map(({ key }) => key);
  const environments = declared
    .map(({ key, keyNode, valueNode }) => readEnvironment(reader, key, keyNode, valueNode))
    .filter((one) => one !== undefined);
  const applicationsNode = reader.node(root, 'applications');
  const items = applicationsNode === undefined ? [] : reader.items(applicationsNode, 'applications');
  const applications = new Map<string, DeclaredApplication>();
  for (const [index, item] of items.entries()) {
    const application = readApplication(reader, item ?? applicationsNode, `applications[${String(index)}]`, environments, names);
    if (application === undefined) continue;
    const id = `${application.environment.name}/${application.name}`;
    const twin = applications.get(id);
    if (twin === undefined) applications.set(id, application);
    else {
      const details = { application: application.name, environment: twin.environment.name, line: twin.declaredAt.startLine + 1 };
      reader.problems.push({ code: 'config-duplicate-application', details, severity: 'error', range: application.declaredAt });
    }
  }
  return { environments, applications: [...applications.values()] };
}

function readEnvironment(reader: ConfigReader, name: string, keyNode: Node, valueNode: Node | undefined): Environment | undefined {
  const before = reader.problems.length;
  const path = `environments.${name}`;
  const fields = reader.fields(valueNode ?? keyNode, path, keys.environment, ['context']);
  if (fields === undefined) return undefined;
  const context = reader.string(fields, 'context', path, rules.text);
  const clusterUid = reader.string(fields, 'clusterUid', path, rules.text);
  const branch = reader.string(fields, 'branch', path, rules.branch);
  const isProtected = reader.boolean(fields, 'protected', path, false);
  const allowDirty = reader.boolean(fields, 'allowDirty', path, false);
  if (isProtected && allowDirty) {
    const details = { key: `${path}.allowDirty`, value: 'true', expected: 'false, since the environment is protected' };
    reader.fail('config-bad-value', reader.node(fields, 'allowDirty'), details);
  }
  // An environment that is half understood might lack its protection or its pinned cluster.
  if (context === undefined || reader.problems.length > before) return undefined;
  return {
    name,
    context,
    ...(clusterUid !== undefined && { clusterUid }),
    ...(branch !== undefined && { branch }),
    isProtected,
    allowDirty,
    declaredAt: reader.range(keyNode),
  };
}

function readApplication(
  reader: ConfigReader,
  node: Node | undefined,
  place: string,
  environments: readonly Environment[],
  environmentNames: readonly string[],
): DeclaredApplication | undefined {
  const before = reader.problems.length;
  const fields = reader.fields(node, place, keys.application, ['name', 'environment', 'path']);
  if (fields === undefined) return undefined;
  const name = reader.string(fields, 'name', place, rules.applicationName);
  const path = name ?? place;
  const environmentName = reader.string(fields, 'environment', path, rules.text);
  const environment = environments.find((one) => one.name === environmentName);
  if (environmentName !== undefined && environment === undefined) noEnvironment(reader, fields, environmentName, environmentNames);
  const source = reader.string(fields, 'path', path, rules.path);
  const namespace = reader.string(fields, 'namespace', path, rules.namespace);
  const helm = readHelm(reader, fields, path);
  const policyNode = reader.node(fields, 'policy');
  const policy = policyNode === undefined ? undefined : reader.fields(policyNode, `${path}.policy`, keys.policy, []);
  const prune = policy !== undefined && reader.boolean(policy, 'prune', `${path}.policy`, false);
  const ignore = readIgnore(reader, fields, path);
  if (reader.problems.length > before || name === undefined || environment === undefined || source === undefined) return undefined;
  return {
    name,
    environment,
    path: source,
    namespace: namespace ?? 'default',
    ...(helm !== undefined && { helm }),
    prune,
    ignore,
    declaredAt: reader.range(reader.node(fields, 'name')),
    pathAt: reader.range(reader.node(fields, 'path')),
  };
}

function noEnvironment(reader: ConfigReader, fields: Fields, environment: string, known: readonly string[]): void {
  const node = reader.node(fields, 'environment');
  const suggestion = nearest(environment, known);
  if (known.includes(environment)) reader.fail('config-broken-environment', node, { environment });
  else if (suggestion !== undefined) reader.fail('config-misspelt-environment', node, { environment, suggestion });
  else reader.fail('config-unknown-environment', node, { environment, known: known.length === 0 ? ['none'] : known });
}

function readHelm(reader: ConfigReader, application: Fields, path: string): HelmParameters | undefined {
  const node = reader.node(application, 'helm');
  const fields = node === undefined ? undefined : reader.fields(node, `${path}.helm`, keys.helm, []);
  if (fields === undefined) return undefined;
  const releaseName = reader.string(fields, 'releaseName', `${path}.helm`, rules.releaseName);
  const filesNode = reader.node(fields, 'valueFiles');
  const valueFiles = filesNode === undefined ? undefined : readStrings(reader, filesNode, `${path}.helm.valueFiles`, rules.valueFile);
  const values = reader.object(fields, 'values', `${path}.helm`);
  return {
    ...(releaseName !== undefined && { releaseName }),
    ...(valueFiles !== undefined && { valueFiles }),
    ...(values !== undefined && { values }),
  };
}

function readIgnore(reader: ConfigReader, application: Fields, path: string): readonly IgnoreRule[] {
  const node = reader.node(application, 'ignore');
  if (node === undefined) return [];
  return reader.items(node, `${path}.ignore`).map((item, index) => {
    const place = `${path}.ignore[${String(index)}]`;
    const fields = reader.fields(item ?? node, place, keys.ignore, ['paths']);
    const read = (key: 'group' | 'kind' | 'name' | 'namespace'): Partial<IgnoreRule> => {
      const value = fields === undefined ? undefined : reader.string(fields, key, place, key === 'group' ? rules.group : rules.text);
      return value === undefined ? {} : { [key]: value };
    };
    const pathsNode = fields === undefined ? undefined : reader.node(fields, 'paths');
    const paths = pathsNode === undefined ? [] : readStrings(reader, pathsNode, `${place}.paths`, rules.pointer);
    if (pathsNode !== undefined && paths.length === 0)
      reader.fail('config-bad-value', pathsNode, { key: `${place}.paths`, value: '[]', expected: rules.pointer.expected });
    const declaredBy = `${configFileName}:${String(reader.range(item ?? node).startLine + 1)}`;
    return { ...read('group'), ...read('kind'), ...read('name'), ...read('namespace'), paths, declaredBy };
  });
}

function readStrings(reader: ConfigReader, node: Node, path: string, rule: StringRule): readonly string[] {
  return reader
    .items(node, path)
    .map((item, index) => reader.stringNode(item ?? node, item !== undefined, `${path}[${String(index)}]`, rule))
    .filter((value) => value !== undefined);
}
