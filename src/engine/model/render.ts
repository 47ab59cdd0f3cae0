import type { SourceType } from './application.ts';
import type { JsonObject } from './json.ts';
import type { KubeObject } from './objects.ts';
import type { Reason } from './states.ts';

/** Names of kustomization files, the first that is there counts (kustomize `konfig.RecognizedKustomizationFileNames`). */
export const kustomizationFiles: readonly string[] = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

/** Parameters of a Helm render, as `helm template` takes them. */
export interface HelmSpec {
  readonly releaseName: string;
  /** `.Release.Namespace` */
  readonly namespace: string;
  /** paths relative to the chart's folder, in order; the later wins */
  readonly valueFiles?: readonly string[];
  /** inline values; win over every file */
  readonly values?: JsonObject;
  /** add the objects of `crds/`, as `--include-crds` does; default false */
  readonly includeCrds?: boolean;
  /** leave out hooks of event `test`, as `--skip-tests` does; default false */
  readonly skipTests?: boolean;
  /** do not validate values against `values.schema.json`; default false */
  readonly skipSchemaValidation?: boolean;
}

/** Parameters of a Kustomize build. */
export interface KustomizeSpec {
  /** `rootOnly` (default): files must lie in or below the kustomization's folder; `none`: anywhere in the source tree, as Flux builds */
  readonly loadRestrictor?: 'rootOnly' | 'none';
}

/** Variables that Flux replaces in what a Kustomization builds (`spec.postBuild`); they are read from the tree that is rendered. */
export interface PostBuildSpec {
  /** where the Kustomization stands */
  readonly file: string;
  readonly name: string;
  readonly namespace: string;
  /** ConfigMaps and Secrets of its `substituteFrom`, in order; `file` absent: the tree has none of that name */
  readonly sources: readonly ValuesObject[];
}

/** A ConfigMap or Secret that something takes values from; `file` absent: the tree has none of that name. */
export interface ValuesObject {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
  readonly isOptional: boolean;
  readonly file?: string;
}

/**
 * What deploys a source and says with which parameters: a HelmRelease of Flux, or an Application of Argo CD, written in the repo. The
 * parameters are read from the tree that is rendered, so that each side has its own.
 */
export interface DeployerSpec {
  readonly kind: 'HelmRelease' | 'Application';
  /** where it stands */
  readonly file: string;
  readonly name: string;
  /** empty where it names none */
  readonly namespace: string;
  /** ConfigMaps and Secrets that `valuesFrom` names, and where the repo writes them */
  readonly sources: readonly ValuesObject[];
}

/** What to render; with the tree that it is rendered from it decides the result entirely. */
export interface SourceSpec {
  readonly type: SourceType;
  /** folder relative to the root of the source tree, with `/`, without a leading or trailing one; '' is the root */
  readonly path: string;
  /** needed when `type` is `helm` */
  readonly helm?: HelmSpec;
  readonly kustomize?: KustomizeSpec;
  readonly postBuild?: PostBuildSpec;
  /** its parameters win over those of {@link helm} */
  readonly deployedBy?: DeployerSpec;
  /** version of the destination cluster for `.Capabilities.KubeVersion`, e.g. `v1.36.3`; default: that of the renderer */
  readonly kubeVersion?: string;
  /** API versions of the destination cluster for `.Capabilities.APIVersions`, as `group/version` and `group/version/Kind`; added to the built-in ones */
  readonly apiVersions?: readonly string[];
  /** decides the clock and the random numbers that templates see: the same seed gives the same result; default 0 */
  readonly seed?: number;
}

/** A Helm hook's marks. */
export interface HookInfo {
  readonly events: readonly string[];
  readonly weight: number;
  readonly deletePolicies: readonly string[];
}

