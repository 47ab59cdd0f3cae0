import { type Document, isMap, isNode, isScalar, LineCounter, type Node, parseAllDocuments } from 'yaml';
import { type FileRange, type IgnoreRule, placeText } from '../model/application.ts';
import { arrayAt, isJsonObject, jsonEqual, stringAt, valueAt } from '../model/json.ts';
import { isKubeObject, type KubeObject } from '../model/objects.ts';
import type { OwnerView } from '../model/ownerView.ts';
import { argoRuleTexts, ignoreDifferencesOf, readCustomizations } from './argocd/customizations.ts';
import { documentTexts } from './manifestTexts.ts';
import { entriesOf, rangeOf } from './yamlNodes.ts';

/** A rule of Argo CD or Flux as a file of the repo writes it. */
export interface RuleFact {
  /** the object that it stands in, as views name it: `Application argocd/shop`; without a namespace where the file names none; `argocd-cm` */
  readonly owner: string;
  /** `ignoreDifferences[0]`, `driftDetection.ignore[1]`, or the key of argocd-cm */
  readonly rule: string;
  /** its pointers and expressions, as IgnoreRule.paths */
  readonly texts: readonly string[];
  readonly range: FileRange;
}

/** Texts without one of these hold no rule. */
const HINT = /ignoreDifferences|driftDetection|kustomize\.toolkit\.fluxcd\.io|resource\.(customizations|exclusions|inclusions)/;

/** Where the owners' objects keep their rules, by kind. */
const LISTS: Readonly<Record<string, { readonly path: readonly string[]; readonly name: string }>> = {
  Application: { path: ['spec', 'ignoreDifferences'], name: 'ignoreDifferences' },
  ApplicationSet: { path: ['spec', 'template', 'spec', 'ignoreDifferences'], name: 'ignoreDifferences' },
  Kustomization: { path: ['spec', 'ignore'], name: 'ignore' },
  HelmRelease: { path: ['spec', 'driftDetection', 'ignore'], name: 'driftDetection.ignore' },
};
const KINDS: ReadonlySet<string> = new Set([...Object.keys(LISTS), 'ConfigMap']);
const GROUPS = /^(argoproj\.io|kustomize\.toolkit\.fluxcd\.io|helm\.toolkit\.fluxcd\.io)\//;

/** The ignore rules that the manifests of a text write, with their lines: Application, ApplicationSet, Kustomization, HelmRelease, argocd-cm. */
export function ruleFacts(file: string, text: string): readonly RuleFact[] {
  if (!HINT.test(text)) return [];
  try {
    return documentTexts(text, KINDS).flatMap((document) =>
      factsIn(file, document.text).map((fact) => ({ ...fact, range: movedDown(fact.range, document.firstLine) })),
    );
  } catch {
    // What does not parse writes no rule that anybody could go to.
    return [];
  }
}

function factsIn(file: string, text: string): readonly RuleFact[] {
  if (!HINT.test(text)) return [];
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, merge: true, uniqueKeys: false, logLevel: 'silent' });
  return ('empty' in documents ? [] : documents).flatMap((document) => {
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    if (!isJsonObject(value) || !isKubeObject(value)) return [];
    return value.kind === 'ConfigMap' ? settingFacts(file, text, lines, document, value) : listFacts(file, lines, document, value);
  });
}

function movedDown(range: FileRange, lines: number): FileRange {
  return { ...range, startLine: range.startLine + lines, endLine: range.endLine + lines };
}

