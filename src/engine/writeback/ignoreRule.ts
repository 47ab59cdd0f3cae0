import { type FieldPath, toJsonPointer } from '../model/fieldPath.ts';
import { arrayAt, type JsonObject, type JsonValue, jsonEqual, stringAt, valueAt } from '../model/json.ts';
import { pointerToken } from '../model/jsonPointer.ts';
import { gvkOf, type KubeObject, nameOf, namespaceOf } from '../model/objects.ts';
import type { Splice } from './spliceScalar.ts';
import { editYaml, type YamlPath, yamlValues } from './yamlEdit.ts';

/** Where a rule is written: which document of a text, and which owner's dialect. */
export type RulePlace =
  | { readonly dialect: 'plumbline'; readonly application: string; readonly environment: string }
  | { readonly dialect: 'argocd' | 'HelmRelease' | 'Kustomization'; readonly document: number };

/**
 * The edit that adds the smallest rule by which a field of one object does not count; the path joins a rule for the same object that is
 * there already.
 * @returns undefined when the text has no place for it
 * @throws AppError as `editYaml`
 */
export function ignoreRuleEdit(text: string, place: RulePlace, object: KubeObject, path: FieldPath): Splice | undefined {
  const document = place.dialect === 'plumbline' ? 0 : place.document;
  const value = yamlValues(text)[document];
  const list = listOf(value, place);
  if (list === undefined) return undefined;
  const rule = ruleOf(place.dialect, object, path);
  const rules = arrayAt(value, ...list);
  const at = rules.findIndex((each) => jsonEqual(selectorIn(each, rule), selectorIn(rule.whole, rule)) && isOnly(each, rule));
  if (at < 0) return editYaml(text, { document, path: [...list, rules.length], value: rule.whole });
  const paths = arrayAt(rules[at], rule.key);
  return editYaml(text, { document, path: [...list, at, rule.key, paths.length], value: rule.path });
}

interface Rule {
  readonly whole: JsonObject;
  /** the list of its paths */
  readonly key: string;
  readonly path: string;
}

function listOf(value: JsonValue | undefined, place: RulePlace): YamlPath | undefined {
  switch (place.dialect) {
    case 'plumbline': {
      const index = arrayAt(value, 'applications').findIndex(
        (each) => stringAt(each, 'name') === place.application && stringAt(each, 'environment') === place.environment,
      );
      return index < 0 ? undefined : ['applications', index, 'ignore'];
    }
    case 'argocd':
      return ['spec', 'ignoreDifferences'];
    case 'HelmRelease':
      return ['spec', 'driftDetection', 'ignore'];
    case 'Kustomization':
      return ['spec', 'ignore'];
  }
}

function ruleOf(dialect: RulePlace['dialect'], object: KubeObject, path: FieldPath): Rule {
  const { group, kind } = gvkOf(object);
  const name = nameOf(object);
  if (dialect === 'plumbline') {
    const pointer = namedPointer(path);
    return { whole: { kind, name, paths: [pointer] }, key: 'paths', path: pointer };
  }
  const pointer = toJsonPointer(object, path) ?? namedPointer(path);
  if (dialect !== 'argocd') return { whole: { paths: [pointer], target: { kind, name } }, key: 'paths', path: pointer };
  const namespace = namespaceOf(object);
  const selector = { ...(group === '' ? {} : { group }), kind, name, ...(namespace === '' ? {} : { namespace }) };
  // Items of lists have no place of their own: jq finds them by their keys.
  const isPlain = path.every((step) => 'field' in step);
  const [key, said] = isPlain ? ['jsonPointers', pointer] : ['jqPathExpressions', jqPath(path)];
  return { whole: { ...selector, [key]: [said] }, key, path: said };
}

/** What a rule selects its objects by. */
function selectorIn(rule: JsonValue | undefined, { whole, key }: Rule): JsonValue {
  return Object.fromEntries(Object.keys(whole).flatMap((name) => (name === key ? [] : [[name, valueAt(rule, name) ?? null]])));
}

/** Whether a rule has no other selectors than ours. */
function isOnly(rule: JsonValue, { whole }: Rule): boolean {
  const lists = ['paths', 'jsonPointers', 'jqPathExpressions', 'managedFieldsManagers'];
  const names = (each: JsonValue): readonly string[] => Object.keys(each as JsonObject).filter((name) => !lists.includes(name));
  return jsonEqual(names(rule).toSorted(), names(whole).toSorted());
}

/** A JSON pointer in which list items stand by the value of a key, as the rules of plumbline.yaml have it. */
function namedPointer(path: FieldPath): string {
  return path
    .map((step) => {
      if ('field' in step) return step.field;
      if ('index' in step) return String(step.index);
      if ('value' in step) return typeof step.value === 'string' ? step.value : JSON.stringify(step.value);
      return String(step.keys['name'] ?? Object.values(step.keys)[0] ?? '');
    })
    .map((token) => `/${pointerToken(token)}`)
    .join('');
}

function jqPath(path: FieldPath): string {
  let text = '';
  for (const step of path) {
    if ('field' in step) text += /^[A-Za-z_]\w*$/.test(step.field) ? `.${step.field}` : `.[${JSON.stringify(step.field)}]`;
    else if ('index' in step) text += `[${String(step.index)}]`;
    else {
      const test =
        'value' in step
          ? `. == ${JSON.stringify(step.value)}`
          : Object.entries(step.keys)
              .map(([key, value]) => `.${key} == ${JSON.stringify(value)}`)
              .join(' and ');
      text += `[] | select(${test}) | `;
    }
  }
  return text.replace(/ \| $/, '').replaceAll(/\| \[/g, '| .[');
}
