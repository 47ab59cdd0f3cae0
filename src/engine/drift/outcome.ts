import { lookUp } from '../compare/schemaWalk.ts';
import type { KubeObject } from '../model/objects.ts';
import { stringAt } from '../model/json.ts';
import type { FieldDifference, IgnoredField, ObjectState, Reason, Verdict, VerdictProof } from '../model/states.ts';
import { because, type CauseReason, type ComparisonCause, comparisonCauses } from './causes.ts';
import type { JudgeInput } from './judgement.ts';

/** Everything of a verdict but what follows from its fields. */
export interface VerdictParts {
  readonly fields: readonly FieldDifference[];
  readonly ignored?: readonly IgnoredField[];
  readonly proof: VerdictProof;
  readonly manager: string | undefined;
  readonly resourceVersion: string | undefined;
  readonly reason?: Reason;
  readonly needsRecreate?: boolean;
  /** state when no field counts; default `synced` */
  readonly otherwise?: ObjectState;
  /** state in spite of the fields */
  readonly state?: ObjectState;
}

/** A verdict whose state follows from its fields: the worst direction of those that count. */
export function verdictOf(parts: VerdictParts): Verdict {
  return {
    state: parts.state ?? stateOfFields(parts.fields, parts.otherwise ?? 'synced'),
    fields: parts.fields,
    ignored: parts.ignored ?? [],
    ...(parts.reason === undefined ? {} : { reason: parts.reason }),
    proof: parts.proof,
    ...(parts.manager === undefined ? {} : { manager: parts.manager }),
    needsRecreate: parts.needsRecreate ?? false,
    ...(parts.resourceVersion === undefined ? {} : { resourceVersion: parts.resourceVersion }),
  };
}

/** The state that differing fields make; cosmetic ones never count. */
export function stateOfFields(fields: readonly FieldDifference[], otherwise: ObjectState): ObjectState {
  const counted = fields.filter((field) => !field.isCosmetic);
  const drifted = counted.filter((field) => field.direction === 'drifted');
  if (drifted.some((field) => field.isConfirmed)) return 'drifted';
  if (drifted.length > 0) return 'drifted (not confirmed)';
  const confirmed = counted.filter((field) => field.isConfirmed);
  if (confirmed.some((field) => field.direction === 'differs')) return 'differs';
  if (confirmed.length > 0) return 'out of sync';
  return counted.length > 0 ? 'unverified' : otherwise;
}

/** A verdict without fields: only a state and why. */
export function bareVerdict(state: ObjectState, reason: Reason, live?: KubeObject): Verdict {
  const resourceVersion = live === undefined ? undefined : stringAt(live.metadata, 'resourceVersion');
  return verdictOf({ fields: [], proof: 'none', manager: undefined, resourceVersion, reason, state });
}

/** A verdict without fields, in the state that its cause makes. */
export function causedVerdict(reason: CauseReason): Verdict {
  return bareVerdict(comparisonCauses[reason.code], reason);
}

/**
 * The verdict where desired and live cannot or need not be compared: the kind is not served, the object is not there, or it is being
 * deleted; undefined when they are to be compared.
 */
export function verdictWithoutComparison(input: JudgeInput): Verdict | undefined {
  const { key, desired, live, resource } = input;
  const about = { kind: key.kind, name: key.name, namespace: key.namespace, apiVersion: desired.apiVersion };
  if (resource === undefined) {
    const versions = input.otherVersions ?? [];
    if (versions.length > 0) return causedVerdict(because('version-not-served', { ...about, versions }));
    return causedVerdict(because(input.isKindRendered === true ? 'kind-pending' : 'kind-unknown', about));
  }
  if (input.isNameVolatile === true) return causedVerdict(because('name-volatile', about));
  if (live === undefined) return causedVerdict(because(missingCause(input), about));
  const deletedAt = stringAt(live.metadata, 'deletionTimestamp');
  if (deletedAt === undefined) return input.view?.skip === undefined ? undefined : leftAlone(live, input.view.skip, input.view.skipReason);
  const path = [{ field: 'metadata' }, { field: 'deletionTimestamp' }];
  const field: FieldDifference = {
    id: 'metadata.deletionTimestamp',
    path,
    change: 'added',
    direction: 'drifted',
    live: lookUp(live, undefined, path) ?? deletedAt,
    isConfirmed: true,
    isCosmetic: false,
    isMasked: false,
  };
  return verdictOf({
    fields: [field],
    proof: 'local',
    manager: undefined,
    resourceVersion: stringAt(live.metadata, 'resourceVersion'),
    reason: because('live-being-deleted', about),
  });
}

/** The owner does not touch the object: nothing of it is compared. @param live absent: it does not create it, either */
export function leftAlone(live: KubeObject | undefined, by: string, reason: Reason | undefined): Verdict {
  return verdictOf({
    fields: [],
    ignored: [{ id: '', by, ...(reason === undefined ? {} : { reason }) }],
    proof: 'local',
    manager: undefined,
    resourceVersion: live === undefined ? undefined : stringAt(live.metadata, 'resourceVersion'),
  });
}

function missingCause(input: JudgeInput): ComparisonCause {
  if (input.isNamespaceMissing === true) return input.isNamespaceRendered === true ? 'namespace-pending' : 'namespace-not-there';
  if (input.baseline === undefined) return 'object-not-live';
  return input.baseline.object === undefined ? 'object-not-yet-applied' : 'object-deleted';
}
