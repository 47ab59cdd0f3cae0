/** A forge whose pages for new pull or merge requests are known. */
export type ForgeKind = 'github' | 'gitlab' | 'bitbucket' | 'gitea';

/** How commits are made. */
export interface CommitSettings {
  /** proposed message; `{applications}`, `{environments}`, `{files}` and `{branch}` are filled in */
  readonly messageTemplate: string;
  /** branches that nobody commits to; `*` and `**` stand for parts of names */
  readonly protectedBranches: readonly string[];
  /** kinds of self-hosted forges by host */
  readonly forges: Readonly<Record<string, ForgeKind>>;
  readonly signOff: boolean;
}

/** Commits as they are made when nobody sets anything. */
export const defaultCommitSettings: CommitSettings = {
  messageTemplate: 'Update {applications}',
  protectedBranches: [],
  forges: {},
  signOff: false,
};

/** Settings of the engine, whoever hosts it. */
export interface EngineSettings {
  readonly isTrusted: boolean;
  /** files as of `KUBECONFIG`; empty: the environment's or the default */
  readonly kubeconfig: readonly string[];
  /** contexts of hub clusters, where Argo CD and Flux run that deploy to other clusters */
  readonly controlPlanes: readonly string[];
  readonly gitPath: string | null;
  /** minutes between background fetches; 0: never */
  readonly fetchIntervalMinutes: number;
  readonly allowRemoteSources: boolean;
  readonly renderTimeoutSeconds: number;
  readonly decorationsEnabled: boolean;
  readonly codeLensEnabled: boolean;
  /** also a lens above each object */
  readonly objectLensEnabled: boolean;
  /** contexts to which suggestions were mapped by Choose Cluster: application path → destination */
  readonly chosenDestinations: Readonly<Record<string, { readonly context: string; readonly namespace: string }>>;
  readonly commit: CommitSettings;
}

/** The safe side of each setting: for hosts that send none or broken ones, and to be varied by others. */
export const defaultSettings: EngineSettings = {
  isTrusted: false,
  kubeconfig: [],
  controlPlanes: [],
  gitPath: null,
  fetchIntervalMinutes: 3,
  allowRemoteSources: false,
  renderTimeoutSeconds: 10,
  decorationsEnabled: true,
  codeLensEnabled: true,
  objectLensEnabled: false,
  chosenDestinations: {},
  commit: defaultCommitSettings,
};
