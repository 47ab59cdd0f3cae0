import { lastAppliedOf } from '../compare/baseline.ts';
import { fallbackSchema } from '../compare/fallbackSchema.ts';
import { holdingOf, managedEntries, type ManagedEntry } from '../compare/fieldsV1.ts';
import { writerOf } from '../compare/direction.ts';
import { distinctPlaces, expandPointer, type IgnoredPlace, ignoredPlaces, withLiveAt } from '../compare/ignore.ts';
import { classOfManager, isAutoscalerEntry, owningManager, type OwningManager } from '../compare/managers.ts';
import { normalizeDesired, normalizeLive } from '../compare/normalize.ts';
import { ownerMarkOf, ownerOfMark } from '../compare/ownerMarks.ts';
import type { ProofInput } from '../compare/proof.ts';
import { lookUp } from '../compare/schemaWalk.ts';
import type { FieldPath } from '../model/fieldPath.ts';
import type { KubeObject } from '../model/objects.ts';
import type { TypeSchema } from '../model/schema.ts';
import type { Baseline, JudgeInput } from './judgement.ts';

const REPLICAS: FieldPath = [{ field: 'spec' }, { field: 'replicas' }];

/** The sides of one object made comparable, with what decides how. */
export interface Prepared {
  readonly input: JudgeInput;
  /** as it came, with managedFields */
  readonly raw: KubeObject;
  /** normalized; ignored places hold live's value */
  readonly desired: KubeObject;
  /** normalized, as Git has it at ignored places, too */
  readonly fromGit: KubeObject;
  readonly live: KubeObject;
  /** what the owner recorded of its last apply, for removals of an Update owner; normalized */
  readonly recorded: KubeObject | undefined;
  /** what decides directions: the synced render, else {@link recorded} */
  readonly base: KubeObject | undefined;
  readonly entries: readonly ManagedEntry[];
  readonly owner: OwningManager | undefined;
  readonly places: readonly IgnoredPlace[];
  /** never undefined: a kind without schema has one that knows only metadata */
  readonly schema: TypeSchema;
}

/**
 * Makes the two sides of an object comparable: who owns it, what was applied last, what is ignored.
 * @param raw the live object at desired's version
 */
export function prepare(input: JudgeInput, raw: KubeObject): Prepared {
  const schema = input.schema ?? fallbackSchema;
  const entries = managedEntries(raw);
  const markOwner = ownerOfMark(ownerMarkOf(raw));
  const lastApplied = lastAppliedOf(raw);
  const owners = markOwner === undefined ? [input.owner] : [input.owner, markOwner];
  const owner = owningManager(entries, owners, lastApplied !== undefined);
  const live = normalizeLive(raw, input.resource);
  const sent = normalizeDesired(input.desired, raw, input.resource);
  const fromGit = lastApplied === undefined ? sent : withAnnotationsMap(sent, live);
  const normalizeBase = (base: KubeObject | undefined): KubeObject | undefined =>
    base === undefined ? undefined : normalizeDesired(base, raw, input.resource);
  const synced = input.baseline?.kind === 'synced' ? normalizeBase(baselineObject(input.baseline, raw)) : undefined;
  const release = input.baseline?.kind === 'release' ? normalizeBase(baselineObject(input.baseline, raw)) : undefined;
  // Helm leaves kubectl's annotation where it found one: what it says was applied before Helm took the object.
  const recorded = release ?? (owner?.manager.startsWith('helm') === true ? undefined : normalizeBase(lastApplied)) ?? synced;
  const places = distinctPlaces([
    ...ignoredPlaces(input.rules, fromGit, live, schema),
    ...(input.view?.places ?? []),
    ...autoscaledPlace(input, fromGit, entries),
    ...injectedCertificates(fromGit, live, schema, entries),
    ...volatilePlaces(input),
  ]);
  return {
    input,
    raw,
    desired: withLiveAt(fromGit, live, places, schema),
    fromGit,
    live,
    recorded: owner?.operation === 'Update' || release !== undefined ? recorded : synced,
    base: synced ?? (owner?.operation === 'Update' ? recorded : release),
    entries,
    owner,
    places,
    schema,
  };
}

/**
 * kubectl puts its record into the annotations that it sends, so it never removes the map itself, whatever the last apply had: entries of
 * others (the Deployment controller's revision) stay.
 */
function withAnnotationsMap(desired: KubeObject, live: KubeObject): KubeObject {
  if (desired.metadata['annotations'] !== undefined || live.metadata['annotations'] === undefined) return desired;
  return { ...desired, metadata: { ...desired.metadata, annotations: {} } };
}

/** What the local proof reads of the prepared sides. */
export function proofInputOf(prepared: Prepared): ProofInput {
  const { desired, live, raw, entries, owner, recorded, input } = prepared;
  return { desired, live, raw, entries, owner, schema: input.schema, ...(recorded === undefined ? {} : { base: recorded }) };
}

/** A readable record without the object is a record of nothing: nothing of it was applied. */
function baselineObject(baseline: Baseline, raw: KubeObject): KubeObject {
  return baseline.object ?? { apiVersion: raw.apiVersion, kind: raw.kind, metadata: {} };
}

/** `spec.replicas` of Git does not count where an autoscaler targets the object, or where one has written through `/scale`. */
function autoscaledPlace(input: JudgeInput, desired: KubeObject, entries: readonly ManagedEntry[]): readonly IgnoredPlace[] {
  if (lookUp(desired, undefined, REPLICAS) === undefined) return [];
  const place = (by: string, autoscaler: string): IgnoredPlace => ({
    path: REPLICAS,
    by,
    reason: { code: 'ignored-autoscaled', details: { autoscaler } },
  });
  if (input.autoscaler !== undefined) return [place(`autoscaler ${input.autoscaler}`, input.autoscaler)];
  const entry = entries.find((candidate) => isAutoscalerEntry(candidate) && holdingOf(candidate.fields, REPLICAS) !== 'none');
  return entry === undefined ? [] : [place(`autoscaler (${entry.manager})`, entry.manager)];
}

/** Random values of Helm templates: another at every render, so that live never has Git's. */
function volatilePlaces(input: JudgeInput): readonly IgnoredPlace[] {
  const reason = { code: 'ignored-volatile', details: {} };
  return (input.volatile ?? []).map((path) => ({ path, by: 'non-deterministic Helm output', reason }));
}

/** Where certificate authorities stand that controllers write into configurations (cert-manager's cainjector and the like). */
const CA_BUNDLES: Readonly<Record<string, string>> = {
  ValidatingWebhookConfiguration: '/webhooks/*/clientConfig/caBundle',
  MutatingWebhookConfiguration: '/webhooks/*/clientConfig/caBundle',
  CustomResourceDefinition: '/spec/conversion/webhook/clientConfig/caBundle',
  APIService: '/spec/caBundle',
};

/** A certificate authority of Git is a place-holder where a controller has put another one in. */
function injectedCertificates(
  desired: KubeObject,
  live: KubeObject,
  schema: TypeSchema,
  entries: readonly ManagedEntry[],
): readonly IgnoredPlace[] {
  const pointer = CA_BUNDLES[desired.kind];
  if (pointer === undefined) return [];
  return expandPointer(desired, pointer, schema).flatMap((path) => {
    const holder = writerOf(entries, path, undefined, schema);
    if (lookUp(live, schema, path) === undefined || holder === undefined || classOfManager(holder.manager) !== 'controller') return [];
    const reason = { code: 'ignored-certificate', details: { manager: holder.manager } };
    return [{ path, by: `certificate injection (${holder.manager})`, reason }];
  });
}
