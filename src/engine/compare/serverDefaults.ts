import { type FieldPath, formatPath } from '../model/fieldPath.ts';
import { isJsonArray, isJsonObject, jsonEqual, type JsonValue } from '../model/json.ts';
import { fieldSchema, itemSchema, type TypeSchema } from '../model/schema.ts';
import { isBuiltin, lookUp, relateScalars, schemaAtPath } from './schemaWalk.ts';

/**
 * Defaults that the server's Go code fills in inside atomic values of built-in kinds, by the field that they stand in. OpenAPI does not
 * have them. They are used in one direction only: a live value equal to the default of a field that Git leaves out is no difference.
 * Source: kubernetes pkg/apis/{core,apps,networking,admissionregistration}/v1/defaults.go.
 */
const ATOMIC_DEFAULTS: readonly { readonly within: string; readonly field: string; readonly value: JsonValue }[] = [
  { within: 'volumeClaimTemplates', field: 'apiVersion', value: 'v1' },
  { within: 'volumeClaimTemplates', field: 'kind', value: 'PersistentVolumeClaim' },
  { within: 'volumeClaimTemplates', field: 'status', value: { phase: 'Pending' } },
  { within: 'volumeClaimTemplates.spec', field: 'volumeMode', value: 'Filesystem' },
  { within: 'sources.serviceAccountToken', field: 'expirationSeconds', value: 3600 },
  { within: 'fieldRef', field: 'apiVersion', value: 'v1' },
  { within: 'resourceFieldRef', field: 'divisor', value: '0' },
  { within: 'ingress.ports', field: 'protocol', value: 'TCP' },
  { within: 'egress.ports', field: 'protocol', value: 'TCP' },
  { within: 'rules', field: 'scope', value: '*' },
  { within: 'resourceRules', field: 'scope', value: '*' },
  { within: 'matchConstraints', field: 'matchPolicy', value: 'Equivalent' },
  { within: 'matchConstraints', field: 'namespaceSelector', value: {} },
  { within: 'matchConstraints', field: 'objectSelector', value: {} },
];

/**
 * Fields that the server sets by itself when another field of the object gets a certain value, so that they come in under the name of
 * whoever changed that one. Source: kubernetes pkg/apis/core/v1/defaults.go (SetDefaults_Service).
 */
const CONSEQUENCES: readonly { readonly kind: string; readonly id: string; readonly value: JsonValue }[] = [
  { kind: 'Service', id: 'spec.externalTrafficPolicy', value: 'Cluster' },
  { kind: 'Service', id: 'spec.allocateLoadBalancerNodePorts', value: true },
  { kind: 'Service', id: 'spec.sessionAffinityConfig', value: { clientIP: { timeoutSeconds: 10800 } } },
];

/** Whether a field that somebody holds is what the server adds to another change of the same manager. */
export function isConsequence(kind: string, path: FieldPath, value: JsonValue): boolean {
  const id = formatPath(path);
  return CONSEQUENCES.some((entry) => entry.kind === kind && entry.id === id && jsonEqual(entry.value, value));
}

/**
 * Whether a live value that Git leaves out, inside something atomic, is what the server puts there by itself.
 * @param within path of the object that has the field
 * @param schema of the field
 */
export function isServerDefault(within: FieldPath, field: string, value: JsonValue, schema: TypeSchema | undefined): boolean {
  const known = schema?.node.default;
  if (known !== undefined && jsonEqual(known, value)) return true;
  if (!isBuiltin(schema)) return false;
  const names = within.flatMap((step) => ('field' in step ? [step.field] : [])).join('.');
  return ATOMIC_DEFAULTS.some(
    (entry) => entry.field === field && (names === entry.within || names.endsWith(`.${entry.within}`)) && jsonEqual(entry.value, value),
  );
}

/** Whether a value stands at a path of an object because it is the server's default of that field, or part of the default of one above it. */
export function isDefaultAt(path: FieldPath, value: JsonValue, schema: TypeSchema | undefined): boolean {
  return path.some((step, depth) => {
    const rest = path.slice(depth + 1);
    const type = schemaAtPath(schema, path.slice(0, depth + 1));
    if (rest.length === 0) return 'field' in step && isServerDefault(path.slice(0, depth), step.field, value, type);
    const within = lookUp(type?.node.default, type, rest);
    return within !== undefined && jsonEqual(within, value);
  });
}

/**
 * Whether an atomic value of Git equals the live one but for the server's own defaults inside it: replacing live by it would change
 * nothing. False means only "not shown to be equal".
 */
export function equalButDefaults(
  desired: JsonValue | undefined,
  live: JsonValue | undefined,
  schema: TypeSchema | undefined,
  path: FieldPath,
): boolean {
  if (isJsonArray(desired)) {
    if (!isJsonArray(live) || live.length !== desired.length) return false;
    const item = itemSchema(schema);
    return desired.every((value, index) => equalButDefaults(value, live[index], item, path));
  }
  if (!isJsonObject(desired)) return !isJsonObject(live) && !isJsonArray(live) && relateScalars(desired, live, schema) !== 'different';
  if (!isJsonObject(live)) return false;
  for (const [name, value] of Object.entries(desired)) {
    if (value === undefined) continue;
    if (!equalButDefaults(value, live[name], fieldSchema(schema, name), [...path, { field: name }])) return false;
  }
  return Object.entries(live).every(
    ([name, value]) => desired[name] !== undefined || value === undefined || isServerDefault(path, name, value, fieldSchema(schema, name)),
  );
}
