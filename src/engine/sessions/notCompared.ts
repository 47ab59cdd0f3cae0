import type { Reason } from '../model/states.ts';
import type { ApplicationSession } from './applicationSession.ts';

/** Why nothing can be done with an application that has no connection: what its comparison failed of, or that none has ended yet. */
export function notCompared(session: Pick<ApplicationSession, 'application' | 'row'>): Reason {
  const [reason] = session.row().reasons;
  return reason ?? { code: 'not-compared-yet', details: { application: session.application.name } };
}
