import { arrayAt, type JsonValue, objectAt, stringAt } from '../../model/json.ts';
import { type KubeObject, labelsOf, nameOf } from '../../model/objects.ts';
import { matchesSelector } from '../flux/selector.ts';
import { settingList } from './settingsText.ts';

/**
 * Names of the AppProjects whose sync windows a project inherits, by `globalProjects` of argocd-cm. Source: argo-cd util/argo/argo.go,
 * `GetGlobalProjects`.
 */
export function globalProjectsOf(config: KubeObject | undefined, project: KubeObject): readonly string[] {
  const text = stringAt(config, 'data', 'globalProjects') ?? '';
  if (text === '') return [];
  return settingList(text).flatMap((entry) => {
    const name = stringAt(entry, 'projectName');
    if (name === undefined || name === nameOf(project)) return [];
    return matchesSelector(selectorText(objectAt(entry, 'labelSelector')), labelsOf(project)) ? [name] : [];
  });
}

/** A label selector as an object, in one text. */
function selectorText(selector: JsonValue): string {
  const labels = Object.entries(objectAt(selector, 'matchLabels')).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : ''}`,
  );
  const expressions = arrayAt(selector, 'matchExpressions').map((expression) => {
    const [key = '', operator] = [stringAt(expression, 'key'), stringAt(expression, 'operator')];
    if (operator === 'Exists') return key;
    const values = arrayAt(expression, 'values').map(String).join(',');
    return operator === 'DoesNotExist' ? `!${key}` : `${key} ${operator === 'In' ? 'in' : 'notin'} (${values})`;
  });
  return [...labels, ...expressions].join(',');
}
