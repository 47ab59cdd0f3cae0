import { childSet, type FieldSet, isMember } from '../../compare/fieldsV1.ts';
import { prove } from '../../compare/proof.ts';
import { identifyItems, shapeOf } from '../../compare/schemaWalk.ts';
import { type Prepared, proofInputOf } from '../../drift/prepare.ts';
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../../model/json.ts';
import type { KubeObject } from '../../model/objects.ts';
import { fieldSchema, itemSchema, type TypeSchema } from '../../model/schema.ts';
import { SYNC_MANAGER } from '../syncTypes.ts';

/** Fields by which an object is named: nobody holds them. */
const unheld: readonly string[] = ['apiVersion', 'kind', 'status'];
const unheldMetadata: readonly string[] = ['name', 'namespace'];

/**
 * Whether applying an object would provably change nothing, not even who holds what, so that no dry-run is needed: the local proof of
 * design.md §7 as our own *Apply* owner, and every leaf of the body is held by us already.
 * @param body what would be applied, with the mark of the set
 */
export function isProvedSame(prepared: Prepared, body: KubeObject): boolean {
  const { owner, entries, schema } = prepared;
  if (owner?.manager !== SYNC_MANAGER || owner.operation !== 'Apply') return false;
  const own = entries.find((entry) => entry.manager === SYNC_MANAGER && entry.operation === 'Apply' && entry.subresource === '');
  if (own?.apiVersion !== body.apiVersion) return false;
  return prove(proofInputOf(prepared)).outcome !== 'unknown' && holdsObject(body, own.fields, schema);
}

function holdsObject(body: KubeObject, fields: FieldSet, schema: TypeSchema): boolean {
  const { metadata, ...rest } = body;
  const named = childSet(fields, { field: 'metadata' }) ?? {};
  return holdsMembers(rest, fields, schema, unheld) && holdsMembers(metadata, named, fieldSchema(schema, 'metadata'), unheldMetadata);
}

function holdsMembers(value: JsonObject, fields: FieldSet, schema: TypeSchema | undefined, except: readonly string[] = []): boolean {
  return Object.entries(value).every(([name, member]) => {
    if (member === undefined || except.includes(name)) return true;
    const below = childSet(fields, { field: name });
    return below !== undefined && holds(member, below, fieldSchema(schema, name));
  });
}

/** Whether a set holds every leaf of a value (structured-merge-diff `ToFieldSet`); false also where that cannot be told. */
function holds(value: JsonValue, fields: FieldSet, schema: TypeSchema | undefined): boolean {
  const shape = shapeOf(value, schema);
  if (isJsonObject(value) && shape !== 'atomic') {
    return Object.keys(value).length === 0 ? isMember(fields) : holdsMembers(value, fields, schema);
  }
  if (isJsonArray(value) && value.length > 0 && schema !== undefined && (shape === 'keyed-list' || shape === 'set')) {
    return (identifyItems(value, schema, shape) ?? [undefined]).every((item) => {
      const below = item === undefined ? undefined : childSet(fields, item.step);
      return item !== undefined && below !== undefined && (shape === 'set' || holds(item.value, below, itemSchema(schema)));
    });
  }
  return isMember(fields);
}
