import { arrayAt, type JsonValue, objectAt, stringAt } from '../../model/json.ts';
import { gvkOf, type KubeObject, nameOf, namespaceOf } from '../../model/objects.ts';
import { argoGlob } from './glob.ts';
import { readResourceFilter, type ResourceFilter } from './resourceFilter.ts';
import { settingList, settingObject } from './settingsText.ts';

/** Something that Argo CD does not compare, in one of its three dialects, for the objects that it selects. */
export interface ArgoIgnoreRule {
  /** globs; '' is the core group */
  readonly group: string;
  readonly kind: string;
  /** exact; absent: all */
  readonly name?: string;
  readonly namespace?: string;
  readonly jsonPointers: readonly string[];
  readonly jqPathExpressions: readonly string[];
  readonly managedFieldsManagers: readonly string[];
  /** where it stands, for the UI */
  readonly declaredBy: string;
}

/** A health check of argocd-cm in Lua. */
export interface LuaCheck {
  /** glob for `group/Kind`, or `Kind` in the core group */
  readonly pattern: string;
  readonly script: string;
  readonly openLibs: boolean;
  /** where it stands, for the UI */
  readonly declaredBy: string;
}

/** A field of custom resources that Argo CD reads as a built-in type (`knownTypeFields`): spellings of one value are the same to it. */
export interface KnownTypeField {
  readonly group: string;
  readonly kind: string;
  /** dotted path; lists on its way are each of their items */
  readonly field: string;
  /** `core/v1/PodSpec`, `core/Quantity`, `meta/v1/Duration` */
  readonly type: string;
  readonly declaredBy: string;
}

/** Of which objects Argo CD does not compare `status` (`resource.compareoptions`, `ignoreResourceStatusField`). */
export type IgnoredStatus = 'all' | 'crd' | 'none';

/** What argocd-cm says of comparing and of health. `ignoreResourceUpdates` is not among it: it spares Argo CD work, and hides no difference. */
export interface ArgoCustomizations {
  readonly ignore: readonly ArgoIgnoreRule[];
  readonly health: readonly LuaCheck[];
  readonly ignoredStatus: IgnoredStatus;
  readonly knownTypes: readonly KnownTypeField[];
  /** which objects it takes no notice of */
  readonly filter: ResourceFilter;
}

/** What Argo CD itself reads as built-in types, unless argocd-cm names fields of the kind (util/argo/normalizers, ensureDefaultCRDsConfigured). */
const ROLLOUT: KnownTypeField = {
  group: 'argoproj.io',
  kind: 'Rollout',
  field: 'spec.template.spec',
  type: 'core/v1/PodSpec',
  declaredBy: 'Argo CD (known types of Rollout)',
};

const PREFIX = 'resource.customizations.';

/**
 * Reads `argocd-cm`: `resource.customizations.<what>.<group>_<Kind>` (also `.all`), and the older `resource.customizations` in one text.
 * Entries that cannot be read are left out, as Argo CD refuses them. Source: argo-cd util/settings/settings.go.
 */
export function readCustomizations(configMap: KubeObject | undefined): ArgoCustomizations {
  const data = objectAt(configMap, 'data');
  const ignore: ArgoIgnoreRule[] = [];
  const scripts = new Map<string, { readonly script: string; readonly declaredBy: string }>();
  const knownTypes: KnownTypeField[] = [];
  const openLibs = new Set<string>();
  const addIgnore = (key: string, text: string, declaredBy: string): void => {
    const value = settingObject(text);
    if (value !== undefined) ignore.push(systemRule(key, value, declaredBy));
  };
  for (const [key, value] of Object.entries(objectAt(settingObject(stringAt(data, 'resource.customizations') ?? '')))) {
    const text = stringAt(value, 'ignoreDifferences');
    const name = key === '*/*' ? 'all' : key.replace('/', '_');
    if (text !== undefined) addIgnore(name, text, `argocd-cm resource.customizations ${key}`);
    const script = stringAt(value, 'health.lua');
    if (script !== undefined) scripts.set(name, { script, declaredBy: `argocd-cm resource.customizations ${key}` });
    knownTypes.push(...knownTypesOf(name, arrayAt(value, 'knownTypeFields'), `argocd-cm resource.customizations ${key}`));
    if (objectAt(value)['health.lua.useOpenLibs'] === true) openLibs.add(name);
  }
  for (const [name, value] of Object.entries(data)) {
    if (!name.startsWith(PREFIX) || typeof value !== 'string') continue;
    const [what = '', ...rest] = name.slice(PREFIX.length).split('.');
    const key = rest.join('.');
    if (what === 'ignoreDifferences') addIgnore(key, value, `argocd-cm ${name}`);
    else if (what === 'health') scripts.set(key, { script: value, declaredBy: `argocd-cm ${name}` });
    else if (what === 'knownTypeFields') knownTypes.push(...knownTypesOf(key, settingList(value), `argocd-cm ${name}`));
    else if (what === 'useOpenLibs' && TRUE.has(value)) openLibs.add(key);
  }
  const health = [...scripts].map(([key, check]) => ({ pattern: patternOf(key), ...check, openLibs: openLibs.has(key) }));
  if (!knownTypes.some(({ group, kind }) => group === ROLLOUT.group && kind === ROLLOUT.kind)) knownTypes.push(ROLLOUT);
  const ignoredStatus = ignoredStatusOf(settingObject(stringAt(data, 'resource.compareoptions') ?? ''));
  return { ignore, health, knownTypes, ignoredStatus, filter: readResourceFilter(configMap) };
}

