import type { CommitChoice, CommitOutcome, CommitPlan, PushOutcome, PushPlan, RebaseOutcome } from '../engine/model/commit.ts';
import type { Reason } from '../engine/model/states.ts';

/** Requests of the client about commits and pushes. */
export interface CommitRequests {
  /** what committing the edits of these applications would commit; nothing is written */
  'plumbline/planCommit': { params: { applicationIds: readonly string[] }; result: CommitPlan };
  'plumbline/commit': { params: { planId: string; choice: CommitChoice }; result: CommitOutcome };
  'plumbline/planPush': { params: { repoRoot: string; branch?: string; into?: string }; result: PushPlan };
  'plumbline/pushCommits': { params: { plan: PushPlan }; result: PushOutcome };
  'plumbline/fetchAndRebase': { params: { plan: PushPlan }; result: RebaseOutcome };
}

/** Requests of the server for what only the editor can do: talking to remotes with its credentials. `null`: it does not know the repository. */
export interface ServerRequests {
  'plumbline/push': { params: { repoRoot: string; remote: string; refspec: string }; result: PushOutcome | null };
  'plumbline/fetch': { params: { repoRoot: string; remote: string }; result: { readonly problem?: Reason } | null };
}
