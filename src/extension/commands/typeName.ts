import * as vscode from 'vscode';

/**
 * Asks for the name of a protected environment.
 * @param prompt what will happen
 * @returns whether exactly that name was typed
 */
export async function typeName(name: string, prompt: string): Promise<boolean> {
  const typed = await vscode.window.showInputBox({
    title: vscode.l10n.t('{0} is protected', name),
    prompt,
    ignoreFocusOut: true,
    validateInput: (value) => (value === '' || name.startsWith(value) ? undefined : vscode.l10n.t('This is not {0}.', name)),
  });
  return typed === name;
}
