import { type Connection, ErrorCodes, ResponseError } from 'vscode-languageserver/node';
import { raceWithSignal } from '../base/async.ts';
import type { CommitApi, RemotePort } from '../engine/commits/commitApi.ts';
import type { ServerRequests } from '../protocol/commitMessages.ts';
import { answersTo } from './answers.ts';

/** Answers the requests about commits and pushes. */
export function registerCommitRequests(connection: Connection, commits: CommitApi): void {
  const on = answersTo(connection);
  on('plumbline/planCommit', ({ applicationIds }, signal) => commits.plan(applicationIds, signal));
  on('plumbline/commit', ({ planId, choice }, signal) => commits.commit(planId, choice, signal));
  on('plumbline/planPush', ({ repoRoot, branch, into }, signal) => commits.planPush(repoRoot, branch, signal, into));
  on('plumbline/pushCommits', ({ plan }, signal) => commits.push(plan, signal));
  on('plumbline/fetchAndRebase', ({ plan }, signal) => commits.fetchAndRebase(plan, signal));
}

/** Remotes as the editor's Git extension reaches them; what it does not know, git itself is asked for. */
export function editorRemotes(connection: Connection): RemotePort {
  const ask = async <Name extends keyof ServerRequests>(
    name: Name,
    params: ServerRequests[Name]['params'],
    signal: AbortSignal,
  ): Promise<Exclude<ServerRequests[Name]['result'], null> | undefined> => {
    const answer = connection.sendRequest<ServerRequests[Name]['result']>(name, params).catch((error: unknown) => {
      // Another editor, which has no such requests.
      if (error instanceof ResponseError && error.code === ErrorCodes.MethodNotFound) return null;
      throw error;
    });
    // The editor cannot take back a push that it began; who waits for it can go on.
    const result = await raceWithSignal(answer, signal);
    return (result ?? undefined) as Exclude<ServerRequests[Name]['result'], null> | undefined;
  };
  return {
    push: (request, signal) => ask('plumbline/push', request, signal),
    fetch: (request, signal) => ask('plumbline/fetch', request, signal),
  };
}
