import { userInfo } from 'node:os';
import { AppError, isAppError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { ApplicationSession } from '../sessions/applicationSession.ts';
import type { ClusterConnection } from '../cluster/api.ts';
import { chartDigests } from '../sessions/chartDigests.ts';
import { KeptPlans } from '../keptPlans.ts';
import { settleObjects } from '../sessions/desiredObjects.ts';
import type { SyncHistory } from '../model/ledger.ts';
import { gvkOf, keyOf } from '../model/objects.ts';
import type { StepResult } from '../model/plan.ts';
import { reasonOf } from '../model/reasons.ts';
import { isComplete, renderReason } from '../model/render.ts';
import type { SyncOptions, SyncPlans, SyncProgress, SyncRequest, SyncResult, SyncTarget } from '../model/sync.ts';
import type { Reason } from '../model/states.ts';
import { notCompared } from '../sessions/notCompared.ts';
import { descendants } from '../sessions/objectChecker.ts';
import type { RepoSession } from '../sessions/repoSession.ts';
import type { SourceRenderer } from '../sources/sourceRenderer.ts';
import { parentKeyOf } from '../sync/applySet.ts';
import { executeSync } from '../sync/execute/executeSync.ts';
import { historyOf, ledgerOf } from '../sync/ledger/ledger.ts';
import { otherApplication, readParent } from '../sync/ledger/ledgerHold.ts';
import { planSync } from '../sync/plan/planSync.ts';
import type { LeftOver, PreparedSync, SyncItem } from '../sync/syncTypes.ts';
import type { SyncApi } from './syncApi.ts';
import { watchedObject } from '../sessions/watchedObject.ts';
import type { VolatileFields } from '../sessions/volatileFields.ts';
import type { FoundSession } from '../sessions/workspaces.ts';

/** What syncs need of the engine. */
export interface SyncsServices {
  readonly logger: Logger;
  readonly renderer: SourceRenderer;
  readonly volatile: VolatileFields;
  /** @throws AppError `unknown-application` */
  readonly known: (applicationId: string) => FoundSession;
  /** @throws AppError `workspace-untrusted` */
  readonly requireTrust: () => void;
}

interface KeptPlan {
  readonly prepared: PreparedSync;
  readonly connection: ClusterConnection;
  readonly sessions: readonly ApplicationSession[];
}

/** Plans syncs from what the sessions know, keeps the plans until they are confirmed, and carries each out at most once. */
export class Syncs implements SyncApi {
  readonly #services: SyncsServices;
  readonly #kept = new KeptPlans<KeptPlan>();

  constructor(services: SyncsServices) {
    this.#services = services;
  }

  async plan(targets: readonly SyncTarget[], request: SyncRequest, signal: AbortSignal): Promise<SyncPlans> {
    this.#services.requireTrust();
    const refused: StepResult[] = [];
    const groups = new Map<ClusterConnection, { items: SyncItem[]; sessions: ApplicationSession[] }>();
    for (const target of targets) {
      const found = this.#services.known(target.applicationId);
      await found.session.settled();
      const { connection, application } = found.session;
      const refuse = (reason: Reason): void => {
        const key = parentKeyOf(application, application.destination?.namespace ?? '');
        refused.push({ applicationId: application.id, key, outcome: 'refused', reason });
      };
      if (connection === undefined) {
        refuse(notCompared(found.session));
        continue;
      }
      const item = await this.#item(target, request, found, connection, signal);
      if ('code' in item) {
        refuse(item);
        continue;
      }
      const group = groups.get(connection) ?? { items: [], sessions: [] };
      groups.set(connection, { items: [...group.items, item], sessions: [...group.sessions, found.session] });
    }
    const plans: PreparedSync[] = [];
    for (const [connection, { items, sessions }] of groups) {
      const planning = await planSync(items, request.kind, connection, signal);
      refused.push(...planning.refused);
      for (const prepared of planning.prepared) {
        plans.push(prepared);
        this.#kept.keep(prepared.plan.id, { prepared, connection, sessions });
      }
    }
    return { plans: plans.map(({ plan }) => plan), refused };
  }

  async execute(
    planId: string,
    options: SyncOptions,
    onProgress: (progress: SyncProgress) => void,
    signal: AbortSignal,
  ): Promise<SyncResult> {
    this.#services.requireTrust();
    const { prepared, connection, sessions } = this.#kept.take(planId);
    try {
      return await executeSync(prepared, connection, {
        ...options,
        signal,
        logger: this.#services.logger,
        actor: userInfo().username,
        onProgress,
        childrenOf: (live) => descendants(live, keyOf(live), connection),
      });
    } finally {
      for (const session of sessions) session.refresh();
    }
  }

  async history(applicationId: string, signal: AbortSignal): Promise<SyncHistory> {
    const { session } = this.#services.known(applicationId);
    const { connection, application } = session;
    if (connection === undefined || application.destination === undefined) {
      return { entries: [], problem: notCompared(session) };
    }
    try {
      const key = parentKeyOf(application, application.destination.namespace);
      const ledger = ledgerOf(await readParent(connection, key, signal));
      const other = otherApplication(ledger, application.id, key);
      return other === undefined ? historyOf(ledger, Date.now()) : { entries: [], problem: other };
    } catch (error) {
      signal.throwIfAborted();
      return { entries: [], problem: reasonOf(error) };
    }
  }

  /** An application as it is to be synced, or why it is not. */
  async #item(
    target: SyncTarget,
    { kind, prune }: SyncRequest,
    { session, workspace }: FoundSession,
    connection: ClusterConnection,
    signal: AbortSignal,
  ): Promise<SyncItem | Reason> {
    const { application, target: aim, tree } = session;
    const { destination } = application;
    if (destination === undefined) throw new AppError('no-destination', { application: application.name });
    if (aim === undefined || tree === undefined) throw new AppError('not-compared-yet', { application: application.name });
    const isDirty = kind === 'dirty' || aim.commit === '';
    const environment = workspace.repo.environment(destination.environment);
    if (isDirty && environment?.allowDirty !== true) {
      return { code: 'sync-dirty-not-allowed', details: { environment: destination.environment ?? destination.context } };
    }
    const side = kind === 'dirty' ? workspace.repo.workingTree : tree;
    const render = await this.#services.renderer.render(application, side, connection, signal);
    if (!isComplete(render)) {
      const error = render.errors.find((each) => each.isWarning !== true);
      const reason = error === undefined ? { code: 'internal', details: {} } : renderReason(error);
      return { code: 'sync-render-incomplete', details: { ...reason.details, application: application.name } };
    }
    const objects = await settleObjects(render.objects, destination, connection.discovery, signal);
    const source = { application, rendered: objects, connection, tree: side };
    const volatile = await Promise.all(objects.map((object) => this.#services.volatile.of(source, object, signal)));
    return {
      application,
      ...(kind === 'dirty' ? { revision: await headOf(workspace.repo, signal) } : { revision: aim.commit, revisionName: aim.name }),
      isDirty,
      render: render.key,
      renderer: await this.#services.renderer.version(),
      charts: chartDigests(application, render),
      objects: objects.map(({ key, object, resource, isKindRendered }, index) => {
        const known = resource === undefined ? undefined : watchedObject(connection, gvkOf(object), key);
        const anew = volatile[index];
        const facts = { ...(known === undefined ? {} : { known }), ...(anew === undefined ? {} : { volatile: anew }) };
        return { key, desired: object, resource, isKindRendered, ...facts };
      }),
      // What is only tried out deletes nothing.
      prune: application.policy.prune && prune !== false && kind === 'sync',
      ...(kind === 'take-over' ? { leftOver: leftOverOf(session) } : {}),
      ...(target.objects === undefined ? {} : { chosen: new Set(target.objects) }),
    };
  }
}

/** Live objects of the Helm release that installed the application, and that the source does not have. */
function leftOverOf({ extraneous }: ApplicationSession): readonly LeftOver[] {
  return extraneous.flatMap(({ key, mark }) => (mark?.owner === 'helm' ? [{ key, release: mark.name }] : []));
}

/** The commit that the working tree stands on; '' before the first one. */
async function headOf(repo: RepoSession, signal: AbortSignal): Promise<string> {
  try {
    return await (await repo.repository(signal)).resolve('HEAD', signal);
  } catch (error) {
    signal.throwIfAborted();
    if (isAppError(error, 'git-revision-unknown', 'git-no-commits')) return '';
    throw error;
  }
}
