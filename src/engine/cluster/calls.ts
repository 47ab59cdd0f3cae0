import { AppError } from '../../base/errors.ts';
import { isJsonObject, type JsonValue } from '../model/json.ts';
import { isKubeObject, type KubeObject, type ObjectKey } from '../model/objects.ts';
import type { ResourceInfo } from '../model/resourceInfo.ts';
import type { PatchType, WriteOptions } from './api.ts';
import type { CallSubject } from './apiErrors.ts';

/** The body formats of patches as HTTP names them. */
export const patchTypes: Readonly<Record<PatchType, string>> = {
  apply: 'application/apply-patch+yaml',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
};

/** What a create or a patch asks for beside its body. */
export function writeQuery(options: WriteOptions): URLSearchParams {
  const query = new URLSearchParams();
  if (options.dryRun === true) query.set('dryRun', 'All');
  if (options.fieldManager !== undefined) query.set('fieldManager', options.fieldManager);
  if (options.fieldValidation !== undefined) query.set('fieldValidation', options.fieldValidation);
  return query;
}

/** A path with a query, if there is one. */
export function withQuery(path: string, query: URLSearchParams): string {
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}

/** What a call on one object is about, for its errors. @param subresource `status`, `scale`; absent: the object itself */
export function subjectOf(verb: string, info: ResourceInfo, key: ObjectKey, subresource?: string): CallSubject {
  const resource = subresource === undefined ? info.plural : `${info.plural}/${subresource}`;
  return { verb, group: info.group, resource, namespace: info.isNamespaced ? key.namespace : '', name: key.name };
}

/**
 * An answer as the object that it is: items of lists come without apiVersion and kind, metadata alone with others.
 * @throws `server-error` when it is none
 */
export function asObject(value: JsonValue, info: ResourceInfo): KubeObject {
  const apiVersion = info.group === '' ? info.version : `${info.group}/${info.version}`;
  const object = isJsonObject(value)
    ? { ...value, apiVersion: value['apiVersion'] ?? apiVersion, kind: value['kind'] ?? info.kind }
    : value;
  if (!isKubeObject(object)) throw new AppError('server-error', { message: 'the answer is no object', resource: info.plural });
  return object.kind === 'PartialObjectMetadata' ? { ...object, apiVersion, kind: info.kind } : object;
}
