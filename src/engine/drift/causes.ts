import type { ObjectState, Reason } from '../model/states.ts';

/**
 * Every cause for which an object is not simply synced, drifted, or out of sync, with the state that it makes by itself. Words:
 * messages/drift.ts, and messages/cluster.ts for what the API server answers. Fields that are known all the same may make the state worse.
 */
export const comparisonCauses = {
  // the kind
  'version-not-served': 'cannot compare',
  'kind-unknown': 'cannot compare',
  'kind-pending': 'missing',
  'unknown-kind': 'missing',
  // the object
  'namespace-pending': 'missing',
  'namespace-not-there': 'missing',
  'namespace-missing': 'missing',
  'object-not-live': 'missing',
  'object-not-yet-applied': 'missing',
  'object-deleted': 'missing',
  'not-found': 'missing',
  'live-being-deleted': 'drifted',
  'name-volatile': 'cannot compare',
  'live-keeps-changing': 'pending',
  // what the server answers to a dry-run
  'immutable-field': 'cannot compare',
  'target-invalid': 'cannot compare',
  'target-rejected': 'cannot compare',
  'quota-exceeded': 'cannot compare',
  'denied-by-admission': 'cannot compare',
  'webhook-failed': 'cannot compare',
  'namespace-terminating': 'cannot compare',
  'field-conflict': 'cannot compare',
  'too-large': 'cannot compare',
  'too-many-requests': 'cannot compare',
  'server-timeout': 'cannot compare',
  'server-error': 'cannot compare',
  // no dry-run
  offline: 'unverified',
  'aggregated-api': 'unverified',
  'dry-run-forbidden': 'unverified',
  'dry-run-unsupported': 'unverified',
  'dry-run-not-allowed': 'unverified',
  // no record of the last apply
  'no-managed-fields': 'unverified',
  'no-owner': 'unverified',
  'no-baseline': 'unverified',
} as const satisfies Readonly<Record<string, ObjectState>>;

/** See {@link comparisonCauses}. */
export type ComparisonCause = keyof typeof comparisonCauses;

/** A cause with what its words need. */
export interface CauseReason extends Reason {
  readonly code: ComparisonCause;
}

/** Whether a code is one of {@link comparisonCauses}. */
export function isComparisonCause(code: string): code is ComparisonCause {
  return Object.hasOwn(comparisonCauses, code);
}

/** A verdict's reason. */
export function because(code: ComparisonCause, details: Reason['details'] = {}): CauseReason {
  return { code, details };
}
