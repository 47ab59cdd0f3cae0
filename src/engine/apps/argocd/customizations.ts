import { parse } from 'yaml';
import { arrayAt, isJsonObject, type JsonValue, objectAt, stringAt } from '../../model/json.ts';
import type { KubeObject } from '../../model/objects.ts';

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
  /** globs */
  readonly group: string;
  readonly kind: string;
  readonly script: string;
  readonly openLibs: boolean;
}

/** What argocd-cm says of comparing and of health. */
export interface ArgoCustomizations {
  readonly ignore: readonly ArgoIgnoreRule[];
  readonly health: readonly LuaCheck[];
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
    if (value !== undefined) ignore.push({ ...selectorOf(key), ...dialectsOf(value), declaredBy });
  };
  for (const [key, value] of Object.entries(objectAt(parsed(stringAt(data, 'resource.customizations') ?? '')))) {
    const text = stringAt(value, 'ignoreDifferences');
    const name = key.replace('/', '_');
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
    else if (what === 'useOpenLibs' && value.trim() === 'true') openLibs.add(key);
  }
  const health = [...scripts].map(([key, script]) => ({ ...selectorOf(key), script, openLibs: openLibs.has(key) }));
  // An exact entry goes before a pattern, as in Argo CD.
  const isPattern = (check: LuaCheck): number => Number(/[*?]/.test(check.group + check.kind));
  return { ignore, health: health.sort((left, right) => isPattern(left) - isPattern(right)) };
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
