import * as vscode from 'vscode';
import { toError } from '../../base/errors.ts';
import type { PushOutcome } from '../../engine/model/commit.ts';

/** What is used of a repository of the Git extension's API, version 1. */
interface GitRepositoryApi {
  push(remoteName?: string, branchName?: string, setUpstream?: boolean): Promise<void>;
}

interface GitApi {
  getRepository(uri: vscode.Uri): GitRepositoryApi | null;
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
};

/** Pushes through the editor's Git extension, so that its credentials work. */
export class GitExtension {
  /**
   * Pushes one refspec to a remote.
   * @returns undefined when the Git extension is off or does not know the repository: git itself may push then
   */
  async push(request: { repoRoot: string; remote: string; refspec: string }): Promise<PushOutcome | undefined> {
    const repository = await this.#repository(request.repoRoot);
    if (repository === undefined) return undefined;
    try {
      await repository.push(request.remote, request.refspec);
      return { outcome: 'pushed' };
    } catch (error) {
      const name = toError(error);
      const gitCode = 'gitErrorCode' in name && typeof name.gitErrorCode === 'string' ? name.gitErrorCode : '';
      const stderr = 'stderr' in name && typeof name.stderr === 'string' ? name.stderr.trim() : name.message;
      const known = codes[gitCode];
      const isRefused = /\[remote rejected\]/.test(stderr);
      return {
        outcome: known?.outcome ?? 'failed',
        reason: {
          code: isRefused ? 'push-refused' : (known?.code ?? 'push-failed'),
          details: { remote: request.remote, message: stderr.split('\n').slice(-4).join(' ') },
        },
      };
    }
  }

  async #repository(root: string): Promise<GitRepositoryApi | undefined> {
    const extension = vscode.extensions.getExtension<GitExtensionExports>('vscode.git');
    if (extension === undefined) return undefined;
    const git = await extension.activate();
    if (!git.enabled) return undefined;
    const api = git.getAPI(1);
    const uri = vscode.Uri.file(root);
    return api.getRepository(uri) ?? (await api.openRepository?.(uri)) ?? undefined;
  }
}
