import type { FieldPath } from '../model/fieldPath.ts';
import { arrayAt, isJsonObject, type JsonObject, objectAt, stringAt } from '../model/json.ts';
import type { GroupVersionKind } from '../model/objects.ts';

const PREFIX = '#/components/schemas/';

/**
 * The API's own words on a field, from an OpenAPI v3 document of the API server; of the type where the field has none of its own.
 * @returns undefined when the document does not know the field or says nothing
 */
export function descriptionAt(openApi: JsonObject, { group, version, kind }: GroupVersionKind, path: FieldPath): string | undefined {
  const schemas = objectAt(openApi, 'components', 'schemas');
  const root = Object.values(schemas).find((schema) =>
    arrayAt(schema, 'x-kubernetes-group-version-kind').some(
      (mark) => isJsonObject(mark) && mark['group'] === group && mark['version'] === version && mark['kind'] === kind,
    ),
  );
  let node: JsonObject | undefined = isJsonObject(root) ? root : undefined;
  let said: string | undefined;
  for (const step of path) {
    const type = resolved(node, schemas);
    const below: unknown = 'field' in step ? (objectAt(type, 'properties')[step.field] ?? type?.['additionalProperties']) : type?.['items'];
    if (!isJsonObject(below)) return undefined;
    node = below;
    said = stringAt(below, 'description') ?? stringAt(resolved(below, schemas), 'description');
  }
  return said;
}

function resolved(node: JsonObject | undefined, schemas: JsonObject): JsonObject | undefined {
  const [only] = arrayAt(node, 'allOf');
  const ref = stringAt(node, '$ref') ?? stringAt(only, '$ref');
  const target = ref?.startsWith(PREFIX) === true ? schemas[ref.slice(PREFIX.length)] : undefined;
  return isJsonObject(target) ? target : node;
}
