import { AppError, isAppError, toError } from '../../base/errors.ts';
import type { Reason } from './states.ts';

/** The error that says what a reason says, for callers who have to stop because of it. */
export function errorOf({ code, details }: Reason): AppError {
  return new AppError(code, details);
}

/** The reason that stands for any thrown error. */
export function reasonOf(thrown: unknown): Reason {
  if (isAppError(thrown)) return { code: thrown.code, details: thrown.details };
  return { code: 'internal', details: { message: toError(thrown).message } };
}
