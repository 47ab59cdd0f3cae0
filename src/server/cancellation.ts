import { type CancellationToken, LSPErrorCodes, ResponseError } from 'vscode-languageserver/node';
import { isAbortError, isAppError, toError } from '../base/errors.ts';

/**
 * Runs a handler with the token of its request as an AbortSignal; cancellation and failures become LSP errors.
 * An AppError travels as `data: {code, details}`, so that the client makes the words.
 */
export async function withSignal<T>(
  token: CancellationToken,
  handler: (signal: AbortSignal) => Promise<T> | T,
): Promise<T | ResponseError<unknown>> {
  const abort = new AbortController();
  const subscription = token.onCancellationRequested(() => {
    abort.abort();
  });
  if (token.isCancellationRequested) abort.abort();
  try {
    return await handler(abort.signal);
  } catch (thrown) {
    if (isAbortError(thrown)) return new ResponseError(LSPErrorCodes.RequestCancelled, 'cancelled');
    if (isAppError(thrown))
      return new ResponseError(LSPErrorCodes.RequestFailed, thrown.code, { code: thrown.code, details: thrown.details });
    return new ResponseError(LSPErrorCodes.RequestFailed, toError(thrown).message, {
      code: 'internal',
      details: { message: toError(thrown).message },
    });
  } finally {
    subscription.dispose();
  }
}

/**
 * Runs a handler of a language feature: cancelled or failed, it answers with nothing, since an editor that asks on every move of the mouse
 * must not show an error each time.
 * @param onError takes what failed, for the log
 */
export async function orNothing<T>(
  token: CancellationToken,
  nothing: T,
  onError: (error: unknown) => void,
  handler: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  const subscription = token.onCancellationRequested(() => {
    abort.abort();
  });
  try {
    return await handler(abort.signal);
  } catch (error) {
    if (!isAbortError(error)) onError(error);
    return nothing;
  } finally {
    subscription.dispose();
  }
}
