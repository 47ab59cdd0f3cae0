import type { ClusterConnection } from '../cluster/api.ts';
import type { Application } from '../model/application.ts';
import type { RenderResult, SourceSpec } from '../model/render.ts';
import type { SourceTree } from '../model/sourceTree.ts';
import type { PatientRemotes } from './patientRemotes.ts';
import type { RenderService } from '../render/renderService.ts';

/** Bases fetched one after the other, since each is known only when the one before is there. */
const MAX_ROUNDS = 20;
const remoteCodes: readonly string[] = ['remote-failed', 'dependency-missing'];

/** Renders applications: knows how a definition becomes a render's parameters. */
export class SourceRenderer {
  readonly #renders: RenderService;
  readonly #remotes: PatientRemotes;
  readonly #timeoutMs: () => number;

  /**
   * @param remotes the remote sources that `renders` asks
   * @param timeoutMs asked at each render, since the setting may change
   */
  constructor(renders: RenderService, remotes: PatientRemotes, timeoutMs: () => number) {
    this.#renders = renders;
    this.#remotes = remotes;
    this.#timeoutMs = timeoutMs;
  }

  /** Version of the renderer, for records. */
  version(): Promise<string> {
    return this.#renders.rendererVersion();
  }

  /**
   * Renders an application from one side; again when a remote source that it needs has come meanwhile.
   * @param connection of the destination, for `.Capabilities` of Helm templates; undefined: those of the renderer
   * @param kubernetes version for `.Capabilities` instead of the connection's, e.g. `v1.36.3`
   */
  async render(
    application: Application,
    tree: SourceTree,
    connection: ClusterConnection | undefined,
    signal: AbortSignal,
    kubernetes = connection?.version,
  ): Promise<RenderResult> {
    const spec = specOf(application, connection, kubernetes);
    for (let round = 1; ; round += 1) {
      const result = await this.#renders.render(spec, tree, { signal, timeoutMs: this.#timeoutMs() });
      const isWaiting = this.#remotes.isBusy && result.errors.some(({ code }) => remoteCodes.includes(code));
      if (!isWaiting || round === MAX_ROUNDS) return result;
      await this.#remotes.settled(signal);
    }
  }
}

/** The parameters that an application's source is rendered with. */
export function specOf(application: Application, connection: ClusterConnection | undefined, kubernetes = connection?.version): SourceSpec {
  const { source, destination } = application;
  const deployed = source.deployedBy === undefined ? {} : { deployedBy: source.deployedBy };
  if (source.type !== 'helm') {
    const { type, path, postBuild } = source;
    return { type, path, ...deployed, ...(postBuild === undefined ? {} : { postBuild }) };
  }
  const { helm = {} } = source;
  return {
    type: 'helm',
    path: source.path,
    ...deployed,
    helm: {
      releaseName: helm.releaseName ?? application.name,
      namespace: destination?.namespace ?? 'default',
      includeCrds: true,
      skipTests: true,
      ...(helm.valueFiles === undefined ? {} : { valueFiles: helm.valueFiles }),
      ...(helm.values === undefined ? {} : { values: helm.values }),
    },
    ...(connection === undefined || kubernetes === undefined
      ? {}
      : { kubeVersion: kubernetes, apiVersions: connection.discovery.apiVersions() }),
  };
}
