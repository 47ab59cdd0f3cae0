import { assertNever } from '../../base/errors.ts';
import { managedEntries } from '../compare/fieldsV1.ts';
import { ignoredFields } from '../compare/ignore.ts';
import type { Proof } from '../compare/proof.ts';
import { stringAt } from '../model/json.ts';
import type { KubeObject } from '../model/objects.ts';
import type { IgnoredField, Reason, Verdict } from '../model/states.ts';
import { because, type CauseReason } from './causes.ts';
import { addedFields, localFields, predictedFields } from './fields.ts';
import { bareVerdict, verdictOf } from './outcome.ts';
import type { Prepared } from './prepare.ts';
import type { Refusal } from './refusals.ts';

function ignoredOf(prepared: Prepared): readonly IgnoredField[] {
  return ignoredFields(prepared.places, prepared.fromGit, prepared.live, prepared.schema);
}

function identity(prepared: Prepared): { manager: string | undefined; resourceVersion: string | undefined } {
  return { manager: prepared.owner?.manager, resourceVersion: stringAt(prepared.raw.metadata, 'resourceVersion') };
}

/** Everything of Git is live: synced, but for what others added. */
export function provedVerdict(prepared: Prepared, proof: Proof): Verdict {
  const fields = addedFields(prepared, proof.added);
  return verdictOf({ ...identity(prepared), fields, ignored: ignoredOf(prepared), proof: 'local' });
}

/**
 * The verdict from what an apply would make of the object.
 * @param predicted normalized
 */
export function predictedVerdict(prepared: Prepared, proof: Proof, predicted: KubeObject, how: 'local' | 'dry-run'): Verdict {
  const { fields, ignored } = predictedFields(prepared, proof, predicted);
  // The reason is why nothing that was found proves nothing; differences that were found stand for themselves.
  const reason = fields.some((field) => !field.isCosmetic) ? undefined : unprovedReason(prepared);
  return verdictOf({
    ...identity(prepared),
    fields,
    ignored: [...ignoredOf(prepared), ...ignored],
    proof: how,
    ...(reason === undefined ? {} : { otherwise: 'unverified', reason }),
  });
}

/** Without a record of the last apply nobody knows what was removed from Git: no difference is then no proof. */
function unprovedReason(prepared: Prepared): CauseReason | undefined {
  const { owner, recorded, entries, input } = prepared;
  const details = { kind: input.key.kind, name: input.key.name };
  if (owner === undefined) return because(entries.length === 0 ? 'no-managed-fields' : 'no-owner', details);
  return owner.operation === 'Update' && recorded === undefined
    ? because('no-baseline', { ...details, manager: owner.manager })
    : undefined;
}

/** What a reader without a dry-run may still say (design.md §1). */
export function unconfirmed(prepared: Prepared, proof: Proof, reason: Reason): Verdict {
  const fields = localFields(prepared, proof, false);
  return verdictOf({ ...identity(prepared), fields, ignored: ignoredOf(prepared), proof: 'none', reason, otherwise: 'unverified' });
}

/**
 * The verdict after a refused dry-run; undefined when live moved and it is to be asked again.
 * @throws `error` when the connection was lost
 */
export function refusedVerdict(prepared: Prepared, proof: Proof, refusal: Refusal, error: unknown): Verdict | undefined {
  const { meaning, reason } = refusal;
  switch (meaning) {
    case 'recreate': {
      const fields = localFields(prepared, proof, true);
      const otherwise = fields.length === 0 ? ({ otherwise: 'cannot compare' } as const) : {};
      return verdictOf({
        ...identity(prepared),
        fields,
        ignored: ignoredOf(prepared),
        proof: 'dry-run',
        reason,
        needsRecreate: true,
        ...otherwise,
      });
    }
    case 'unverified':
      return unconfirmed(prepared, proof, reason);
    case 'refused': {
      const fields = localFields(prepared, proof, false);
      // What others added is known without the server; everything else waits for an answer.
      const state = fields.some((field) => field.isConfirmed && !field.isCosmetic) ? 'drifted' : 'cannot compare';
      return verdictOf({ ...identity(prepared), fields, ignored: ignoredOf(prepared), proof: 'none', reason, state });
    }
    case 'gone':
      return bareVerdict('missing', reason);
    case 'moved':
      return undefined;
    case 'lost':
      throw error;
    default:
      return assertNever(meaning);
  }
}

/** A cached verdict as of the live object at hand: times of writers and the resourceVersion may have moved on. */
export function refreshed(verdict: Verdict, live: KubeObject): Verdict {
  const entries = managedEntries(live);
  const resourceVersion = stringAt(live.metadata, 'resourceVersion');
  const fields = verdict.fields.map((field) => {
    const { writer } = field;
    if (writer === undefined) return field;
    const time = entries.find(
      (entry) =>
        entry.manager === writer.manager && entry.operation === writer.operation && entry.subresource === (writer.subresource ?? ''),
    )?.time;
    return time === undefined || time === writer.time ? field : { ...field, writer: { ...writer, time } };
  });
  return { ...verdict, fields, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
}
