import type { FieldPath } from '../model/fieldPath.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts';
import type { KubeObject } from '../model/objects.ts';
import type { FieldDifference } from '../model/states.ts';
import { LAST_APPLIED } from './ownerMarks.ts';
import { decodeBase64 } from './schemaWalk.ts';

/** What stands for a secret value; the same width for every value. */
export const MASK = '••••••';
/** What stands for a secret value that differs from the one on the other side. */
export const MASK_OTHER = '•••••• (different)';

/** `sops` is no plain text, and nobody's reading matter either: it stands in manifests that SOPS encrypted. */
const SECRET_FIELDS = new Set(['data', 'stringData', 'sops']);

/** Whether an object's values are secret: core Secrets, of whatever type. */
export function isSecret(object: Pick<KubeObject, 'apiVersion' | 'kind'>): boolean {
  return object.kind === 'Secret' && object.apiVersion === 'v1';
}

/** Whether a field of a Secret holds, or lies within, a secret value. */
function isSecretPath(path: FieldPath): boolean {
  const [first] = path;
  if (first === undefined || !('field' in first)) return false;
  if (SECRET_FIELDS.has(first.field)) return true;
  const [, second, third] = path;
  if (first.field !== 'metadata' || second === undefined || !('field' in second) || second.field !== 'annotations') return false;
  return third === undefined || ('field' in third && third.field === LAST_APPLIED);
}

/**
 * A Secret with masked values; other objects as they are. With a counterpart, a value that differs from the counterpart's of the same key
 * gets another mask, so that two masked documents differ exactly where the secrets do. Lengths are not to be seen.
 * @param counterpart the same object on the other side; give it for one of the two sides only
 */
export function maskSecrets(object: KubeObject, counterpart?: KubeObject): KubeObject {
  if (!isSecret(object)) return object;
  const result: Record<string, JsonValue | undefined> = { ...object };
  const others = counterpart === undefined ? undefined : secretValues(counterpart);
  for (const field of SECRET_FIELDS) {
    const values = object[field];
    if (!isJsonObject(values)) {
      if (values !== undefined && values !== null) result[field] = MASK;
      continue;
    }
    const isEncoded = field === 'data';
    result[field] = Object.fromEntries(
      Object.entries(values).map(([name, value]) => {
        const plain = plainValue(value, isEncoded);
        return [name, field === 'sops' || others === undefined || others.get(name) === plain ? MASK : MASK_OTHER];
      }),
    );
  }
  const annotations = object.metadata['annotations'];
  if (isJsonObject(annotations) && annotations[LAST_APPLIED] !== undefined) {
    result['metadata'] = { ...object.metadata, annotations: { ...annotations, [LAST_APPLIED]: MASK } };
  }
  return result as KubeObject;
}

function secretValues(secret: KubeObject): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const field of ['data', 'stringData'] as const) {
    const entries = secret[field];
    if (!isJsonObject(entries)) continue;
    for (const [name, value] of Object.entries(entries)) values.set(name, plainValue(value, field === 'data'));
  }
  return values;
}

function plainValue(value: JsonValue | undefined, isEncoded: boolean): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value ?? '');
  return isEncoded ? decodeBase64(text) : Buffer.from(text, 'utf8').toString('latin1');
}

/** A difference of a Secret with its values masked; the masks are unlike where the values are. Others are returned as they are. */
export function maskDifference(object: Pick<KubeObject, 'apiVersion' | 'kind'>, field: FieldDifference): FieldDifference {
  if (!isSecret(object) || !isSecretPath(field.path)) return field;
  const isLeaf = field.path.length > 1;
  const mask = (value: JsonValue | undefined, leaf: string): JsonValue | undefined => {
    if (value === undefined) return undefined;
    if (isLeaf || !isJsonObject(value)) return leaf;
    return Object.fromEntries(Object.keys(value).map((name) => [name, leaf])) satisfies JsonObject;
  };
  const { git, live, base, ...rest } = field;
  const maskedGit = mask(git, MASK);
  const maskedLive = mask(live, git === undefined ? MASK : MASK_OTHER);
  const maskedBase = mask(base, MASK);
  return {
    ...rest,
    isMasked: true,
    ...(maskedGit === undefined ? {} : { git: maskedGit }),
    ...(maskedLive === undefined ? {} : { live: maskedLive }),
    ...(maskedBase === undefined ? {} : { base: maskedBase }),
  };
}
