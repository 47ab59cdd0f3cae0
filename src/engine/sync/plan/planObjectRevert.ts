import { AppError, isAppError } from '../../../base/errors.ts';
import { LAST_APPLIED } from '../../compare/ownerMarks.ts';
import { lookUp } from '../../compare/schemaWalk.ts';
import { type FieldPath, formatPath, startsWithPath } from '../../model/fieldPath.ts';
import { canonicalJson, jsonEqual, type JsonValue } from '../../model/json.ts';
import { displayName, gvkOf, type KubeObject, namespaceOf } from '../../model/objects.ts';
import type { PlanStep } from '../../model/plan.ts';
import type { ResourceInfo } from '../../model/resourceInfo.ts';
import type { TypeSchema } from '../../model/schema.ts';
import type { FieldDifference, Reason } from '../../model/states.ts';
import { stringAt } from '../../model/json.ts';
import { normalizeDesired } from '../../compare/normalize.ts';
import type { AutoscalerLookup } from './autoscalers.ts';
import { type FieldEdit, withEdits } from './edits.ts';
import { besideIntent, leafChanges } from './exactness.ts';
import { refusalOf } from './guards.ts';
import { outermostEdits, ownablePaths, writesFor } from './plannedWrites.ts';
import type { PreparedStep, RevertConnection, RevertItem, RevertWrite } from '../revertTypes.ts';
import { reasonOfFailure, sendWrite } from '../execute/sendWrite.ts';

/** What planning one object gave: a step with its requests, fields that were left out, or a refusal. */
export type StepPlanning = { readonly prepared: PreparedStep; readonly left: readonly PlanStep[] } | { readonly refusal: Reason };

