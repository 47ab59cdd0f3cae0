import { type Disposable, DisposableStore } from '../base/lifecycle.ts';
import type { ApplicationSession } from './applicationSession.ts';
import type { ClusterPool } from './cluster/api.ts';
import type { ClusterHub } from './clusterHub.ts';
import type { LiveRouter } from './liveRouter.ts';

/** What clusters tell, and whom. */
export interface ClusterFollowers {
  readonly pool: ClusterPool;
  readonly hub: ClusterHub;
  readonly router: LiveRouter<ApplicationSession>;
  readonly sessions: () => readonly ApplicationSession[];
  /** rows of clusters changed */
  readonly onClusters: () => void;
}

/** Tells the applications what happens in their clusters: live changes, watches that stall or recover, connections, another kubeconfig. */
export function followClusters({ pool, hub, router, sessions, onClusters }: ClusterFollowers): Disposable {
  const store = new DisposableStore();
  store.add(
    hub.onDidChangeObjects(({ context, changes }) => {
      const watches = hub.existing(context)?.watches;
      if (watches === undefined) return;
      for (const [session, change] of router.route(context, changes, watches)) session.liveChanged(change);
    }),
  );
  store.add(
    hub.onDidChangeWatch(({ context, status }) => {
      for (const session of sessions()) if (session.connection?.context === context) session.watchChanged(status);
    }),
  );
  store.add(
    hub.onDidChangeStatus((context) => {
      for (const session of sessions()) if (session.application.destination?.context === context) session.connectionChanged();
      onClusters();
    }),
  );
  store.add(
    pool.onDidChangeContexts(() => {
      for (const session of sessions()) session.refresh();
      onClusters();
    }),
  );
  return store;
}
