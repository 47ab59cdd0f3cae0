import type { AppError } from '../../../src/base/errors.ts';

/** A refusal of a dry-run as the cluster room tells it, and the state and cause that a drifted object gets. */
export interface RefusalCase {
  readonly code: string;
  readonly details?: AppError['details'];
  readonly state: string;
  readonly cause: string;
}

/** Every refusal that a dry-run may meet. */
export const refusalCases: readonly RefusalCase[] = [
  { code: 'forbidden', state: 'drifted (not confirmed)', cause: 'dry-run-forbidden' },
  { code: 'dry-run-unsupported', state: 'drifted (not confirmed)', cause: 'dry-run-unsupported' },
  { code: 'dry-run-not-allowed', state: 'drifted (not confirmed)', cause: 'dry-run-not-allowed' },
  { code: 'invalid', details: { isImmutable: true }, state: 'drifted', cause: 'immutable-field' },
  { code: 'invalid', details: { isImmutable: false }, state: 'cannot compare', cause: 'target-invalid' },
  { code: 'bad-request', state: 'cannot compare', cause: 'target-rejected' },
  { code: 'quota-exceeded', state: 'cannot compare', cause: 'quota-exceeded' },
  { code: 'denied-by-admission', state: 'cannot compare', cause: 'denied-by-admission' },
  { code: 'namespace-terminating', state: 'cannot compare', cause: 'namespace-terminating' },
  { code: 'field-conflict', state: 'cannot compare', cause: 'field-conflict' },
  { code: 'too-large', state: 'cannot compare', cause: 'too-large' },
  { code: 'too-many-requests', state: 'cannot compare', cause: 'too-many-requests' },
  { code: 'server-timeout', state: 'cannot compare', cause: 'server-timeout' },
  { code: 'server-error', details: { message: 'etcdserver: leader changed' }, state: 'cannot compare', cause: 'server-error' },
  {
    code: 'server-error',
    details: { message: 'Internal error occurred: failed calling webhook "a.example.com": no route' },
    state: 'cannot compare',
    cause: 'webhook-failed',
  },
  {
    code: 'server-error',
    details: { message: '.spec.x: field not declared in schema' },
    state: 'cannot compare',
    cause: 'target-rejected',
  },
  { code: 'not-found', state: 'missing', cause: 'not-found' },
  { code: 'namespace-missing', state: 'missing', cause: 'namespace-missing' },
  { code: 'unknown-kind', state: 'missing', cause: 'unknown-kind' },
];

/** Causes that only a judge without a cluster, or one whose answers are scripted, meets; tested in judge.test.ts. */
export const scriptedCauses: readonly string[] = ['offline', 'aggregated-api', 'live-keeps-changing', 'name-volatile'];
