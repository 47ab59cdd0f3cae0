import { parse } from 'yaml';
import { arrayAt, isJsonObject, type JsonValue, objectAt, stringAt } from '../../model/json.ts';
import { gvkOf, type KubeObject, nameOf, namespaceOf } from '../../model/objects.ts';
import { argoGlob } from './glob.ts';

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
}

/** Of which objects Argo CD does not compare `status` (`resource.compareoptions`, `ignoreResourceStatusField`). */
export type IgnoredStatus = 'all' | 'crd' | 'none';

/** What argocd-cm says of comparing and of health. */
export interface ArgoCustomizations {
  readonly ignore: readonly ArgoIgnoreRule[];
  readonly health: readonly LuaCheck[];
  readonly ignoredStatus: IgnoredStatus;
}

const PREFIX = 'resource.customizations.';

/**
 * Reads `argocd-cm`: `resource.customizations.<what>.<group>_<Kind>` (also `.all`), and the older `resource.customizations` in one text.
 * Entries that cannot be read are left out, as Argo CD refuses them. Source: argo-cd util/settings/settings.go.
 */
export function readCustomizations(configMap: KubeObject | undefined): ArgoCustomizations {
  const data = objectAt(configMap, 'data');
  const ignore: ArgoIgnoreRule[] = [];
  const scripts = new Map<string, string>();
  const openLibs = new Set<string>();
  const addIgnore = (key: string, text: string, declaredBy: string): void => {
    const value = parsed(text);
    if (value !== undefined) ignore.push(systemRule(key, value, declaredBy));
  };
  for (const [key, value] of Object.entries(objectAt(parsed(stringAt(data, 'resource.customizations') ?? '')))) {
    const text = stringAt(value, 'ignoreDifferences');
    const name = key === '*/*' ? 'all' : key.replace('/', '_');
    if (text !== undefined) addIgnore(name, text, `argocd-cm resource.customizations ${key}`);
    const script = stringAt(value, 'health.lua');
    if (script !== undefined) scripts.set(name, script);
    if (objectAt(value)['health.lua.useOpenLibs'] === true) openLibs.add(name);
  }
  for (const [name, value] of Object.entries(data)) {
    if (!name.startsWith(PREFIX) || typeof value !== 'string') continue;
    const [what = '', ...rest] = name.slice(PREFIX.length).split('.');
    const key = rest.join('.');
    if (what === 'ignoreDifferences') addIgnore(key, value, `argocd-cm ${name}`);
    else if (what === 'health') scripts.set(key, value);
    else if (what === 'useOpenLibs' && TRUE.has(value)) openLibs.add(key);
  }
  const health = [...scripts].map(([key, script]) => ({ pattern: patternOf(key), script, openLibs: openLibs.has(key) }));
  return { ignore, health, ignoredStatus: ignoredStatusOf(parsed(stringAt(data, 'resource.compareoptions') ?? '')) };
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

function parsed(text: string): JsonValue | undefined {
  try {
    const value: unknown = parse(text, { maxAliasCount: 100, logLevel: 'error' });
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
