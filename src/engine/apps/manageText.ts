import { type Document, isMap, isScalar, isSeq, type Node, type Pair, parseDocument, stringify, type YAMLMap } from 'yaml';
import { AppError } from '../../base/errors.ts';
import type { Application, Environment } from '../model/application.ts';
import { configApiVersion, parseConfig } from './configFile.ts';
import { columnOf, endOfBlock } from './yamlLayout.ts';
import { resolved } from './yamlNodes.ts';

/** Text to put in at an offset, in place of what stands up to `end`. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Lines of one entry, without indentation; further lines are indented by two. */
type Entry = readonly [string, ...string[]];

/**
 * The text of plumbline.yaml with an application added, and its environment when that is new. Only text is put in; comments
 * and layout stay, and the result is read again before it is given.
 * @param text present text, or undefined when there is no file
 * @param environment taken over by name when the file declares one of that name
 * @throws AppError `config-not-extensible` when the present text cannot be extended safely, `config-already-declared`
 */
export function manageText(text: string | undefined, application: Application, environment: Environment): string {
  const before = parseConfig(text ?? '');
  const isNewEnvironment = !before.environments.some(({ name }) => name === environment.name);
  if (before.applications.some(({ name, environment: { name: of } }) => name === application.name && of === environment.name)) {
    throw new AppError('config-already-declared', { application: application.name, environment: environment.name });
  }
  const result =
    text === undefined || text.trim() === ''
      ? newText(application, environment)
      : extended(text, application, isNewEnvironment ? environment : undefined, environment.name);
  const after = parseConfig(result);
  const isComplete =
    after.applications.length === before.applications.length + 1 &&
    after.environments.length === before.environments.length + (isNewEnvironment ? 1 : 0) &&
    after.problems.every(({ code, severity }) => severity === 'warning' || before.problems.some((old) => old.code === code));
  if (!isComplete) throw new AppError('config-not-extensible', { problem: after.problems[0]?.code });
  return result;
}

function newText(application: Application, environment: Environment): string {
  return [
    `apiVersion: ${configApiVersion}`,
    'kind: Config',
    'environments:',
    ...indented(environmentEntry(environment), '  ', '    '),
    'applications:',
    ...indented(applicationEntry(application, environment.name), '  - ', '    '),
    '',
  ].join('\n');
}

function extended(text: string, application: Application, environment: Environment | undefined, environmentName: string): string {
  const document = parseDocument(text, { uniqueKeys: false, logLevel: 'silent' });
  const root = document.contents;
  if (document.errors.length > 0 || !isMap(root) || root.flow === true)
    throw new AppError('config-not-extensible', { problem: 'config-invalid-yaml' });
  const edits: Edit[] = [];
  const entry = applicationEntry(application, environmentName);
  edits.push(addTo(text, document, root, 'applications', entry, `{${entry.join(', ')}}`, '- '));
  if (environment !== undefined) {
    const [key, ...lines] = environmentEntry(environment);
    edits.push(addTo(text, document, root, 'environments', [key, ...lines], `${key} {${lines.join(', ')}}`, ''));
  }
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  let result = text;
  // Where both go to the end, the environments come first.
  for (const { start, end, text: added } of edits.sort((a, b) => b.start - a.start || 0)) {
    result = result.slice(0, start) + added.replaceAll('\n', eol) + result.slice(end);
  }
  return result;
}

/**
 * Adds an entry to a collection of the root.
 * @param flow the entry as it stands in `{}` or `[]`
 * @param bullet '- ' for a list, '' for a mapping
 */
function addTo(text: string, document: Document, root: YAMLMap, key: string, entry: Entry, flow: string, bullet: string): Edit {
  const pair = root.items.find((item) => isKey(item, key));
  const value = pair === undefined ? undefined : resolved(pair.value, document);
  const isCollection = bullet === '' ? isMap(value) : isSeq(value);
  if (pair === undefined) {
    const end = text.trimEnd().length;
    return { start: end, end, text: `${end > 0 ? '\n' : ''}${key}:\n${block(entry, `  ${bullet}`)}` };
  }
  const isNothing = value === undefined || (isScalar(value) && value.value === null);
  if (!isCollection && !isNothing) throw new AppError('config-not-extensible', { problem: 'config-wrong-type' });
  if ((isMap(value) || isSeq(value)) && value.items.length > 0) {
    if (value.flow === true) {
      const last = text.slice(0, (value.range?.[1] ?? 0) - 1).trimEnd();
      return { start: last.length, end: last.length, text: `${last.endsWith(',') ? ' ' : ', '}${flow}` };
    }
    const first = firstOffset(value.items[0]);
    const column = columnOf(text, bullet === '' ? first : text.lastIndexOf('-', first - 1));
    const end = endOfBlock(text, value.range?.[1] ?? 0, column);
    return { start: end, end, text: `\n${block(entry, ' '.repeat(column) + bullet)}` };
  }
  // Empty: `key:`, `key: {}` or `key: []`.
  const colon = text.indexOf(':', (pair.key as Node).range?.[1] ?? 0) + 1;
  return { start: colon, end: isNothing ? colon : (value.range?.[1] ?? colon), text: `\n${block(entry, `  ${bullet}`)}` };
}

function isKey(pair: Pair, key: string): boolean {
  return (pair.key as { value?: unknown } | null)?.value === key;
}

function firstOffset(item: unknown): number {
  const node = (typeof item === 'object' && item !== null && 'key' in item ? item.key : item) as Node | undefined;
  return node?.range?.[0] ?? 0;
}

function block(entry: Entry, firstIndent: string): string {
  return indented(entry, firstIndent, ' '.repeat(firstIndent.length + (firstIndent.endsWith('- ') ? 0 : 2))).join('\n');
}

function indented([first, ...others]: Entry, firstIndent: string, indent: string): string[] {
  return [firstIndent + first, ...others.map((line) => indent + line)];
}

function environmentEntry({ name, context, clusterUid, branch, isProtected }: Environment): Entry {
  return [
    `${scalar(name)}:`,
    `context: ${scalar(context)}`,
    ...(clusterUid === undefined ? [] : [`clusterUid: ${scalar(clusterUid)}`]),
    ...(branch === undefined ? [] : [`branch: ${scalar(branch)}`]),
    ...(isProtected ? ['protected: true'] : []),
  ];
}

function applicationEntry({ name, source, destination }: Application, environment: string): Entry {
  const { releaseName, valueFiles = [], values } = source.helm ?? {};
  const helm = [
    ...(releaseName === undefined ? [] : [`releaseName: ${scalar(releaseName)}`]),
    ...(valueFiles.length === 0 ? [] : [`valueFiles: [${valueFiles.map(scalar).join(', ')}]`]),
    ...(values === undefined ? [] : [`values: ${JSON.stringify(values)}`]),
  ];
  return [
    `name: ${scalar(name)}`,
    `environment: ${scalar(environment)}`,
    `path: ${scalar(source.path === '' ? '.' : source.path)}`,
    `namespace: ${scalar(destination?.namespace ?? 'default')}`,
    ...(helm.length === 0 ? [] : [`helm: {${helm.join(', ')}}`]),
  ];
}

/** A string as one YAML scalar that every YAML version reads as that string, in block and in flow. */
function scalar(value: string): string {
  const plain = stringify(value, { version: '1.1', lineWidth: 0 }).trimEnd();
  return plain === value && !/[,[\]{}]/.test(value) ? value : JSON.stringify(value);
}
