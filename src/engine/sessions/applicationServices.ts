import type { BackgroundRunner } from '../../base/async.ts';
import type { ClusterHub } from '../live/clusterHub.ts';
import type { LiveChange, LiveRouter } from '../live/liveRouter.ts';
import type { LineMark } from '../model/snapshot.ts';
import type { SourceTree } from '../model/sourceTree.ts';
import type { SourceRenderer } from '../sources/sourceRenderer.ts';
import type { ObjectChecker } from './objectChecker.ts';
import type { RepoSession } from './repoSession.ts';

/** Who is told when objects change that it holds. */
interface LiveReceiver {
  liveChanged(change: LiveChange): void;
}

/** What an application session works with. */
export interface ApplicationServices {
  readonly repo: RepoSession;
  readonly hub: ClusterHub;
  readonly renderer: SourceRenderer;
  readonly checker: ObjectChecker;
  readonly background: BackgroundRunner;
  readonly router: LiveRouter<LiveReceiver>;
  /** asked at each row: without trust nothing is compared, and the row says so */
  readonly isTrusted: () => boolean;
}

/** Who is told of an application's changes. */
export interface ApplicationListener {
  onRow(applicationId: string): void;
  /** @param files the only ones in which marks may differ from those told before; absent: all */
  onMarks(applicationId: string, tree: SourceTree | undefined, marks: readonly LineMark[], files?: ReadonlySet<string>): void;
  onDocuments(applicationId: string, keys: readonly string[]): void;
  /** files (relative to the root) in which the last render failed */
  onProblems(applicationId: string, files: readonly string[]): void;
}
