import type { JsonObject } from './json.ts';
import type { DeployerSpec, PostBuildSpec } from './render.ts';

/** Who applies an application's objects. `unmanaged` is found and compared, never written to. */
export type Owner = 'argocd' | 'flux' | 'helm' | 'plumbline' | 'unmanaged';

/** What turns a path into objects. */
export type SourceType = 'directory' | 'kustomize' | 'helm';

/** A place in a text file of the repo. Lines and columns are 0-based; `file` is relative to the repo root with `/`. */
export interface FileRange {
  readonly file: string;
  readonly startLine: number;
  readonly startColumn: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** A place as people write it: `clusters/prod/shop.yaml:12`. */
export function placeText({ file, startLine }: Pick<FileRange, 'file' | 'startLine'>): string {
  return `${file}:${String(startLine + 1)}`;
}

/** Helm parameters of a source. */
export interface HelmParameters {
  readonly releaseName?: string;
  /** relative to the chart's folder, in order; the later wins */
  readonly valueFiles?: readonly string[];
  readonly values?: JsonObject;
}

/** Where the manifests of an application come from. */
export interface ApplicationSource {
  readonly type: SourceType;
  /** folder relative to the repo root, with `/`, without a leading or trailing one; '' is the root */
  readonly path: string;
  readonly helm?: HelmParameters;
  /** a Kustomization of Flux in the repo builds this path and replaces variables in it */
  readonly postBuild?: PostBuildSpec;
  /** a HelmRelease of Flux or an Application of Argo CD in the repo deploys this path, with parameters of its own */
  readonly deployedBy?: DeployerSpec;
}

/** A cluster and namespace. */
export interface Destination {
  /** name of the environment in plumbline.yaml, or undefined when chosen by hand */
  readonly environment?: string;
  /** kubeconfig context */
  readonly context: string;
  /** UID of the namespace kube-system; a context that reaches another cluster is refused */
  readonly clusterUid?: string;
  /** default namespace for namespaced objects that name none */
  readonly namespace: string;
}

/** Fields that do not count as drift. Paths are JSON pointers; `*` is one whole step. */
export interface IgnoreRule {
  readonly group?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly paths: readonly string[];
  /** where the rule stands, for the UI */
  readonly declaredBy: string;
}

/** What Plumbline may do on its own account. */
export interface Policy {
  readonly prune: boolean;
}

/** An environment of plumbline.yaml. */
export interface Environment {
  readonly name: string;
  readonly context: string;
  readonly clusterUid?: string;
  /** branch whose upstream is the target; undefined: the checked-out branch's upstream */
  readonly branch?: string;
  readonly isProtected: boolean;
  readonly allowDirty: boolean;
  readonly declaredAt?: FileRange;
}

/** One deployable unit. */
export interface Application {
  /** stable within a repo: `<environment or context or '-'>/<name>` */
  readonly id: string;
  readonly name: string;
  /** absolute path of the repo's root */
  readonly repoRoot: string;
  readonly source: ApplicationSource;
  /** undefined: `no destination` (a suggestion by convention) */
  readonly destination?: Destination;
  readonly policy: Policy;
  readonly owner: Owner;
  readonly ignore: readonly IgnoreRule[];
  /** how it was found */
  readonly origin: 'plumbline.yaml' | 'convention' | 'argocd' | 'flux';
  readonly declaredAt?: FileRange;
  readonly isProtected: boolean;
}
