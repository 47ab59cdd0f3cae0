import { isAbortError, isAppError, toError } from '../base/errors.ts';
import { describe } from '../engine/model/describe.ts';

/**
 * Says that a promise failed with nobody waiting for it. That is a fault, but none of the engine's state is known to be wrong by it, so the
 * process goes on; an exception that nobody caught ends it, and the editor starts a new one.
 * @param reason what it was rejected with; cancellation is silent
 * @param log takes one message
 */
export function logUnhandled(reason: unknown, log: (text: string) => void): void {
  if (isAbortError(reason)) return;
  if (isAppError(reason)) log(`[unhandled] code=${reason.code} ${describe(reason.code, reason.details)}`);
  else log(`[unhandled] code=internal ${toError(reason).stack ?? toError(reason).message}`);
}
