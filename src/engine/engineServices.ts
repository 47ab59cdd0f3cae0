import { join } from 'node:path';
import type { BackgroundRunner } from '../base/async.ts';
import { type Disposable, DisposableStore } from '../base/lifecycle.ts';
import type { Logger } from '../base/log.ts';
import type { ClusterPool } from './cluster/api.ts';
import { KubeClusterPool } from './cluster/clusterPool.ts';
import { Judge } from './drift/judge.ts';
import type { GitOptions } from './git/repository.ts';
import type { EngineSettings } from './model/settings.ts';
import { ObjectChecker } from './objectChecker.ts';
import { Locator } from './provenance/locate.ts';
import { RenderService } from './render/renderService.ts';
import { SourceRenderer } from './sourceRenderer.ts';

/** What an engine is made from. */
export interface EngineOptions {
  readonly settings: EngineSettings;
  /** folder for caches on disk; '' keeps everything in memory */
  readonly storagePath: string;
  /** laid over the process's environment: PATH and proxies of the login shell */
  readonly environment: Readonly<Record<string, string>>;
  readonly logger: Logger;
}

/** The rooms' long-lived parts. */
export interface EngineServices extends Disposable {
  readonly git: GitOptions;
  readonly pool: ClusterPool;
  readonly renderer: SourceRenderer;
  readonly checker: ObjectChecker;
  /** the list of kubeconfig files changed */
  reloadKubeconfig(): void;
}
