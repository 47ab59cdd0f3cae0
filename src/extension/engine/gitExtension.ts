import * as vscode from 'vscode';
import { toError } from '../../base/errors.ts';
import type { PushOutcome } from '../../engine/model/commit.ts';
import type { Reason } from '../../engine/model/states.ts';

/** What is used of a repository of the Git extension's API, version 1. */
interface GitRepositoryApi {
  push(remoteName?: string, branchName?: string, setUpstream?: boolean): Promise<void>;
  fetch(options?: { readonly remote?: string }): Promise<void>;
  diffBetween(from: string, to: string): Promise<readonly { readonly uri: vscode.Uri }[]>;
}

interface GitApi {
  getRepository(uri: vscode.Uri): GitRepositoryApi | null;
  toGitUri(uri: vscode.Uri, ref: string): vscode.Uri;
  openRepository?(root: vscode.Uri): Promise<GitRepositoryApi | null>;
}

interface GitExtensionExports {
  readonly enabled: boolean;
  getAPI(version: 1): GitApi;
}

/** Codes of the Git extension's errors that say what came of a push; all others are failures. */
const codes: Readonly<Record<string, { readonly outcome: PushOutcome['outcome']; readonly code: string }>> = {
  PushRejected: { outcome: 'rejected', code: 'push-rejected' },
  AuthenticationFailed: { outcome: 'failed', code: 'push-sign-in' },
  PermissionDenied: { outcome: 'failed', code: 'push-sign-in' },
};

/** A file that differs between two commits, with its texts. */
export interface FileChange {
  readonly uri: vscode.Uri;
  readonly left: vscode.Uri;
  readonly right: vscode.Uri;
}

/** Id of the tree without any file, which every Git knows (gitrepository-layout(5) objects of SHA-1). */
const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

/** Talks to remotes through the editor's Git extension, so that its credentials work. */
export class GitExtension {
  /**
   * Pushes one refspec to a remote.
   * @returns null when the Git extension is off or does not know the repository: git itself may push then
   */
  async push(request: { readonly repoRoot: string; readonly remote: string; readonly refspec: string }): Promise<PushOutcome | null> {
    const repository = await this.#repository(request.repoRoot);
    if (repository === undefined) return null;
    try {
      await repository.push(request.remote, request.refspec);
      return { outcome: 'pushed' };
    } catch (error) {
      const { gitCode, said } = factsOf(error);
      const known = codes[gitCode];
      const refusal = /\[remote rejected\].*\((.*)\)/.exec(said)?.[1];
      const code = refusal === undefined ? (known?.code ?? 'push-failed') : 'push-refused';
      const details = { remote: request.remote, message: refusal ?? lastLines(said) };
      return { outcome: refusal === undefined ? (known?.outcome ?? 'failed') : 'failed', reason: { code, details } };
    }
  }

  /**
   * Fetches the branches of a remote.
   * @returns why it failed as `problem`; null as in {@link push}
   */
  async fetch(request: { readonly repoRoot: string; readonly remote: string }): Promise<{ readonly problem?: Reason } | null> {
    const repository = await this.#repository(request.repoRoot);
    if (repository === undefined) return null;
    try {
      await repository.fetch({ remote: request.remote });
      return {};
    } catch (error) {
      const { gitCode, said } = factsOf(error);
      const code = codes[gitCode]?.code === 'push-sign-in' ? 'git-fetch-sign-in' : 'git-fetch-failed';
      return { problem: { code, details: { remote: request.remote, message: lastLines(said) } } };
    }
  }

  /**
   * The files that differ between two commits.
   * @param request `from` absent: the parent of `to`
   * @returns undefined when the Git extension is off, or does not have the commits
   */
  async changes(request: {
    readonly repoRoot: string;
    readonly from?: string;
    readonly to: string;
  }): Promise<readonly FileChange[] | undefined> {
    const { repoRoot, to } = request;
    const [api, repository] = [await this.#api(), await this.#repository(repoRoot)];
    if (api === undefined || repository === undefined) return undefined;
    for (const from of request.from === undefined ? [`${to}^`, emptyTree] : [request.from]) {
      try {
        const changes = await repository.diffBetween(from, to);
        return changes.map(({ uri }) => ({ uri, left: api.toGitUri(uri, from), right: api.toGitUri(uri, to) }));
      } catch {
        // The first commit has no parent: it is compared with nothing.
      }
    }
    return undefined;
  }

  async #repository(root: string): Promise<GitRepositoryApi | undefined> {
    const api = await this.#api();
    const uri = vscode.Uri.file(root);
    return api?.getRepository(uri) ?? (await api?.openRepository?.(uri)) ?? undefined;
  }

  async #api(): Promise<GitApi | undefined> {
    const extension = vscode.extensions.getExtension<GitExtensionExports>('vscode.git');
    if (extension === undefined) return undefined;
    const git = await extension.activate();
    return git.enabled ? git.getAPI(1) : undefined;
  }
}

function factsOf(error: unknown): { readonly gitCode: string; readonly said: string } {
  const failure = toError(error);
  return {
    gitCode: 'gitErrorCode' in failure && typeof failure.gitErrorCode === 'string' ? failure.gitErrorCode : '',
    said: 'stderr' in failure && typeof failure.stderr === 'string' ? failure.stderr.trim() : failure.message,
  };
}

/** The end of what git said, without user names and passwords of URLs. */
function lastLines(said: string): string {
  return said
    .split('\n')
    .slice(-4)
    .join(' ')
    .replaceAll(/(\w+:\/\/)[^/\s@']+@/g, '$1');
}
