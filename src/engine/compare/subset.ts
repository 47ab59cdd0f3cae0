import { type FieldPath, type PathStep } from '../model/fieldPath.ts';
import { isJsonArray, isJsonObject, jsonEqual, type JsonObject, type JsonValue } from '../model/json.ts';
import { fieldSchema, itemSchema, type TypeSchema } from '../model/schema.ts';
import { childSet, type FieldSet } from './fieldsV1.ts';
import {
  identifyItems,
  isBuiltin,
  isMergedByItem,
  isSubsequence,
  isZeroValue,
  lookUp,
  ownField,
  relateScalars,
  schemaAtStep,
  shapeOf,
} from './schemaWalk.ts';
import { equalButDefaults } from './serverDefaults.ts';

/** Why a part of desired could not be shown to be in live. Only `different` says that it is not. */
export type MismatchCode =
  'different' | 'null-value' | 'zero-value' | 'unknown-field' | 'atomic-not-equal' | 'duplicate-keys' | 'list-order' | 'type-mismatch';

/** A place where desired is not, or not provably, contained in live. */
export interface Mismatch {
  readonly path: FieldPath;
  readonly code: MismatchCode;
  readonly git?: JsonValue;
  readonly live?: JsonValue;
}

/** How the owner applies, as far as the comparison depends on it. */
export interface SubsetOptions {
  /** path set of the owner's Apply entry; undefined for an Update owner */
  readonly ownedByApply?: FieldSet;
  /**
   * For an Update owner: what it last applied, with a test whether nobody else has written a path since. An atomic value that equals its
   * base and was not touched since needs no look inside.
   */
  readonly base?: JsonObject;
  readonly isUntouched: (path: FieldPath) => boolean;
  /** `update` reads lists as strategic merge (built-in kinds) or JSON merge (custom resources) patches do */
  readonly way: 'Apply' | 'Update';
}

/**
 * Where desired is not contained in live under the schema: proof part (a) of design.md §7. An empty answer means that applying desired
 * changes no value; it says nothing about fields to be removed.
 */
export function mismatches(
  desired: JsonObject,
  live: JsonObject,
  schema: TypeSchema | undefined,
  options: SubsetOptions,
): readonly Mismatch[] {
  const found: Mismatch[] = [];
  new Walk(options, schema, found).value(desired, live, schema, options.ownedByApply, []);
  return found;
}

class Walk {
  readonly #options: SubsetOptions;
  readonly #root: TypeSchema | undefined;
  readonly #found: Mismatch[];

  constructor(options: SubsetOptions, root: TypeSchema | undefined, found: Mismatch[]) {
    this.#options = options;
    this.#root = root;
    this.#found = found;
  }

  value(git: JsonValue, live: JsonValue | undefined, schema: TypeSchema | undefined, owned: FieldSet | undefined, path: FieldPath): void {
    if (live === undefined) {
      this.#absent(git, schema, owned, path);
      return;
    }
    if (git === null) {
      if (live !== null) this.#add(path, 'null-value', git, live);
      return;
    }
    if (isJsonArray(git)) {
      if (isJsonArray(live)) this.#list(git, live, schema, owned, path);
      else this.#add(path, 'type-mismatch', git, live);
    } else if (isJsonObject(git)) {
      if (!isJsonObject(live)) this.#add(path, 'type-mismatch', git, live);
      else if (schema?.node.mapType === 'atomic' && this.#options.way === 'Apply') this.#atomic(git, live, schema, path);
      else this.#fields(git, live, schema, owned, path);
    } else {
      const relation = relateScalars(git, live, schema);
      const isLiteral = relation === 'respelled' && !isBuiltin(schema);
      if (relation === 'different' || isLiteral) this.#add(path, 'different', git, live);
    }
  }

  #fields(git: JsonObject, live: JsonObject, schema: TypeSchema | undefined, owned: FieldSet | undefined, path: FieldPath): void {
    for (const name in git) {
      const value = ownField(git, name);
      if (value === undefined) continue;
      const child = fieldSchema(schema, name);
      const liveValue = ownField(live, name);
      const step: PathStep = { field: name };
      const at = [...path, step];
      if (child === undefined && schema?.node.preserveUnknown !== true && !jsonEqual(value, liveValue) && !isTypeMeta(at)) {
        this.#add(at, liveValue === undefined ? 'unknown-field' : 'different', value, liveValue);
        continue;
      }
      if (isOldName(git, name, liveValue, child)) continue;
      this.value(value, liveValue, child, owned === undefined ? undefined : childSet(owned, step), at);
    }
  }

