import { AppError } from '../../base/errors.ts';
import type { Reason } from './states.ts';

/** The error that says what a reason says, for callers who have to stop because of it. */
export function errorOf({ code, details }: Reason): AppError {
  return new AppError(code, details);
}
