import { maskDifference } from '../compare/mask.ts';
import { normalizeDesired, normalizeLive } from '../compare/normalize.ts';
import { lookUp, schemaAtPath } from '../compare/schemaWalk.ts';
import { semanticDiff, semanticDiffAt } from '../compare/semanticDiff.ts';
import { type FieldPath, formatPath, startsWithPath } from '../model/fieldPath.ts';
import type { JsonValue } from '../model/json.ts';
import type { KubeObject } from '../model/objects.ts';
import type { ResourceInfo } from '../model/resourceInfo.ts';
import type { TypeSchema } from '../model/schema.ts';
import type { FieldChange, FieldDifference } from '../model/states.ts';

/** The sides of one object while somebody edits it. */
export interface EditSides {
  /** as target renders it */
  readonly target: KubeObject;
  /** as the working tree renders it */
  readonly working: KubeObject;
  /** as last seen, or as a dry-run of `working` found it */
  readonly live: KubeObject | undefined;
  readonly schema: TypeSchema | undefined;
  readonly resource: ResourceInfo | undefined;
}

/** One field that the working tree sets otherwise than target, judged against live without any call. Secret values are masked. */
export interface JudgedEdit {
  readonly id: string;
  readonly path: FieldPath;
  readonly change: FieldChange;
  readonly target?: JsonValue;
  readonly working?: JsonValue;
  readonly live?: JsonValue;
  /** live already is what the working tree says */
  readonly isLive: boolean;
}

/**
 * The provisional verdict on an edit: which fields the working tree sets otherwise than target, and what live has there. Local: what
 * defaults and webhooks would make of a value is not known; another spelling of the same value is no edit.
 */
export function editedFields({ target, working, live, schema, resource }: EditSides): readonly JudgedEdit[] {
  const sides = { target: normalizeDesired(target, live, resource), working: normalizeDesired(working, live, resource) };
  const present = live === undefined ? undefined : normalizeLive(live, resource);
  return semanticDiff(sides.target, sides.working, schema).flatMap((found) => {
    if (found.isCosmetic) return [];
    // The differ calls its sides git and live: here they are target and working tree.
    const { path, git: before, live: now } = found;
    const there = present === undefined ? undefined : lookUp(present, schema, path);
    const isLive = present !== undefined && isSet(now, there, schemaAtPath(schema, path), path);
    const masked = maskDifference(working, maskable(path, before, now));
    const maskedLive = maskDifference(working, maskable(path, now, there));
    return [
      {
        id: formatPath(path),
        path,
        change: before === undefined ? 'added' : now === undefined ? 'removed' : 'changed',
        isLive,
        ...(masked.git === undefined ? {} : { target: masked.git }),
        ...(masked.live === undefined ? {} : { working: masked.live }),
        ...(maskedLive.live === undefined ? {} : { live: maskedLive.live }),
      } satisfies JudgedEdit,
    ];
  });
}

/** Whether live has all of a value; what live has besides is left to defaults. */
function isSet(wanted: JsonValue | undefined, live: JsonValue | undefined, schema: TypeSchema | undefined, path: FieldPath): boolean {
  if (wanted === undefined || live === undefined) return wanted === live;
  return semanticDiffAt(wanted, live, schema, path).every(({ isCosmetic, change }) => isCosmetic || change === 'added');
}

function maskable(path: FieldPath, git: JsonValue | undefined, live: JsonValue | undefined): FieldDifference {
  return {
    id: '',
    path,
    change: 'changed',
    direction: 'differs',
    isConfirmed: false,
    isCosmetic: false,
    isMasked: false,
    ...(git === undefined ? {} : { git }),
    ...(live === undefined ? {} : { live }),
  };
}

/**
 * The same fields after a dry-run: what the server would store decides whether live already is what the edit says.
 * @param predicted answer of a dry-run of the working tree's object
 * @param live the object that the answer was made from
 */
export function confirmedFields(
  fields: readonly JudgedEdit[],
  predicted: KubeObject,
  live: KubeObject | undefined,
  schema: TypeSchema | undefined,
  resource: ResourceInfo | undefined,
): readonly JudgedEdit[] {
  if (live === undefined) return fields;
  const changes = semanticDiff(normalizeLive(predicted, resource), normalizeLive(live, resource), schema).filter(
    (each) => !each.isCosmetic,
  );
  return fields.map((field) =>
    // A dry-run as somebody else removes nothing, so of a removed field it says nothing.
    field.change === 'removed'
      ? field
      : { ...field, isLive: !changes.some(({ path }) => startsWithPath(path, field.path) || startsWithPath(field.path, path)) },
  );
}
