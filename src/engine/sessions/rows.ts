import { toolOf } from '../drift/explain.ts';
import type { ExtraneousObject } from './extraneous.ts';
import { placesOfRule, type RuleBook, type RuleFact, sourcesOfRule, withPlaces } from '../apps/ruleFacts.ts';
import type { Application } from '../model/application.ts';
import { lineSubjectOf } from '../model/lineSubject.ts';
import { keyOf, keyString, type KubeObject, parseApiVersion } from '../model/objects.ts';
import { type ChildRow, type FieldRow, type LineMark, type ObjectRow, shortValue } from '../model/snapshot.ts';
import type { FieldDifference, Health, IgnoredField } from '../model/states.ts';
import { arrayAt, isJsonObject, stringAt } from '../model/json.ts';
import type { TrackedObject } from './trackedObject.ts';

/** The row of a desired object. @param facts where the repo writes the rules by which fields are left out */
export function toObjectRow(
  applicationId: string,
  object: TrackedObject,
  hasChildren: boolean,
  facts: readonly RuleFact[] = [],
): ObjectRow {
  const { key, verdict, view } = object;
  return {
    key: keyString(key),
    applicationId,
    ...key,
    version: parseApiVersion(object.desired.apiVersion).version,
    state: verdict.state,
    isLive: object.live !== undefined,
    hasChildren,
    fields: verdict.fields
      .filter((field) => !field.isCosmetic)
      .map((field) => toFieldRow(field, object.fieldRanges.get(field.id), object.notes)),
    ignoredCount: verdict.ignored.length,
    ...(verdict.ignored.length === 0 ? {} : { ignored: verdict.ignored.map((field) => placedIgnored(field, { facts, view })) }),
    ...(object.health === undefined ? {} : { health: placedHealth(object.health, { facts, view }) }),
    ...(verdict.reason === undefined ? {} : { reason: verdict.reason }),
    ...(object.mark === undefined ? {} : { mark: object.mark }),
    ...(verdict.manager === undefined ? {} : { appliedWith: toolOf(verdict.manager) }),
    ...(object.header === undefined ? {} : { source: object.header }),
  };
}

function placedIgnored(field: IgnoredField, book: RuleBook): IgnoredField {
  return { ...field, ...sourcesOfRule(field.by, book) };
}

/** A check that failed is named with the lines on which it stands. */
export function placedHealth(told: Health, book: RuleBook): Health {
  if (told.failedCheck === undefined) return told;
  const { failedCheck, ...health } = told;
  return { ...health, message: withPlaces(health.message ?? '', placesOfRule(failedCheck, book)) };
}

/** The row of a live object that is not in Git. */
export function toExtraneousRow(
  applicationId: string,
  { key, live, mark, verdict, forecast }: ExtraneousObject,
  hasChildren: boolean,
): ObjectRow {
  return {
    key: keyString(key),
    applicationId,
    ...key,
    version: parseApiVersion(live.apiVersion).version,
    state: verdict.state,
    isLive: true,
    hasChildren,
    fields: [],
    ignoredCount: 0,
    ...(forecast.length === 0 ? {} : { forecast }),
    ...(verdict.reason === undefined ? {} : { reason: verdict.reason }),
    ...(mark === undefined ? {} : { mark }),
  };
}

function toFieldRow(field: FieldDifference, source: FieldRow['source'], notes: TrackedObject['notes']): FieldRow {
  return {
    id: field.id,
    change: field.change,
    direction: field.direction,
    isConfirmed: field.isConfirmed,
    isMasked: field.isMasked,
    ...shown(field, notes),
    ...(source === undefined ? {} : { source }),
  };
}

function shown(
  field: FieldDifference,
  notes: TrackedObject['notes'],
): Pick<FieldRow, 'git' | 'live' | 'synced' | 'manager' | 'time' | 'notes'> {
  const known = notes?.get(field.id);
  const git = shortValue(field, 'git');
  const live = shortValue(field, 'live');
  const synced = field.isMovedInGit === true ? shortValue(field, 'base') : undefined;
  return {
    ...(git === undefined ? {} : { git }),
    ...(live === undefined ? {} : { live }),
    ...(synced === undefined ? {} : { synced }),
    ...(field.writer === undefined ? {} : { manager: field.writer.manager }),
    ...(field.writer?.time === undefined ? {} : { time: field.writer.time }),
    ...(known === undefined ? {} : { notes: known }),
  };
}

/** The row of a live child: a ReplicaSet, a Pod, a Job. */
export function toChildRow(child: KubeObject, health: Health | undefined, hasChildren: boolean): ChildRow {
  const key = keyOf(child);
  const createdAt = stringAt(child.metadata, 'creationTimestamp');
  const containers = arrayAt(child, 'spec', 'containers').flatMap((container) =>
    isJsonObject(container) && typeof container['name'] === 'string' ? [container['name']] : [],
  );
  return {
    key: keyString(key),
    uid: stringAt(child.metadata, 'uid') ?? '',
    apiVersion: child.apiVersion,
    kind: key.kind,
    namespace: key.namespace,
    name: key.name,
    hasChildren,
    containers: key.kind === 'Pod' ? containers : [],
    ...(health === undefined ? {} : { health }),
    ...(createdAt === undefined ? {} : { createdAt }),
  };
}

/**
 * The marks of one object in target's text of its file: one per differing field at its line, else one at the object's first line.
 * @param application the application it belongs to
 */
export function marksOf(application: Application, object: TrackedObject): readonly LineMark[] {
  const { verdict, header } = object;
  const subject = lineSubjectOf(application, object.key);
  if (subject === undefined) return [];
  const common = { ...subject, isEdited: false };
  if (verdict.state === 'missing' && header !== undefined) return [{ ...common, kind: 'missing', range: header }];
  return verdict.fields.flatMap((field) => {
    const range = object.fieldRanges.get(field.id) ?? header;
    if (field.isCosmetic || range === undefined) return [];
    return [{ ...common, ...shown(field, object.notes), kind: markKind(field), range, fieldId: field.id }];
  });
}

function markKind(field: FieldDifference): LineMark['kind'] {
  if (field.direction === 'out of sync') return 'out-of-sync';
  return field.direction === 'differs' && field.change === 'changed' ? 'differs' : field.change;
}