/** One object of a render, in the order of the render. */
export interface RenderedObject {
  readonly object: KubeObject;
  /** file in which it was declared, relative to the root of the source tree; for Helm the template's file */
  readonly file?: string;
  /** which document of `file` it is, from 0, empty documents not counted; an item of a List has the List's. Absent where it cannot be told */
  readonly documentIndex?: number;
  /** 0-based line of `file` on which the document's content starts; directory sources only */
  readonly line?: number;
  /** Helm: path as in `# Source:` comments, e.g. `shop/charts/cache/templates/pod.yaml` */
  readonly template?: string;
  readonly hook?: HookInfo;
  /** Kustomize: made by a generator, configured in this kustomization file */
  readonly generatedBy?: string;
  /** Kustomize: comes from this remote base */
  readonly remote?: string;
}

/**
 * One look at the source tree. `hash` is the blob id of a file that was read, `dir:` and a hash of the names and kinds of a folder that
 * was listed, the kind of what stands at a path where only that was asked, the digest of a remote source (`path` is kind and URL);
 * `absent` when nothing was there.
 */
export interface ReadRecord {
  readonly path: string;
  readonly kind: 'file' | 'dir' | 'kind' | 'remote';
  readonly hash: string;
}

/** Codes of what can go wrong in a render. */
export type RenderErrorCode =
  | 'source-missing'
  | 'yaml-invalid'
  | 'yaml-duplicate-key'
  | 'object-invalid'
  | 'not-a-manifest'
  | 'duplicate-object'
  | 'kustomization-missing'
  | 'kustomization-invalid'
  | 'resource-missing'
  | 'kustomization-cycle'
  | 'outside-root'
  | 'remote-base'
  | 'remote-failed'
  | 'kustomize-failed'
  | 'chart-missing'
  | 'chart-invalid'
  | 'values-missing'
  | 'values-invalid'
  | 'values-schema'
  | 'dependency-missing'
  | 'kube-version-incompatible'
  | 'template-failed'
  | 'template-output-invalid'
  | 'file-too-large'
  | 'output-too-large'
  | 'render-timeout'
  | 'render-out-of-memory'
  | 'variables-missing'
  | 'parameters-missing'
  | 'read-failed'
  | 'renderer-failed';

/** Why a render, or one file of it, failed. Lines and columns are 1-based, as the tools print them. */
export interface RenderError {
  readonly code: RenderErrorCode;
  /** the tool's own words; never holds a Secret's value */
  readonly message: string;
  /** relative to the root of the source tree */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** Helm: path as in `# Source:` comments */
  readonly template?: string;
  /** more for the words of the code: `url`, `name`, `version`, `repository`, `otherFile`, `key`, `limit` ... */
  readonly details?: Readonly<Record<string, string | number>>;
  /** true: the objects are complete all the same (a file that holds no manifest) */
  readonly isWarning?: boolean;
}

/** The outcome of one render. With an error that is no warning the objects are not to be applied or pruned by. */
export interface RenderResult {
  readonly objects: readonly RenderedObject[];
  readonly errors: readonly RenderError[];
  /** every look at the tree, sorted by path; the result holds as long as these hold */
  readonly reads: readonly ReadRecord[];
  /** hash of spec, renderer and reads: equal keys mean equal results */
  readonly key: string;
  readonly isFromCache: boolean;
  readonly elapsedMs: number;
}

/** One document of a YAML text, with the semantics of sigs.k8s.io/yaml. */
export interface ParsedDocument {
  /** absent when this document is broken, or empty */
  readonly value?: JsonObject;
  /** from 0, empty documents not counted */
  readonly index: number;
  /** 0-based first and last line (inclusive) of the document's content in the text */
  readonly startLine: number;
  readonly endLine: number;
  readonly error?: RenderError;
}

/** Whether a render is complete: no error but warnings. */
export function isComplete(result: RenderResult): boolean {
  return result.errors.every((error) => error.isWarning === true);
}

/** A render's error as a reason whose words `describe` knows: its message is there as `problem`, unless the details name the problem itself. */
export function renderReason(error: RenderError): Reason {
  const { code, message, file, line, column, template, details } = error;
  const place = file === undefined ? 'the source' : [file, line, column].filter((part) => part !== undefined && part !== 0).join(':');
  return { code, details: { problem: message, place, file, line, column, template, ...details } };
}
