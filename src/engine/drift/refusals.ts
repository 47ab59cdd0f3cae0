import { isAbortError, isAppError } from '../../base/errors.ts';
import type { Reason } from '../model/states.ts';

/**
 * What a refused dry-run means. `recreate`: an immutable field differs. `unverified`: nobody can tell without the right or the server's
 * support. `refused`: the target itself is not accepted. `gone`: the object, its kind or its namespace is no longer there. `moved`: live
 * changed meanwhile. `lost`: the connection failed, so the last verdict stands, stale.
 */
export interface Refusal {
  readonly meaning: 'recreate' | 'unverified' | 'refused' | 'gone' | 'moved' | 'lost';
  readonly reason: Reason;
}

const MEANINGS: Readonly<Record<string, Refusal['meaning']>> = {
  forbidden: 'unverified',
  'dry-run-unsupported': 'unverified',
  'dry-run-not-allowed': 'unverified',
  'not-found': 'gone',
  'namespace-missing': 'gone',
  'unknown-kind': 'gone',
  conflict: 'moved',
  gone: 'moved',
  invalid: 'refused',
  'quota-exceeded': 'refused',
  'denied-by-admission': 'refused',
  'namespace-terminating': 'refused',
  'field-conflict': 'refused',
  'bad-request': 'refused',
  'too-large': 'refused',
  'server-error': 'refused',
  'server-timeout': 'refused',
  'too-many-requests': 'refused',
};

/** Reason codes of this room for refusals whose own code does not say what they mean for a comparison. */
const REASONS: Readonly<Record<string, string>> = {
  forbidden: 'dry-run-forbidden',
  invalid: 'target-invalid',
  'bad-request': 'target-rejected',
};

/** Server-side apply answers 500 when an object does not fit the schema (apimachinery managedfields, typed conversion). */
const UNTYPED = /field not declared in schema|failed to create typed|failed to create manager|duplicate entries for key|expected .*, got/;

/**
 * Reads a failed dry-run as an answer.
 * @param error what the client threw; a cancellation or a programming error is thrown on
 */
export function refusalOf(error: unknown): Refusal {
  if (isAbortError(error) || !isAppError(error)) throw error;
  const { code, details } = error;
  if (code === 'invalid' && details['isImmutable'] === true) return { meaning: 'recreate', reason: { code: 'immutable-field', details } };
  if (code === 'server-error' && UNTYPED.test(String(details['message']))) {
    return { meaning: 'refused', reason: { code: 'target-rejected', details } };
  }
  return { meaning: MEANINGS[code] ?? 'lost', reason: { code: REASONS[code] ?? code, details } };
}
