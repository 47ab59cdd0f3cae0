/** Plain data that goes with an error code; values must be safe to log (never a secret). */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** An expected failure as data. Words for a code are made in one place only (`engine/model/describe.ts`). */
export class AppError<Code extends string = string> extends Error {
  override readonly name = 'AppError';
  readonly code: Code;
  readonly details: ErrorDetails;

  /**
   * @param code stable, lower-case, hyphenated name of the failure
   * @param details what the words need: file, line, cluster, verb ... and never a secret
   */
  constructor(code: Code, details: ErrorDetails = {}, options?: { cause?: unknown }) {
    super(`${code} ${JSON.stringify(details)}`, options);
    this.code = code;
    this.details = details;
  }
}

/** Whether an error is an {@link AppError}, optionally with one of the given codes. */
export function isAppError<Code extends string>(error: unknown, ...codes: readonly Code[]): error is AppError<Code> {
  return error instanceof AppError && (codes.length === 0 || (codes as readonly string[]).includes(String(error.code)));
}

/** Whether an error only says that the caller's AbortSignal fired. Cancellation is silent everywhere. */
export function isAbortError(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || ('code' in error && error.code === 'ABORT_ERR'));
}

/** Makes any thrown value an Error. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** For a `catch`: lets an {@link AppError} be, since something else tells of it or goes in its place; any other failure goes on. */
export function ignoreAppErrors(error: unknown): undefined {
  if (!isAppError(error)) throw toError(error);
  return undefined;
}

/** The exhaustiveness check of a `switch` over a union. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value ${JSON.stringify(value)}`);
}
