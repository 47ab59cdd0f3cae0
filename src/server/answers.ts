import type { CancellationToken, Connection } from 'vscode-languageserver/node';
import type { Requests } from '../protocol/messages.ts';
import { withSignal } from './cancellation.ts';

/** Registers the handler of one `plumbline/*` request. */
export type Answer = <Name extends keyof Requests>(
  name: Name,
  handler: (params: Requests[Name]['params'], signal: AbortSignal) => Promise<Requests[Name]['result']> | Requests[Name]['result'],
) => void;

/** Answers requests of the client; cancellation and failures are told as {@link withSignal} does. */
export function answersTo(connection: Connection): Answer {
  return (name, handler) => {
    connection.onRequest(name, (params: Parameters<typeof handler>[0], token: CancellationToken) =>
      withSignal(token, (signal) => handler(params, signal)),
    );
  };
}
