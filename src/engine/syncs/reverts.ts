import { userInfo } from 'node:os';
import { AppError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { ApplicationSession } from '../sessions/applicationSession.ts';
import type { ClusterConnection } from '../cluster/api.ts';
import type { ExecutionProgress, RevertPlans } from '../engineApi.ts';
import { KeptPlans } from '../keptPlans.ts';
import { displayName } from '../model/objects.ts';
import type { RevertTarget, StepResult } from '../model/plan.ts';
import { errorOf } from '../model/reasons.ts';
import { isRevertibleState, type OwnerMark } from '../model/states.ts';
import { applySetId, parentKeyOf } from '../sync/applySet.ts';
import { executePlan } from '../sync/execute/executePlan.ts';
import { commonManager } from '../sync/managers.ts';
import { planRevert } from '../sync/plan/planRevert.ts';
import type { PreparedPlan, RevertItem } from '../sync/revertTypes.ts';
import { notCompared } from '../sessions/notCompared.ts';
import type { TrackedObject } from '../sessions/trackedObject.ts';

/** One target with the application that it names. */
export interface RevertRequest {
  readonly target: RevertTarget;
  readonly session: ApplicationSession;
}

interface KeptPlan {
  readonly prepared: PreparedPlan;
  readonly connection: ClusterConnection;
  readonly sessions: readonly ApplicationSession[];
}

/** Plans reverts from what the sessions know, keeps the plans until they are confirmed, and carries them out once. */
export class Reverts {
  readonly #log: Logger;
  readonly #kept = new KeptPlans<KeptPlan>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Plans per cluster what reverting these targets would do; writes nothing. */
  async plan(requests: readonly RevertRequest[], signal: AbortSignal): Promise<RevertPlans> {
    const byConnection = new Map<ClusterConnection, { items: RevertItem[]; sessions: Set<ApplicationSession> }>();
    const refused: StepResult[] = [];
    for (const { target, session } of requests) {
      const { connection } = session;
      if (connection === undefined) throw errorOf(notCompared(session));
      const group = byConnection.get(connection) ?? { items: [], sessions: new Set() };
      byConnection.set(connection, group);
      group.items.push(...itemsOf(target, session));
      group.sessions.add(session);
    }
    const plans: PreparedPlan[] = [];
    for (const [connection, { items, sessions }] of byConnection) {
      const planning = await planRevert(items, connection, signal);
      refused.push(...planning.refused);
      for (const prepared of planning.prepared) {
        plans.push(prepared);
        this.#kept.keep(prepared.plan.id, { prepared, connection, sessions: [...sessions] });
      }
    }
    return { plans: plans.map((prepared) => prepared.plan), refused };
  }

  /**
   * Carries out a plan that was shown; a plan runs at most once.
   * @throws AppError `unknown-plan` when it was carried out already or is too old
   */
  async execute(planId: string, onProgress: (progress: ExecutionProgress) => void, signal: AbortSignal): Promise<readonly StepResult[]> {
    const { prepared, connection, sessions } = this.#kept.take(planId);
    const results = await executePlan(prepared, connection, {
      signal,
      logger: this.#log,
      actor: userInfo().username,
      onProgress: ({ done, total, result }) => {
        onProgress({ planId, done, total, object: displayName(result.key) });
      },
    });
    for (const session of sessions) session.refresh();
    return results;
  }
}

function itemsOf(target: RevertTarget, session: ApplicationSession): readonly RevertItem[] {
  if (target.object !== undefined) {
    const object = session.object(target.object);
    if (object === undefined) throw new AppError('unknown-object', { object: target.object, application: session.application.name });
    return [toItem(object, session, target.fields)];
  }
  return session.objects.filter(({ verdict }) => isRevertibleState(verdict.state)).map((object) => toItem(object, session, undefined));
}

function toItem(object: TrackedObject, session: ApplicationSession, fieldIds: readonly string[] | undefined): RevertItem {
  const siblingManager = object.live === undefined ? commonManager(session.objects) : undefined;
  const synced = session.synced.objectOf(object.key);
  return {
    application: session.application,
    key: object.key,
    ...(synced === undefined
      ? { revision: session.target?.commit ?? '', revisionIs: 'target', restored: object.desired }
      : { revision: synced.revision, revisionIs: 'synced', restored: synced.object }),
    // The object that the verdict is about: what the plan shows is what the write tests for.
    live: object.live,
    verdict: object.verdict,
    ...(object.mark === undefined || isOwnMark(object.mark, session) ? {} : { mark: object.mark }),
    ...(fieldIds === undefined ? {} : { fieldIds }),
    ...(siblingManager === undefined ? {} : { siblingManager }),
  };
}

/** Whether a mark is that of the application's own ApplySet, which its syncs put on. */
function isOwnMark({ owner, name }: OwnerMark, { application }: ApplicationSession): boolean {
  const { destination } = application;
  return owner === 'applyset' && destination !== undefined && name === applySetId(parentKeyOf(application, destination.namespace));
}
