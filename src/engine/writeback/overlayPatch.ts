import { stringify } from 'yaml';
import { AppError } from '../../base/errors.ts';
import { YamlIndex } from '../provenance/yamlIndex.ts';
import { type FieldPath, toJsonPointer, valueAtPath } from '../model/fieldPath.ts';
import { arrayAt, isJsonArray, isJsonObject, type JsonObject, type JsonValue, objectAt, stringAt } from '../model/json.ts';
import { pointerToken } from '../model/jsonPointer.ts';
import { type KubeObject, parseApiVersion } from '../model/objects.ts';
import { editYaml, yamlValues } from './yamlEdit.ts';
import type { Splice } from './spliceScalar.ts';

/** What a patch names its object by. */
export interface PatchTarget {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** '' when its manifest names none */
  readonly namespace: string;
}

/** A field that a patch is to set; `value` undefined takes it away. */
export interface PatchedField {
  readonly path: FieldPath;
  readonly value: JsonValue | undefined;
  /** the object as it is rendered; for patches by position */
  readonly object: KubeObject;
}

/** The files of strategic-merge or JSON patches that a kustomization names, relative to its folder. */
export function patchFilesOf(kustomization: string): readonly string[] {
  const [value] = yamlValues(kustomization);
  const merges = arrayAt(value, 'patchesStrategicMerge').filter((each) => typeof each === 'string' && !each.includes('\n')) as string[];
  return [...arrayAt(value, 'patches').flatMap((each) => stringAt(each, 'path') ?? []), ...merges];
}

/**
 * The edit of a file of strategic-merge patches that has one for the object already; undefined when it has none.
 * @throws AppError as `editYaml`
 */
export function patchFileEdit(text: string, target: PatchTarget, { path, value }: PatchedField): Splice | undefined {
  const object = new YamlIndex(text).find(undefined, target, false);
  const merge = mergePatch(path, value);
  if (object === undefined || merge === undefined) return undefined;
  let said = yamlValues(text)[object.documentIndex];
  const steps: (string | number)[] = [];
  for (const [depth, step] of path.entries()) {
    const rest = path.slice(depth);
    if ('field' in step) {
      if (!isJsonObject(said) || said[step.field] === undefined)
        return editYaml(text, { document: object.documentIndex, path: [...steps, step.field], value: below(rest, value) });
      steps.push(step.field);
      said = said[step.field];
      continue;
    }
    if (!('keys' in step) || !isJsonArray(said)) return undefined;
    const at = said.findIndex(
      (item) => isJsonObject(item) && Object.entries(step.keys).some(([key, each]) => item[key] === each) && matches(item, step.keys),
    );
    if (at < 0) {
      const items: JsonValue | undefined = mergePatch(rest, value);
      return isJsonArray(items)
        ? editYaml(text, { document: object.documentIndex, path: [...steps, said.length], value: items[0] })
        : undefined;
    }
    steps.push(at);
    said = said[at];
  }
  return editYaml(text, { document: object.documentIndex, path: steps, value: value ?? null });
}

function matches(item: JsonObject, keys: JsonObject): boolean {
  return Object.entries(keys).every(([key, each]) => item[key] === undefined || item[key] === each);
}

/** What stands at the first step of a path in a merge patch. */
function below(path: FieldPath, value: JsonValue | undefined): JsonValue {
  const patch = mergePatch(path, value);
  const [step] = path;
  return isJsonObject(patch) && step !== undefined && 'field' in step ? (patch[step.field] ?? null) : null;
}

/**
 * The edit of a kustomization that adds a patch: a strategic merge where every list on the way has keys, else a JSON patch.
 * @param isByPosition a JSON patch in any case: custom resources are merged without the keys of their lists
 * @throws AppError `adopt-no-overlay` when the field cannot be named by its position
 */
export function newPatchEdit(kustomization: string, target: PatchTarget, field: PatchedField, isByPosition: boolean): Splice {
  const merge = isByPosition ? undefined : mergePatch(field.path, field.value);
  const { group, version } = parseApiVersion(target.apiVersion);
  const patch = !isJsonObject(merge)
    ? {
        target: { ...(group === '' ? {} : { group }), version, kind: target.kind, name: target.name },
        patch: yamlText([jsonPatch(field)]),
      }
    : {
        patch: yamlText({
          apiVersion: target.apiVersion,
          kind: target.kind,
          ...merge,
          metadata: {
            name: target.name,
            ...(target.namespace === '' ? {} : { namespace: target.namespace }),
            ...objectAt(merge, 'metadata'),
          },
        }),
      };
  const count = arrayAt(yamlValues(kustomization)[0], 'patches').length;
  return editYaml(kustomization, { path: ['patches', count], value: patch });
}

function yamlText(value: JsonValue): string {
  return stringify(value, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false });
}

/** A strategic-merge patch of one field; undefined when a list on the way has no keys. */
function mergePatch(path: FieldPath, value: JsonValue | undefined): JsonValue | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return value ?? null;
  const inner: JsonValue | undefined = mergePatch(rest, value);
  if (inner === undefined) return undefined;
  if ('field' in step) return { [step.field]: inner };
  if (!('keys' in step)) return undefined;
  if (rest.length > 0) return isJsonObject(inner) ? [{ ...step.keys, ...inner }] : undefined;
  if (value === undefined) return [{ ...step.keys, $patch: 'delete' }];
  return [isJsonObject(value) ? { ...step.keys, ...value } : value];
}

/** What a field that is not there is put in by: at the first step that the object does not have. */
function jsonPatch({ path, value, object }: PatchedField): JsonObject {
  const missing = path.findIndex((_, index) => valueAtPath(object, path.slice(0, index + 1)) === undefined);
  const pointer = toJsonPointer(object, missing < 0 ? path : path.slice(0, missing));
  const step = path[missing < 0 ? path.length - 1 : missing];
  if (pointer === undefined || step === undefined) throw new AppError('adopt-no-overlay');
  if (missing < 0)
    return value === undefined ? { op: 'remove', path: pointer } : { op: 'field' in step ? 'add' : 'replace', path: pointer, value };
  const rest = path.slice(missing + 1);
  if (value === undefined || (rest.length > 0 && !('field' in step))) throw new AppError('adopt-no-overlay');
  const below = rest.reduceRight<JsonValue>((inner, each) => ('field' in each ? { [each.field]: inner } : [inner]), value);
  return { op: 'add', path: `${pointer}/${'field' in step ? pointerToken(step.field) : '-'}`, value: below };
}