/** Fields of the one kind that a key names; they know no patterns. */
function knownTypesOf(key: string, fields: readonly JsonValue[], declaredBy: string): readonly KnownTypeField[] {
  return fields.flatMap((item) => {
    const [field, type] = [stringAt(item, 'field'), stringAt(item, 'type')];
    return field === undefined || type === undefined ? [] : [{ ...selectorOf(key), field, type, declaredBy }];
  });
}

/** What Go's strconv.ParseBool takes for true. */
const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);

/**
 * The check for an object: the entry of exactly its group and kind, else a pattern that matches (argo-cd util/lua/lua.go
 * `GetHealthScript`).
 */
export function luaCheckFor(checks: readonly LuaCheck[], object: KubeObject): LuaCheck | undefined {
  if (checks.length === 0) return undefined;
  const { group, kind } = gvkOf(object);
  const key = group === '' ? kind : `${group}/${kind}`;
  return checks.find((check) => check.pattern === key) ?? checks.find((check) => argoGlob(check.pattern, key));
}

/** Whether a rule is about an object: group and kind are globs, name and namespace exact. */
export function isRuleFor(rule: ArgoIgnoreRule, object: KubeObject): boolean {
  const { group, kind } = gvkOf(object);
  if (!argoGlob(rule.group, group) || !argoGlob(rule.kind, kind)) return false;
  if (rule.name !== undefined && rule.name !== nameOf(object)) return false;
  return rule.namespace === undefined || rule.namespace === namespaceOf(object);
}

function ignoredStatusOf(options: JsonValue | undefined): IgnoredStatus {
  const given = objectAt(options)['ignoreResourceStatusField'];
  if (given === 'crd') return 'crd';
  return given === 'none' || given === 'off' || given === false || given === 'false' ? 'none' : 'all';
}

/**
 * A rule of argocd-cm. Its trusted managers count for all kinds, or for the one kind outside the core group that it names: Argo CD looks
 * them up by `group/Kind` (util/argo/diff/ignore.go `HasIgnoreDifference`).
 */
function systemRule(key: string, value: JsonValue, declaredBy: string): ArgoIgnoreRule {
  const selector = selectorOf(key);
  const dialects = dialectsOf(value);
  const trusts = key === 'all' || (selector.group !== '' && !/[*?[{]/.test(key));
  return { ...selector, ...dialects, managedFieldsManagers: trusts ? dialects.managedFieldsManagers : [], declaredBy };
}

function patternOf(key: string): string {
  return key === 'all' ? '*/*' : key.replace('_', '/');
}

/** The rules that stand in an Application itself. */
export function ignoreDifferencesOf(application: KubeObject, name: string): readonly ArgoIgnoreRule[] {
  return arrayAt(application, 'spec', 'ignoreDifferences').map((rule, index) => {
    const [objectName, namespace] = [stringAt(rule, 'name'), stringAt(rule, 'namespace')];
    return {
      group: stringAt(rule, 'group') ?? '',
      kind: stringAt(rule, 'kind') ?? '',
      ...(objectName === undefined || objectName === '' ? {} : { name: objectName }),
      ...(namespace === undefined || namespace === '' ? {} : { namespace }),
      ...dialectsOf(rule),
      declaredBy: `Application ${name} ignoreDifferences[${String(index)}]`,
    };
  });
}

function dialectsOf(rule: JsonValue): Pick<ArgoIgnoreRule, 'jsonPointers' | 'jqPathExpressions' | 'managedFieldsManagers'> {
  const texts = (key: string): readonly string[] => arrayAt(rule, key).filter((item) => typeof item === 'string');
  return {
    jsonPointers: texts('jsonPointers'),
    jqPathExpressions: texts('jqPathExpressions'),
    managedFieldsManagers: texts('managedFieldsManagers'),
  };
}

/** `<group>_<Kind>`, `<Kind>` of the core group, or `all`. */
function selectorOf(key: string): { group: string; kind: string } {
  if (key === 'all') return { group: '*', kind: '*' };
  const at = key.lastIndexOf('_');
  return at < 0 ? { group: '', kind: key } : { group: key.slice(0, at), kind: key.slice(at + 1) };
}

/** The texts by which a rule is shown, in its order: pointers, `jq <expression>`, `manager <name>`. */
export function argoRuleTexts(rule: ArgoIgnoreRule): readonly string[] {
  return [
    ...rule.jsonPointers,
    ...rule.jqPathExpressions.map((expression) => `jq ${expression}`),
    ...rule.managedFieldsManagers.map((manager) => `manager ${manager}`),
  ];
}
