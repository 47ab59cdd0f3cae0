import { isJsonObject, type JsonValue, stringAt } from '../model/json.ts';
import type { Health, HealthStatus } from '../model/states.ts';
import { oneLine } from './reading.ts';

const statuses: Readonly<Record<string, HealthStatus>> = {
  Healthy: 'healthy',
  Suspended: 'suspended',
  Progressing: 'progressing',
  Missing: 'missing',
  Degraded: 'degraded',
  Unknown: 'unknown',
};

/**
 * The health that a Lua check gave, read as Argo CD does (util/lua/lua.go `ExecuteHealthLua`): nothing returned is no health; a status that
 * it does not know, an error, and a result that is no table are `unknown`.
 * @param declaredBy where the check stands, when it is not one that Argo CD brings
 * @returns undefined when the check says nothing
 */
export function luaHealthOf(
  answer: { readonly values?: readonly JsonValue[]; readonly error?: string },
  declaredBy?: string,
): Health | undefined {
  const unknown = (what: string): Health =>
    declaredBy === undefined
      ? { status: 'unknown', message: oneLine(`the health check ${what}`) }
      : { status: 'unknown', message: oneLine(`the health check of ${declaredBy} ${what}`), failedCheck: declaredBy };
  if (answer.error !== undefined) return unknown(`failed: ${answer.error}`);
  const [value] = answer.values ?? [];
  if (value === undefined || value === null) return undefined;
  if (!isJsonObject(value)) return unknown('returned no table');
  if (Object.keys(value).length === 0) return undefined;
  const status = statuses[stringAt(value, 'status') ?? ''];
  if (status === undefined) return unknown('returned an invalid health status');
  const message = oneLine(stringAt(value, 'message') ?? '');
  return { status, ...(message === '' ? {} : { message }) };
}
