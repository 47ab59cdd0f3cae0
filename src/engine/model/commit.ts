import type { Reason } from './states.ts';

/** What came of a push. */
export interface PushOutcome {
  readonly outcome: 'pushed' | 'rejected' | 'failed';
  /** `push-rejected` (the remote has commits that are not here), `push-refused` (the remote's rules), `push-sign-in` ... */
  readonly reason?: Reason;
}
