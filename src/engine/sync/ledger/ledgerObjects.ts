import { createHmac, randomBytes } from 'node:crypto';
import { isSecret } from '../../compare/mask.ts';
import { arrayAt, canonicalJson, isJsonObject, type JsonObject, type JsonValue, stringAt } from '../../model/json.ts';
import { keyString, type KubeObject, type ObjectKey } from '../../model/objects.ts';

/** What one sync applied, and with what it was rendered. */
export interface AppliedFrom {
  /** full commit id */
  readonly revision: string;
  /** the working tree was applied: no commit has these objects */
  readonly isDirty: boolean;
  /** key of the render: where today's render of the revision has the same key, every object is as it was applied */
  readonly render: string;
  /** version of the Kubernetes API server, which Helm templates may read */
  readonly kubernetes?: string;
}

/** The objects that were last applied by one sync, as hashes by object; both are made with the ledger's salt. */
export interface AppliedGroup extends AppliedFrom {
  readonly hashes: ReadonlyMap<string, string>;
}

/** Per object which sync applied it last, and a keyed hash of what was applied. */
export interface AppliedObjects {
  /** hex; keys the hashes of this ledger */
  readonly salt: string;
  /** newest first */
  readonly groups: readonly AppliedGroup[];
  /** an object that stands in no group was not applied by the last whole sync; false: nothing is known of it */
  readonly isComplete: boolean;
}

/** One object as it was applied. Values stay in the engine: only a hash is written, and of Secrets one without their values. */
export interface AppliedObject {
  readonly key: ObjectKey;
  /** as rendered, its namespace settled */
  readonly desired: KubeObject;
}

/** What a sync did to the objects of its application. */
export interface AppliedChange {
  readonly from: AppliedFrom;
  readonly applied: readonly AppliedObject[];
  /** deleted, or failed half way, so that nobody knows what is there */
  readonly forgotten: readonly ObjectKey[];
  /** every object of the render was applied, so that what was known before counts no more */
  readonly isWhole: boolean;
}

/** base64url of six bytes: a false match is one in 2^48, and half a hundred thousand objects fit */
const WIDTH = 8;
/** Syncs of chosen objects keep what the others were applied from; of more than so many the oldest is forgotten. */
const MAX_GROUPS = 8;

/** What was applied after a sync. @param before undefined: nothing was recorded */
export function withApplied(before: AppliedObjects | undefined, { from, applied, forgotten, isWhole }: AppliedChange): AppliedObjects {
  const salt = before?.salt ?? randomBytes(16).toString('hex');
  const hashes = new Map(applied.map(({ key, desired }) => [idOf(salt, key), hashOf(salt, desired)]));
  const group: AppliedGroup = { ...from, hashes };
  if (isWhole) return { salt, groups: [group], isComplete: true };
  const gone = new Set([...hashes.keys(), ...forgotten.map((key) => idOf(salt, key))]);
  const others = (before?.groups ?? []).map((each) => ({ ...each, hashes: new Map([...each.hashes].filter(([id]) => !gone.has(id))) }));
  const groups = [group, ...others].filter((each) => each.hashes.size > 0);
  const isComplete = before?.isComplete === true && groups.length <= MAX_GROUPS;
  return { salt, groups: groups.slice(0, MAX_GROUPS), isComplete };
}

/** The group that an object was last applied with, and the hash of what was applied. */
export function appliedOf(
  { salt, groups }: AppliedObjects,
  key: ObjectKey,
): { readonly group: AppliedGroup; readonly hash: string } | undefined {
  const id = idOf(salt, key);
  for (const group of groups) {
    const hash = group.hashes.get(id);
    if (hash !== undefined) return { group, hash };
  }
  return undefined;
}

/**
 * Keyed hash of an object as it is applied. Values of Secrets do not enter it: who may read the ledger could try values until the hash
 * fits.
 * @param salt of the ledger
 */
export function hashOf(salt: string, desired: KubeObject): string {
  return keyed(salt, canonicalJson(isSecret(desired) ? withoutValues(desired) : desired));
}

function idOf(salt: string, key: ObjectKey): string {
  return keyed(salt, keyString(key));
}

function keyed(salt: string, text: string): string {
  return createHmac('sha256', salt).update(text).digest('base64url').slice(0, WIDTH);
}

function withoutValues(secret: KubeObject): JsonObject {
  const names = (field: 'data' | 'stringData'): JsonValue[] => {
    const values = secret[field];
    return isJsonObject(values) ? Object.keys(values) : [];
  };
  const { data: _data, stringData: _text, ...rest } = secret;
  return { ...rest, names: [...names('data'), ...names('stringData')].sort() };
}

/** The annotation's text. */
export function appliedText({ salt, groups, isComplete }: AppliedObjects): string {
  return JSON.stringify({
    salt,
    isComplete,
    groups: groups.map(({ hashes, ...from }) => ({ ...from, objects: [...hashes].flat().join('') })),
  });
}

/** Reads the annotation; what is broken is as good as nothing. */
export function parseApplied(value: JsonValue | undefined): AppliedObjects | undefined {
  const salt = stringAt(value, 'salt');
  if (!isJsonObject(value) || salt === undefined || salt === '') return undefined;
  const groups = arrayAt(value, 'groups').map((item) => groupOf(item));
  const known = groups.filter((group) => group !== undefined);
  return { salt, groups: known, isComplete: value['isComplete'] === true && known.length === groups.length };
}

function groupOf(item: JsonValue): AppliedGroup | undefined {
  const [revision, render] = [stringAt(item, 'revision'), stringAt(item, 'render')];
  const objects = stringAt(item, 'objects');
  if (!isJsonObject(item) || revision === undefined || render === undefined || objects === undefined) return undefined;
  if (objects.length % (2 * WIDTH) !== 0) return undefined;
  const hashes = new Map<string, string>();
  for (let at = 0; at < objects.length; at += 2 * WIDTH) {
    hashes.set(objects.slice(at, at + WIDTH), objects.slice(at + WIDTH, at + 2 * WIDTH));
  }
  const kubernetes = stringAt(item, 'kubernetes');
  return { revision, render, isDirty: item['isDirty'] === true, hashes, ...(kubernetes === undefined ? {} : { kubernetes }) };
}