function listFacts(file: string, lines: LineCounter, document: Document, value: KubeObject): readonly RuleFact[] {
  const list = GROUPS.test(value.apiVersion) ? LISTS[value.kind] : undefined;
  if (list === undefined) return [];
  const name = stringAt(value.metadata, 'name') ?? '';
  const namespace = stringAt(value.metadata, 'namespace');
  const owner = `${value.kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
  const rules = arrayAt(value, ...list.path);
  const spec = value.kind === 'ApplicationSet' ? valueAt(value, 'spec', 'template', 'spec') : value['spec'];
  const argo = ignoreDifferencesOf({ ...value, spec: spec ?? null }, '');
  return rules.flatMap((rule, index) => {
    const node = document.getIn([...list.path, index], true);
    if (!isNode(node)) return [];
    const dialect = value.kind.startsWith('Application') ? argo[index] : undefined;
    const texts = dialect === undefined ? arrayAt(rule, 'paths').filter((path) => typeof path === 'string') : argoRuleTexts(dialect);
    return [{ owner, rule: `${list.name}[${String(index)}]`, texts, range: rangeOfNode(file, lines, node) }];
  });
}

/** Rules, known types, health checks, and what is excluded or included, of argocd-cm: each at its key. */
function settingFacts(file: string, text: string, lines: LineCounter, document: Document, value: KubeObject): readonly RuleFact[] {
  if (stringAt(value.metadata, 'name') !== ARGO_SETTINGS) return [];
  const data = document.get('data', true);
  if (!isMap(data)) return [];
  const { ignore, knownTypes, health } = readCustomizations(value);
  const declared: readonly IgnoreRule[] = [
    ...ignore.map((rule) => ({ declaredBy: rule.declaredBy, paths: argoRuleTexts(rule) })),
    ...knownTypes.map(({ declaredBy, field, type }) => ({ declaredBy, paths: [`${field}: ${type}`] })),
    ...health.map(({ declaredBy }) => ({ declaredBy, paths: [] })),
    ...RESOURCE_FILTERS.map((key) => ({ declaredBy: `${ARGO_SETTINGS} ${key}`, paths: [] })),
  ];
  return declared.flatMap(({ declaredBy, paths }) => {
    if (!declaredBy.startsWith(`${ARGO_SETTINGS} `)) return [];
    const rule = declaredBy.slice(ARGO_SETTINGS.length + 1);
    const [key = '', below] = rule.split(' ');
    const entry = entriesOf(data, document).find((each) => each.key === key);
    if (entry === undefined) return [];
    const range = rangeOfNode(file, lines, entry.keyNode);
    return [
      { owner: ARGO_SETTINGS, rule, texts: paths, range: below === undefined ? range : lineBelow(text, range, below, entry.valueNode) },
    ];
  });
}

const ARGO_SETTINGS = 'argocd-cm';
const RESOURCE_FILTERS = ['resource.exclusions', 'resource.inclusions'];

/** The line of a key within a text that stands as a block in YAML; the block's first line when it is not found. */
function lineBelow(text: string, range: FileRange, key: string, block: Node | undefined): FileRange {
  if (!isScalar(block)) return range;
  const lines = text.split('\n');
  for (let line = range.startLine + 1; line < lines.length; line += 1) {
    const [indent = '', found] = /^(\s*)["']?([^"'\s]+?)["']?:/.exec(lines[line] ?? '')?.slice(1) ?? [];
    if (found === key)
      return { ...range, startLine: line, startColumn: indent.length, endLine: line, endColumn: indent.length + key.length };
  }
  return range;
}

function rangeOfNode(file: string, lines: LineCounter, node: Node): FileRange {
  const [start, end] = node.range ?? [0, 0];
  return rangeOf(file, lines, start, end);
}

/** What tells where the rules of an object stand: `facts` of the repo, and the view that names its owner. */
export interface RuleBook {
  readonly facts: readonly RuleFact[];
  readonly view: OwnerView | undefined;
}

/**
 * Where in the repo a rule stands. The same object may be written several times (for several clusters): every place that has the same rule
 * is told, since nobody knows which of them is meant.
 * @param by an IgnoredField's `by`, a rule's `declaredBy`: `plumbline.yaml:12`, `Application argocd/shop ignoreDifferences[0] jq .spec.x`
 */
export function placesOfRule(by: string, { facts, view }: RuleBook): readonly FileRange[] {
  const match = /^([^\s:]+):(\d+)$/.exec(by);
  if (match !== null) {
    const startLine = Number(match[2]) - 1;
    return [{ file: match[1] ?? '', startLine, startColumn: 0, endLine: startLine, endColumn: 0 }];
  }
  if (facts.length === 0) return [];
  const declared = view?.rules.find(({ declaredBy }) => by === declaredBy || by.startsWith(`${declaredBy} `));
  const ranges = factsOfDeclared(declared ?? { declaredBy: by, paths: [] }, facts, view?.generatedBy).map(({ range }) => range);
  return [...new Map(ranges.map((range) => [placeText(range), range])).values()].sort(inOrder);
}

function inOrder(left: FileRange, right: FileRange): number {
  return left.file === right.file ? left.startLine - right.startLine : left.file < right.file ? -1 : 1;
}

/** {@link placesOfRule}, as a part of a row that has `sources` where there are any. */
export function sourcesOfRule(by: string, book: RuleBook): { readonly sources?: readonly FileRange[] } {
  const sources = placesOfRule(by, book);
  return sources.length === 0 ? {} : { sources };
}

/** A rule that a text names, with its places behind it: `argocd-cm KEY (a.yaml:3, b.yaml:3)`. */
export function withPlaces(text: string, places: readonly FileRange[]): string {
  return places.length === 0 ? text : `${text} (${places.map((place) => placeText(place)).join(', ')})`;
}

function factsOfDeclared(
  { declaredBy, paths }: IgnoreRule,
  facts: readonly RuleFact[],
  generatedBy: string | undefined,
): readonly RuleFact[] {
  const isSettings = declaredBy.startsWith(`${ARGO_SETTINGS} `);
  const owners = isSettings
    ? [ARGO_SETTINGS]
    : namesOf(/^\w+ \S+/.exec(declaredBy)?.[0] ?? '').concat(generatedBy === undefined ? [] : namesOf(generatedBy));
  const ofOwner = facts.filter((fact) => owners.includes(fact.owner));
  const same = ofOwner.filter((fact) => paths.length === 0 || jsonEqual(fact.texts, paths));
  const exact = same.filter(({ rule }) => declaredBy.endsWith(` ${rule}`));
  // A setting has its key for a name; a rule of a list is known by what it says, since the list may have moved on.
  return exact.length > 0 || isSettings ? exact : same;
}

/** `Application argocd/shop`, and as a manifest without a namespace has it. */
function namesOf(owner: string): string[] {
  return [owner, owner.replace(/ [^/ ]*\//, ' ')];
}
