import { Limiter } from '../../base/async.ts';
import { isAbortError, isAppError } from '../../base/errors.ts';
import { sha256 } from '../../base/hash.ts';
import { isPassing } from '../sessions/checkAgain.ts';
import type { AccessQuestion, ClusterConnection } from '../cluster/api.ts';
import type { DesiredObject } from '../sessions/desiredObjects.ts';
import { refusalOf } from '../drift/refusals.ts';
import { namedFields, parseServerPath } from '../drift/serverPaths.ts';
import { normalizeDesired } from '../compare/normalize.ts';
import type { FieldPath } from '../model/fieldPath.ts';
import { canonicalJson, stringAt } from '../model/json.ts';
import { gvkOf, type KubeObject } from '../model/objects.ts';
import type { TypeSchema } from '../model/schema.ts';
import type { Reason } from '../model/states.ts';

const concurrentDryRuns = 4;
const keptAnswers = 500;
/** As whom an object is tried that nobody has applied yet. */
const fallbackManager = 'plumbline';
/** What an apply in the right order mends, or what says nothing of the object itself. */
const noProblem = new Set([
  'namespace-missing',
  'unknown-kind',
  'conflict',
  'gone',
  'forbidden',
  'dry-run-not-allowed',
  'dry-run-unsupported',
]);

/** One thing that the API server says to an object as it was sent. */
export interface ServerRemark {
  readonly reason: Reason;
  readonly severity: 'error' | 'warning';
  /** the field that it names, when it names one */
  readonly path?: FieldPath;
}

/** The answer to one dry-run. */
export interface DryRunAnswer {
  readonly remarks: readonly ServerRemark[];
  /** what would be stored; absent when it was refused, or live moved meanwhile */
  readonly predicted?: KubeObject;
}

/** Asks the API server what it says to edited objects: server-side apply dry-runs, each asked once per object and live version. */
export class EditDryRuns {
  readonly #limiter = new Limiter(concurrentDryRuns);
  readonly #answers = new Map<string, DryRunAnswer>();

  /**
   * One dry-run of an object as the working tree has it.
   * @param live as last seen; undefined: it would be created
   * @param manager the manager that owns the live object
   * @returns undefined when it may not be asked: an aggregated API, or the right is missing; `no answer` when none came that says anything of
   *   the object: it is worth asking again
   * @throws the signal's reason
   */
  async ask(
    { key, object, resource }: DesiredObject,
    live: KubeObject | undefined,
    schema: TypeSchema | undefined,
    manager: string | undefined,
    connection: ClusterConnection,
    signal: AbortSignal,
  ): Promise<DryRunAnswer | 'no answer' | undefined> {
    if (resource === undefined || resource.servedBy === 'aggregated') return undefined;
    const sent = normalizeDesired(object, live, resource);
    const version = live === undefined ? '' : (stringAt(live.metadata, 'resourceVersion') ?? '');
    const id = sha256(`${connection.uid ?? connection.context}\n${version}\n${manager ?? ''}\n${canonicalJson(sent)}`);
    const known = this.#answers.get(id);
    if (known !== undefined) return known;
    const question = { verb: 'patch', group: resource.group, resource: resource.plural, namespace: key.namespace } as const;
    const isAllowed = await mayAsk(connection, question, signal);
    if (isAllowed !== true) return isAllowed === undefined ? 'no answer' : undefined;
    const answer = await this.#limiter.run(async () => this.#send(sent, version, schema, manager, { key, connection, signal }), { signal });
    if (answer === undefined) return 'no answer';
    this.#answers.set(id, answer);
    const oldest = this.#answers.size > keptAnswers ? this.#answers.keys().next().value : undefined;
    if (oldest !== undefined) this.#answers.delete(oldest);
    return answer;
  }

  async #send(
    sent: KubeObject,
    version: string,
    schema: TypeSchema | undefined,
    manager: string | undefined,
    { key, connection, signal }: { key: DesiredObject['key']; connection: ClusterConnection; signal: AbortSignal },
  ): Promise<DryRunAnswer | undefined> {
    const options = { type: 'apply', dryRun: true, force: true, fieldValidation: 'Warn', signal } as const;
    try {
      const { object, warnings } = await connection.patch(gvkOf(sent), key, sent, { ...options, fieldManager: manager ?? fallbackManager });
      const remarks = warnings.flatMap((warning) =>
        remarksOf({ code: 'server-warning', details: { message: warning } }, warning, sent, schema),
      );
      const isCurrent = version === '' || stringAt(object.metadata, 'resourceVersion') === version;
      return { remarks, ...(isCurrent ? { predicted: object } : {}) };
    } catch (error) {
      if (isAbortError(error) || !isAppError(error)) throw error;
      const { meaning, reason } = refusalOf(error);
      if (meaning === 'lost' || (meaning !== 'moved' && isPassing({ reason }))) return undefined;
      if (noProblem.has(error.code)) return { remarks: [] };
      return { remarks: refusals(error.code, error.details, sent, schema) };
    }
  }
}

/** Whether the right is there; undefined when nobody can tell now. */
async function mayAsk(connection: ClusterConnection, question: AccessQuestion, signal: AbortSignal): Promise<boolean | undefined> {
  try {
    return await connection.canI(question, { signal });
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}

function refusals(code: string, details: Reason['details'], sent: KubeObject, schema: TypeSchema | undefined): readonly ServerRemark[] {
  const { fields, messages, message } = details;
  if (code === 'invalid' && Array.isArray(fields) && fields.length > 0) {
    const texts: readonly unknown[] = Array.isArray(messages) ? messages : [];
    return fields.map((field: string, index): ServerRemark => {
      const path = parseServerPath(field, sent, schema);
      const text = texts[index];
      const reason = { code: 'server-refuses-field', details: { field, message: typeof text === 'string' ? text : String(message) } };
      return { reason, severity: 'error', ...(path === undefined ? {} : { path }) };
    });
  }
  const isUntyped = namedFields(String(message)).length > 0;
  const reason = { code: isUntyped ? 'server-refuses' : code, details };
  return remarksOf(reason, String(message), sent, schema).map((remark) => ({ ...remark, severity: 'error' }));
}

/** One remark per field that the message names, else one without a field. */
function remarksOf(reason: Reason, message: string, sent: KubeObject, schema: TypeSchema | undefined): readonly ServerRemark[] {
  const paths = namedFields(message).flatMap((text) => {
    const path = parseServerPath(text, sent, schema);
    return path === undefined ? [] : [path];
  });
  if (paths.length === 0) return [{ reason, severity: 'warning' }];
  return paths.map((path) => ({ reason, severity: 'warning', path }));
}
