import { type Document, isMap, isScalar, isSeq, type Scalar } from 'yaml';
import { isJsonArray, isJsonObject, type JsonValue } from '../model/json.ts';
import { entriesOf, resolved } from '../apps/yamlNodes.ts';

/**
 * The value of a plain scalar as Kubernetes' tools decode it: YAML 1.1 words for booleans and null, octal with a leading zero,
 * `0x`, `0o`, `0b`, `_` between digits; no sexagesimal numbers, timestamps stay text (go-yaml v2 `resolve.go`, used by sigs.k8s.io/yaml).
 * @param source the scalar as written
 */
export function resolvePlain(source: string): string | number | boolean | null {
  if (/^(~|null|Null|NULL|)$/.test(source)) return null;
  if (/^(y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/.test(source)) return true;
  if (/^(n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/.test(source)) return false;
  const digits = source.replaceAll('_', '');
  const integer = /^([-+]?)(?:0x([0-9a-fA-F]+)|0b([01]+)|0o?([0-7]+)|(0|[1-9][0-9]*))$/.exec(digits);
  if (integer !== null && /^[-+0-9]/.test(source)) {
    const [, sign, hex, binary, octal, decimal] = integer;
    const magnitude =
      hex !== undefined
        ? parseInt(hex, 16)
        : binary !== undefined
          ? parseInt(binary, 2)
          : octal !== undefined
            ? parseInt(octal, 8)
            : Number(decimal);
    return sign === '-' ? -magnitude : magnitude;
  }
  if (/^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/.test(digits)) return Number(digits);
  return source;
}

/** Whether a node says a value. Anchors and merge keys are followed. */
export function nodeEquals(node: unknown, value: JsonValue | undefined, document: Document): boolean {
  const target = resolved(node, document);
  if (target === undefined) return value === null;
  if (isScalar(target)) return scalarEquals(target, value);
  if (isSeq(target)) {
    return (
      isJsonArray(value) &&
      value.length === target.items.length &&
      target.items.every((item, index) => nodeEquals(item, value[index], document))
    );
  }
  if (!isMap(target) || !isJsonObject(value)) return false;
  const entries = entriesOf(target, document);
  const keys = Object.keys(value).filter((key) => value[key] !== undefined);
  return (
    keys.length === entries.length && entries.every(({ key, valueNode }) => key in value && nodeEquals(valueNode, value[key], document))
  );
}

/** Whether a scalar says a value, as text or as what its plain text stands for. */
export function scalarEquals(scalar: Scalar, value: JsonValue | undefined): boolean {
  const text = typeof scalar.value === 'string' ? scalar.value : (scalar.source ?? '');
  if (value === text) return true;
  return scalar.type === 'PLAIN' && typeof value !== 'string' && resolvePlain(scalar.source ?? text) === value;
}

/** Whether a mapping's key names a field: also one that YAML 1.1 reads as no text, as `on:` that becomes `true`. */
export function keyEquals(key: unknown, field: string): boolean {
  if (!isScalar(key)) return false;
  const text = typeof key.value === 'string' ? key.value : (key.source ?? '');
  return text === field || (key.type === 'PLAIN' && String(resolvePlain(key.source ?? text)) === field);
}
