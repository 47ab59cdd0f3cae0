/** Settings of the engine, whoever hosts it. */
export interface EngineSettings {
  readonly isTrusted: boolean;
  /** files as of `KUBECONFIG`; empty: the environment's or the default */
  readonly kubeconfig: readonly string[];
  readonly gitPath: string | null;
  /** minutes between background fetches; 0: never */
  readonly fetchIntervalMinutes: number;
  readonly allowRemoteSources: boolean;
  readonly renderTimeoutSeconds: number;
  readonly decorationsEnabled: boolean;
  readonly codeLensEnabled: boolean;
  /** contexts to which suggestions were mapped by Choose Cluster: application path → destination */
  readonly chosenDestinations: Readonly<Record<string, { readonly context: string; readonly namespace: string }>>;
}
