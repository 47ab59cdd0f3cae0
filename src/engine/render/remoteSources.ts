import type { SourceTree } from '../model/sourceTree.ts';

/** What a URL is used as: a manifest, a Git repository with a kustomization, a packed chart, the index of a chart repository. */
export type RemoteKind = 'file' | 'git' | 'chart' | 'index';

/** What a URL gave. `digest` is the SHA-256 of the bytes, or the commit of the tree. */
export type RemoteSource =
  | { readonly kind: 'file'; readonly bytes: Uint8Array; readonly digest: string }
  | { readonly kind: 'tree'; readonly tree: SourceTree; readonly path: string; readonly digest: string };

/** Where remote bases and chart dependencies come from. The renderer itself has no network. */
export interface RemoteSources {
  /**
   * @throws AppError `remote-base` when the user has not allowed fetching, `remote-failed` with `{url, problem}` when it did not work
   */
  resolve(url: string, kind: RemoteKind, signal: AbortSignal): Promise<RemoteSource>;
  /** Digest of what {@link resolve} would give without any fetching, or undefined. */
  digestOf(url: string): Promise<string | undefined>;
}
