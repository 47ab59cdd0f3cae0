import * as vscode from 'vscode';
import type { ContextKeys } from './ids.ts';

/** Sets the context keys that `when` clauses read; skips values that are set already. */
export class ContextKeySetter {
  readonly #values = new Map<keyof ContextKeys, unknown>();

  set<Key extends keyof ContextKeys>(key: Key, value: ContextKeys[Key]): void {
    if (this.#values.has(key) && this.#values.get(key) === value) return;
    this.#values.set(key, value);
    void vscode.commands.executeCommand('setContext', key, value);
  }
}
