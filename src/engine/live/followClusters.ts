import { type Disposable, DisposableStore } from '../../base/lifecycle.ts';
import type { ApplicationSession } from '../sessions/applicationSession.ts';
import type { ClusterPool, ObjectChange } from '../cluster/api.ts';
import { keyOf } from '../model/objects.ts';
import type { LiveRouter } from './liveRouter.ts';
import { OwnerFollower, type OwnerFollowing } from '../owners/ownerFollower.ts';

/** What clusters tell, and whom. */
interface ClusterFollowers extends OwnerFollowing {
  readonly pool: ClusterPool;
  readonly router: LiveRouter<ApplicationSession>;
  /** rows of clusters changed */
  readonly onClusters: () => void;
}

/** Tells the applications what happens in their clusters: live changes, watches that stall or recover, connections, another kubeconfig. */
export function followClusters(followers: ClusterFollowers): Disposable {
  const { pool, hub, router, sessions, onClusters } = followers;
  const store = new DisposableStore();
  store.add(new OwnerFollower(followers));
  store.add(
    hub.onDidChangeObjects(({ context, changes }) => {
      const watches = hub.existing(context)?.watches;
      if (watches === undefined) return;
      for (const [session, change] of router.route(context, changes, watches)) session.liveChanged(change);
    }),
  );
  store.add(
    hub.onDidTellOfObjects(({ context, uids }) => {
      const watches = hub.existing(context)?.watches;
      if (watches === undefined) return;
      const about = [...uids].flatMap((uid): ObjectChange[] => {
        const object = watches.byUid(uid);
        return object === undefined ? [] : [{ type: 'modified', key: keyOf(object), uid, object }];
      });
      for (const [session, { keys }] of router.route(context, about, watches)) session.eventsCame(keys);
    }),
  );
  store.add(
    hub.onDidChangeDefinitions(({ context, groupVersions }) => {
      for (const session of sessions()) if (session.connection?.context === context) session.definitionsChanged(groupVersions);
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
