import { type AppError, isAbortError, isAppError } from '../../base/errors.ts';
import type { Reason } from '../model/states.ts';
import { because, type ComparisonCause, isComparisonCause } from './causes.ts';

/**
 * What a refused dry-run means. `recreate`: an immutable field differs. `unverified`: nobody can tell without the right or the server's
 * support. `refused`: the target itself is not accepted. `gone`: the object, its kind or its namespace is no longer there. `moved`: live
 * changed meanwhile. `lost`: the connection failed, so the last verdict stands, stale.
 */
export interface Refusal {
  readonly meaning: 'recreate' | 'unverified' | 'refused' | 'gone' | 'moved' | 'lost';
  readonly reason: Reason;
}

/** Causes of this room for refusals whose own code does not say what they mean for a comparison. */
const CAUSES: Readonly<Record<string, ComparisonCause>> = {
  forbidden: 'dry-run-forbidden',
  invalid: 'target-invalid',
  'bad-request': 'target-rejected',
};

/** What a cause means; those that are not here refuse the target itself. */
const MEANINGS: Readonly<Partial<Record<ComparisonCause, Refusal['meaning']>>> = {
  'dry-run-forbidden': 'unverified',
  'dry-run-unsupported': 'unverified',
  'dry-run-not-allowed': 'unverified',
  'not-found': 'gone',
  'namespace-missing': 'gone',
  'unknown-kind': 'gone',
  'immutable-field': 'recreate',
};

/** Codes of the cluster room that say that live is not what it was. */
const MOVED: readonly string[] = ['conflict', 'gone'];

/** The API server answers 500 when a webhook with `failurePolicy: Fail` cannot be called (apiserver admission/plugin/webhook/errors). */
const WEBHOOK = /failed calling webhook "([^"]+)"/;

/** Server-side apply answers 500 when an object does not fit the schema (apimachinery managedfields, typed conversion). */
const UNTYPED = /field not declared in schema|failed to create typed|failed to create manager|duplicate entries for key|expected .*, got/;

/**
 * Reads a failed dry-run as an answer.
 * @param error what the client threw; a cancellation or a programming error is thrown on
 */
export function refusalOf(error: unknown): Refusal {
  if (isAbortError(error) || !isAppError(error)) throw error;
  const { code, details } = error;
  if (MOVED.includes(code)) return { meaning: 'moved', reason: { code, details } };
  const cause = causeOf(error);
  if (cause === undefined) return { meaning: 'lost', reason: { code, details } };
  const webhook = cause === 'webhook-failed' ? { webhook: WEBHOOK.exec(String(details['message']))?.[1] } : {};
  return { meaning: MEANINGS[cause] ?? 'refused', reason: because(cause, { ...details, ...webhook }) };
}

function causeOf({ code, details }: AppError): ComparisonCause | undefined {
  if (code === 'invalid' && details['isImmutable'] === true) return 'immutable-field';
  if (code === 'server-error' && UNTYPED.test(String(details['message']))) return 'target-rejected';
  if (code === 'server-error' && WEBHOOK.test(String(details['message']))) return 'webhook-failed';
  return CAUSES[code] ?? (isComparisonCause(code) ? code : undefined);
}