  #list(
    git: readonly JsonValue[],
    live: readonly JsonValue[],
    schema: TypeSchema | undefined,
    owned: FieldSet | undefined,
    path: FieldPath,
  ): void {
    const shape = this.#listShape(git, schema);
    if (shape === 'atomic' || schema === undefined) {
      this.#atomic(git, live, schema, path);
      return;
    }
    const wanted = identifyItems(git, schema, shape);
    const present = identifyItems(live, schema, shape);
    if (wanted === undefined || present === undefined) {
      if (!jsonEqual(git, live)) this.#add(path, 'duplicate-keys', git, live);
      return;
    }
    const byId = new Map(present.map((item) => [item.id, item]));
    const ids: string[] = [];
    for (const item of wanted) {
      const other = byId.get(item.id);
      const at = [...path, item.step];
      if (other === undefined) {
        this.#add(at, 'different', item.value);
        continue;
      }
      ids.push(item.id);
      this.value(item.value, other.value, itemSchema(schema), owned === undefined ? undefined : childSet(owned, item.step), at);
    }
    const order = present.map((item) => item.id);
    if (!isSubsequence(ids, order)) this.#add(path, 'list-order', git, live);
  }

  /** Strategic merge has merge lists of its own marks, JSON merge has none; only what both ways merge by item counts as a merge list. */
  #listShape(git: readonly JsonValue[], schema: TypeSchema | undefined): 'keyed-list' | 'set' | 'atomic' {
    const shape = shapeOf(git, schema);
    if (shape !== 'keyed-list' && shape !== 'set') return 'atomic';
    if (this.#options.way === 'Apply') return shape;
    return isMergedByItem(schema) ? shape : 'atomic';
  }

  #atomic(git: JsonValue, live: JsonValue, schema: TypeSchema | undefined, path: FieldPath): void {
    if (equalButDefaults(git, live, schema, path)) return;
    const base = this.#options.base;
    // Who took an item out of a set or a keyed list leaves no trace in managedFields: only what is held as one leaf tells of every writer.
    const shape = shapeOf(git, schema);
    const isOneLeaf = shape !== 'keyed-list' && shape !== 'set';
    if (isOneLeaf && base !== undefined && jsonEqual(lookUp(base, this.#root, path), git) && this.#options.isUntouched(path)) return;
    this.#add(path, 'atomic-not-equal', git, live);
  }

  /** Git sets what live does not have: equal only for a zero value that the server drops on output although the owner holds it. */
  #absent(git: JsonValue, schema: TypeSchema | undefined, owned: FieldSet | undefined, path: FieldPath): void {
    if (git === null && isBuiltin(schema)) return;
    if (isZeroValue(git)) {
      if (isBuiltin(schema) && owned !== undefined) return;
      this.#add(path, git === null ? 'null-value' : 'zero-value', git);
      return;
    }
    if (isJsonObject(git) && owned !== undefined && isBuiltin(schema) && schema?.node.mapType !== 'atomic') {
      const before = this.#found.length;
      for (const [name, value] of Object.entries(git)) {
        const step: PathStep = { field: name };
        if (value !== undefined) this.value(value, undefined, schemaAtStep(schema, step), childSet(owned, step), [...path, step]);
      }
      if (this.#found.length === before) return;
      this.#found.length = before;
    }
    this.#add(path, 'different', git);
  }

  #add(path: FieldPath, code: MismatchCode, git: JsonValue, live?: JsonValue): void {
    this.#found.push({ path, code, git, ...(live === undefined ? {} : { live }) });
  }
}

/** An empty `serviceAccountName` becomes what its old name says (kubernetes pkg/apis/core/v1/conversion.go). */
function isOldName(git: JsonObject, name: string, live: JsonValue | undefined, schema: TypeSchema | undefined): boolean {
  return name === 'serviceAccountName' && git[name] === '' && isBuiltin(schema) && live !== undefined && git['serviceAccount'] === live;
}

function isTypeMeta(path: FieldPath): boolean {
  const [first] = path;
  return path.length === 1 && first !== undefined && 'field' in first && (first.field === 'apiVersion' || first.field === 'kind');
}
