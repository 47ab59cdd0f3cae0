import { arrayAt, isJsonObject, stringAt, valueAt, type JsonValue } from '../model/json.ts';
import { parseApiVersion, type KubeObject } from '../model/objects.ts';

/** One entry of `status.conditions`; absent texts read as ''. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** The conditions of an object in the order in which they stand. */
export function conditionsOf(object: KubeObject): readonly Condition[] {
  return readConditions(valueAt(object, 'status', 'conditions'));
}

/** Reads a list of conditions; entries that are not objects are left out. */
export function readConditions(list: JsonValue | undefined): readonly Condition[] {
  return arrayAt(list)
    .filter((entry) => isJsonObject(entry))
    .map((entry) => ({
      type: stringAt(entry, 'type') ?? '',
      status: stringAt(entry, 'status') ?? '',
      reason: stringAt(entry, 'reason') ?? '',
      message: stringAt(entry, 'message') ?? '',
    }));
}

/** The first condition of a type, also when its status does not match what is asked for elsewhere. */
export function findCondition(conditions: readonly Condition[], type: string): Condition | undefined {
  return conditions.find((condition) => condition.type === type);
}

/** Whether a condition of this type is `True`. */
export function isTrue(conditions: readonly Condition[], type: string): boolean {
  return conditions.some((condition) => condition.type === type && condition.status === 'True');
}

/** The number at a chain of keys, or `fallback` when it is absent or no number. */
export function numberAt(value: JsonValue | undefined, fallback: number, ...steps: readonly string[]): number {
  const found = valueAt(value, ...steps);
  return typeof found === 'number' ? found : fallback;
}

/** `group/Kind`, or `Kind` for the core group: the key of both tables of checks. */
export function groupKind(object: KubeObject): string {
  const { group } = parseApiVersion(object.apiVersion);
  return group === '' ? object.kind : `${group}/${object.kind}`;
}

/** Reason and message of a condition as one line. */
export function conditionText(condition: Condition): string {
  const text = [condition.reason, condition.message].filter((part) => part !== '').join(': ');
  return oneLine(text === '' ? `${condition.type} is ${condition.status}` : text);
}

/** White space of every kind becomes one space; long text is cut at 240 characters. */
export function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > 240 ? `${line.slice(0, 239)}…` : line;
}

/** Groups of Kubernetes itself, whose kinds the tables know. */
const BUILT_IN = /^(|apps|batch|autoscaling|policy|extensions|[a-z.]+\.k8s\.io)$/;

/** Whether a group is one of Kubernetes itself. */
export function isBuiltInGroup(group: string): boolean {
  return BUILT_IN.test(group);
}
