import type { ClusterConnection } from './cluster/api.ts';
import type { Application } from './model/application.ts';
import type { RenderResult, SourceSpec } from './model/render.ts';
import type { SourceTree } from './model/sourceTree.ts';
import type { RenderService } from './render/renderService.ts';

/** Renders applications: knows how a definition becomes a render's parameters. */
export class SourceRenderer {
  readonly #renders: RenderService;
  readonly #timeoutMs: () => number;

  /** @param timeoutMs asked at each render, since the setting may change */
  constructor(renders: RenderService, timeoutMs: () => number) {
    this.#renders = renders;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Renders an application from one side.
   * @param connection of the destination, for `.Capabilities` of Helm templates; undefined: those of the renderer
   */
  render(
    application: Application,
    tree: SourceTree,
    connection: ClusterConnection | undefined,
    signal: AbortSignal,
  ): Promise<RenderResult> {
    return this.#renders.render(specOf(application, connection), tree, { signal, timeoutMs: this.#timeoutMs() });
  }
}

/** The parameters that an application's source is rendered with. */
export function specOf(application: Application, connection: ClusterConnection | undefined): SourceSpec {
  const { source, destination } = application;
  if (source.type !== 'helm') return { type: source.type, path: source.path };
  const { helm = {} } = source;
  return {
    type: 'helm',
    path: source.path,
    helm: {
      releaseName: helm.releaseName ?? application.name,
      namespace: destination?.namespace ?? 'default',
      includeCrds: true,
      skipTests: true,
      ...(helm.valueFiles === undefined ? {} : { valueFiles: helm.valueFiles }),
      ...(helm.values === undefined ? {} : { values: helm.values }),
    },
    ...(connection?.version === undefined ? {} : { kubeVersion: connection.version, apiVersions: connection.discovery.apiVersions() }),
  };
}
