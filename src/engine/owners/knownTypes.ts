import type { KnownTypeField } from '../apps/argocd/customizations.ts';
import { durationSeconds } from '../apps/flux/forecast.ts';
import { fallbackSchema } from '../compare/fallbackSchema.ts';
import { expandPointer } from '../compare/ignore.ts';
import { quantityEqual } from '../compare/quantity.ts';
import { deepEqualUnderSchema, isZeroValue } from '../compare/schemaWalk.ts';
import { isJsonArray, isJsonObject, type JsonValue, jsonEqual } from '../model/json.ts';
import { pointerToken } from '../model/jsonPointer.ts';
import { gvkOf, type KubeObject } from '../model/objects.ts';
import type { OwnerPlace } from '../model/ownerView.ts';
import { fieldSchema, itemSchema, resolveNode, type SchemaDocument, type TypeSchema } from '../model/schema.ts';

/** The sides of one object, and the schemas that its fields are read by. */
export interface KnownTypePair {
  readonly desired: KubeObject;
  readonly live: KubeObject;
  /** of the custom resource itself */
  readonly schema: TypeSchema | undefined;
  /** of the group-version `v1`, where the types of `core/v1` stand; undefined: not to be had, they then equate nothing */
  readonly core: SchemaDocument | undefined;
}

/** Whether two values that are spelled differently are the same value of a type. */
type Equates = (git: JsonValue | undefined, live: JsonValue | undefined) => boolean;

/** A type as far as values are walked through: its fields' and items' types. */
interface KnownType {
  readonly equates: Equates;
  readonly field: (name: string) => KnownType;
  readonly item: () => KnownType;
}

/** The fields of a kind that Argo CD reads as built-in types. */
export function knownTypesFor(fields: readonly KnownTypeField[], object: KubeObject): readonly KnownTypeField[] {
  const { group, kind } = gvkOf(object);
  return fields.filter((each) => each.group === group && each.kind === kind);
}

/**
 * The places of a custom resource where both sides mean the same once a field is read as a built-in type: `1000m` and `1`, `24h` and
 * `24h0m0s`, nothing and an empty value. Source: argo-cd util/argo/normalizers/knowntypes_normalizer.go, which writes both sides anew.
 */
export function knownTypePlaces(pair: KnownTypePair, { field, type, declaredBy }: KnownTypeField): readonly OwnerPlace[] {
  const known = knownTypeOf(type, pair.core);
  if (known === undefined) return [];
  const reason = { code: 'ignored-known-type', details: { type } };
  const pointers: string[] = [];
  const compare = (git: JsonValue | undefined, live: JsonValue | undefined, at: KnownType, pointer: string): void => {
    if (jsonEqual(git, live)) return;
    if (isJsonObject(git) && isJsonObject(live)) {
      for (const name of new Set([...Object.keys(git), ...Object.keys(live)]))
        compare(git[name], live[name], at.field(name), below(pointer, name));
    } else if (isJsonArray(git) && isJsonArray(live)) {
      for (const [index, item] of git.entries())
        if (index < live.length) compare(item, live[index], at.item(), below(pointer, String(index)));
    } else if (at.equates(git, live)) pointers.push(pointer);
  };
  const walk = (git: JsonValue | undefined, live: JsonValue | undefined, steps: readonly string[], pointer: string): void => {
    const [step, ...rest] = steps;
    if (isJsonArray(git) && isJsonArray(live)) {
      for (const [index, item] of git.entries()) if (index < live.length) walk(item, live[index], steps, below(pointer, String(index)));
    } else if (step === undefined) compare(git, live, known, pointer);
    else if (isJsonObject(git) && isJsonObject(live)) walk(git[step], live[step], rest, below(pointer, step));
  };
  walk(pair.desired, pair.live, field.split('.'), '');
  return pointers.flatMap((pointer) =>
    [pair.desired, pair.live].flatMap((side) =>
      expandPointer(side, pointer, pair.schema ?? fallbackSchema).map((path) => ({ path, by: declaredBy, reason })),
    ),
  );
}

function below(pointer: string, step: string): string {
  return `${pointer}/${pointerToken(step)}`;
}

function knownTypeOf(type: string, core: SchemaDocument | undefined): KnownType | undefined {
  if (type === 'core/Quantity' || type === 'core/v1/ResourceList') return leaf(isSameQuantity);
  if (type === 'meta/v1/Duration') return leaf(isSameDuration);
  const name = /^core\/v1\/(\w+)$/.exec(type)?.[1];
  const definition = `io.k8s.api.core.v1.${name ?? ''}`;
  if (core?.definitions[definition] === undefined) return undefined;
  return ofSchema(resolveNode(core, { ref: definition }));
}

/** A type whose fields are all of the same: a quantity, or a map of them. */
function leaf(equates: Equates): KnownType {
  const type: KnownType = { equates, field: () => type, item: () => type };
  return type;
}

function ofSchema(schema: TypeSchema | undefined): KnownType {
  return {
    equates: (git, live) =>
      schema !== undefined &&
      (git === undefined || live === undefined ? isEmpty(git ?? live ?? null) : deepEqualUnderSchema(git, live, schema)),
    field: (name) => ofSchema(fieldSchema(schema, name)),
    item: () => ofSchema(itemSchema(schema)),
  };
}

/** What a Go struct leaves out when it is written (`omitempty`). */
function isEmpty(value: JsonValue): boolean {
  if (isJsonObject(value)) return Object.values(value).every((each) => each === undefined || isEmpty(each));
  return value === null || (isJsonArray(value) ? value.length === 0 : isZeroValue(value));
}

const isSameQuantity: Equates = (git, live) => isAmount(git) && isAmount(live) && quantityEqual(git, live);

function isAmount(value: JsonValue | undefined): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

const isSameDuration: Equates = (git, live) => {
  if (typeof git !== 'string' || typeof live !== 'string') return false;
  const seconds = durationSeconds(git);
  return seconds !== undefined && seconds === durationSeconds(live);
};