/** What planning shares between the objects of one run. */
export interface StepContext {
  readonly connection: RevertConnection;
  readonly autoscalers: AutoscalerLookup;
  /** namespaces that the same plan creates */
  readonly newNamespaces: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

/**
 * Plans the revert of one object: refuses by owner, cluster, state, rights and autoscalers, makes the requests, and proves by
 * server-side dry-run that they change the chosen fields and nothing else.
 */
export async function planObjectRevert(item: RevertItem, context: StepContext): Promise<StepPlanning> {
  const refusal = refusalOf(item, context.connection);
  if (refusal !== undefined || item.restored === undefined) {
    return { refusal: refusal ?? { code: 'not-in-revision', details: { object: displayName(item.key) } } };
  }
  const resource = await context.connection.discovery.resource(gvkOf(item.live ?? item.restored), context.signal);
  if (resource === undefined)
    return { refusal: { code: 'kind-not-served', details: { object: displayName(item.key), kind: item.key.kind } } };
  const restored = normalizeDesired(item.restored, item.live, resource);
  const missing = await missingRight(item, resource, context);
  if (missing !== undefined) return { refusal: missing };
  return item.live === undefined ? planCreate(item, restored, context) : planFields(item, item.live, restored, context);
}

async function missingRight(item: RevertItem, resource: ResourceInfo, { connection, signal }: StepContext): Promise<Reason | undefined> {
  for (const verb of item.live === undefined ? ['create', 'patch'] : ['patch']) {
    const question = { verb, group: resource.group, resource: resource.plural, namespace: item.key.namespace };
    // A create is asked without a name: RBAC cannot know it (kubernetes.io/docs/reference/access-authn-authz/rbac).
    const asked = verb === 'create' ? question : { ...question, name: item.key.name };
    if (await connection.canI(asked, { signal })) continue;
    const plural = resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
    return { code: 'cannot-write', details: { verb, resource: plural, namespace: item.key.namespace, context: connection.context } };
  }
  return undefined;
}

async function planCreate(item: RevertItem, restored: KubeObject, context: StepContext): Promise<StepPlanning> {
  const manager = item.siblingManager ?? { manager: 'plumbline', operation: 'Apply' as const };
  const object = withLastApplied(inNamespace(restored, item.key.namespace), manager.manager);
  const step: PlanStep = { applicationId: item.application.id, key: item.key, action: 'create', fields: [] };
  const write: RevertWrite = { type: 'create', manager, object };
  const prepared: PreparedStep = { step, gvk: gvkOf(restored), schema: undefined, restored, live: undefined, writes: [write] };
  try {
    await sendWrite(context.connection, prepared, write, undefined, { dryRun: true, signal: context.signal });
  } catch (error) {
    context.signal.throwIfAborted();
    const refusal = reasonOfFailure(error, item.key, context.connection.context);
    // Its namespace comes with the same plan: it cannot be tried before.
    if (refusal.code !== 'namespace-missing' || !context.newNamespaces.has(item.key.namespace)) return { refusal };
  }
  return { prepared, left: [] };
}

function inNamespace(object: KubeObject, namespace: string): KubeObject {
  return namespace === '' || namespaceOf(object) === namespace ? object : { ...object, metadata: { ...object.metadata, namespace } };
}

/** JSON text as Go's encoding/json writes it: sorted keys, `<`, `>` and `&` escaped, so that kubectl finds its record unchanged. */
function goJson(value: JsonValue): string {
  return canonicalJson(value).replaceAll('<', '\\u003c').replaceAll('>', '\\u003e').replaceAll('&', '\\u0026');
}

/** `kubectl apply` finds its last state in this annotation, so an object that is made in its place carries it too. */
function withLastApplied(object: KubeObject, manager: string): KubeObject {
  if (manager !== 'kubectl-client-side-apply') return object;
  const annotations = (object.metadata['annotations'] ?? {}) as Record<string, JsonValue>;
  const lastApplied = `${goJson({ ...object, metadata: { annotations: {}, ...object.metadata } })}\n`;
  const annotated = { ...annotations, [LAST_APPLIED]: lastApplied };
  return { ...object, metadata: { ...object.metadata, annotations: annotated } };
}

async function planFields(item: RevertItem, shown: KubeObject, restored: KubeObject, context: StepContext): Promise<StepPlanning> {
  const object = displayName(item.key);
  const candidates = item.verdict.fields.filter((field) => !field.isCosmetic);
  const chosen = item.fieldIds === undefined ? candidates : candidates.filter((field) => item.fieldIds?.includes(field.id));
  // Who names a field has seen which side it would lose; of whole objects only what certainly is drift goes back.
  const isRevertible = ({ direction }: FieldDifference): boolean =>
    direction === 'drifted' || (direction === 'differs' && item.fieldIds !== undefined);
  const revertible = chosen.filter((field) => isRevertible(field));
  const undecided = item.fieldIds === undefined ? chosen.filter(({ direction }) => direction === 'differs') : [];
  const left =
    undecided.length === 0
      ? []
      : [skipped(item, undecided, { code: 'direction-unknown', details: { object, fields: undecided.map(({ id }) => id) } })];
  if (revertible.length === 0) return { refusal: left[0]?.reason ?? nothingDrifted(item, candidates) };
  const { free, held } = await withoutAutoscaled(item, shown, revertible, context);
  if (held !== undefined) left.push(skipped(item, held.fields, held.reason));
  if (free.length === 0 && held !== undefined) return { refusal: held.reason };
  const schema = await context.connection.schemas.schemaOf(gvkOf(shown), context.signal);
  const edits = outermostEdits(free.map((field) => toEdit(field.path, shown, restored, schema)));
  const plan = { item, restored, schema, free, edits, coversObject: free.length === candidates.length };
  const outcome = await prove(plan, shown, context);
  return 'refusal' in outcome ? outcome : { ...outcome, left };
}

function nothingDrifted(item: RevertItem, candidates: readonly FieldDifference[]): Reason {
  const object = displayName(item.key);
  const fields = item.fieldIds ?? candidates.map((field) => field.id);
  return fields.length === 0 ? { code: 'nothing-to-revert', details: { object } } : { code: 'not-drifted', details: { object, fields } };
}

function skipped(item: RevertItem, fields: readonly FieldDifference[], reason: Reason): PlanStep {
  return { applicationId: item.application.id, key: item.key, action: 'skipped', fields, reason };
}

async function withoutAutoscaled(
  item: RevertItem,
  live: KubeObject,
  fields: readonly FieldDifference[],
  { autoscalers }: StepContext,
): Promise<{ free: readonly FieldDifference[]; held?: { readonly fields: readonly FieldDifference[]; readonly reason: Reason } }> {
  const free: FieldDifference[] = [];
  const held: FieldDifference[] = [];
  let holder = '';
  for (const field of fields) {
    const found = await autoscalers.holderOf(item.key, live, field.path);
    if (found !== undefined) holder = found;
    (found === undefined ? free : held).push(field);
  }
  if (held.length === 0) return { free };
  const details = { object: displayName(item.key), fields: held.map((field) => field.id), holder };
  return { free, held: { fields: held, reason: { code: 'held-by-autoscaler', details } } };
}

function toEdit(path: FieldPath, live: KubeObject, restored: KubeObject, schema: TypeSchema | undefined): FieldEdit {
  const shown = lookUp(live, schema, path);
  const wanted = lookUp(restored, schema, path);
  return { path, ...(shown === undefined ? {} : { shown }), ...(wanted === undefined ? {} : { wanted }) };
}

interface FieldPlan {
  readonly item: RevertItem;
  readonly restored: KubeObject;
  readonly schema: TypeSchema | undefined;
  readonly free: readonly FieldDifference[];
  readonly edits: readonly FieldEdit[];
  readonly coversObject: boolean;
}

/** Tries the requests by dry-run; live that only the cache has old is read once more, and must still show what was chosen. */
async function prove(plan: FieldPlan, shown: KubeObject, context: StepContext): Promise<StepPlanning> {
  const first = await proveOn(plan, shown, context);
  if (!('refusal' in first) || first.refusal.code !== 'moved-since-plan') return first;
  let fresh: KubeObject;
  try {
    fresh = await context.connection.get(gvkOf(shown), plan.item.key, { signal: context.signal });
  } catch (error) {
    context.signal.throwIfAborted();
    return { refusal: isAppError(error, 'not-found') ? first.refusal : reasonOfFailure(error, plan.item.key, context.connection.context) };
  }
  const isSame = plan.edits.every((edit) => jsonEqual(lookUp(fresh, plan.schema, edit.path), edit.shown));
  const refusal = refusalOf({ ...plan.item, live: fresh }, context.connection);
  if (refusal !== undefined) return { refusal };
  return isSame ? proveOn(plan, fresh, context) : first;
}

async function proveOn(plan: FieldPlan, live: KubeObject, context: StepContext): Promise<StepPlanning> {
  const { item, edits, schema } = plan;
  const alternatives = writesFor({
    live,
    restored: plan.restored,
    edits,
    manager: item.verdict.manager,
    schema,
    coversObject: plan.coversObject,
  });
  const resourceVersion = stringAt(live.metadata, 'resourceVersion');
  const step: PlanStep = {
    applicationId: item.application.id,
    key: item.key,
    action: 'configure',
    fields: plan.free,
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  let refusal: Reason = { code: 'nothing-to-revert', details: { object: displayName(item.key) } };
  for (const writes of alternatives) {
    const prepared: PreparedStep = { step, gvk: gvkOf(live), schema, restored: plan.restored, live, writes };
    const found = await inexactness(prepared, live, edits, context);
    if (found === undefined) return { prepared, left: [] };
    refusal = found;
    if (found.code !== 'changes-more') break;
  }
  return { refusal };
}

/** Why the requests of a step are not exactly the revert of the chosen fields, or undefined when the dry-runs show that they are. */
async function inexactness(
  prepared: PreparedStep,
  live: KubeObject,
  edits: readonly FieldEdit[],
  { connection, signal }: StepContext,
): Promise<Reason | undefined> {
  const { key } = prepared.step;
  const object = displayName(key);
  const meant = {
    chosen: edits.map((edit) => edit.path),
    ownable: ownablePaths(live, edits, prepared.schema),
    expected: withEdits(live, edits, prepared.schema, prepared.restored),
  };
  const changed: FieldPath[] = [];
  try {
    for (const write of prepared.writes) {
      if (write.type === 'create') throw new AppError('refused-by-server', { object, message: 'unexpected create' });
      const answer = await sendWrite(connection, prepared, write, live, { dryRun: true, signal });
      const writer = { manager: write.manager, operation: write.type === 'apply' ? ('Apply' as const) : ('Update' as const) };
      const intent = { ...meant, writer, mayGain: write.type === 'apply' && write.isWhole };
      const beside = besideIntent(live, answer, intent, prepared.schema);
      if (beside.length > 0)
        return { code: 'changes-more', details: { object, fields: [...new Set(beside.map((path) => formatPath(path)))] } };
      changed.push(...leafChanges(live, answer, prepared.schema).map((change) => change.path));
    }
  } catch (error) {
    signal.throwIfAborted();
    return reasonOfFailure(error, key, connection.context);
  }
  const without = edits.filter((edit) => !changed.some((path) => startsWithPath(path, edit.path) || startsWithPath(edit.path, path)));
  if (without.length === 0) return undefined;
  return { code: 'no-effect', details: { object, fields: without.map((edit) => formatPath(edit.path)) } };
}
