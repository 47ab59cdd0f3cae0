import * as vscode from 'vscode';

/** How long one thing may take to appear, in milliseconds. */
const patienceMs = 45_000;

/** Waits until a look gives something; tries again every 100 ms. */
export async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const deadlineMs = Date.now() + patienceMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (Date.now() > deadlineMs) throw new Error(`${what}: not within ${String(patienceMs / 1000)} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** A file of the folder that is open. */
export function fileUri(path: string): vscode.Uri {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  if (folder === undefined) throw new Error('no folder is open');
  return vscode.Uri.joinPath(folder.uri, path);
}

/** The diff of the active tab, when it is one. */
export function activeDiff(): { readonly label: string; readonly left: vscode.Uri; readonly right: vscode.Uri } | undefined {
  const tab = vscode.window.tabGroups.activeTabGroup.activeTab;
  if (!(tab?.input instanceof vscode.TabInputTextDiff)) return undefined;
  return { label: tab.label, left: tab.input.original, right: tab.input.modified };
}

/** Text of a document. */
export async function textOf(uri: vscode.Uri): Promise<string> {
  return (await vscode.workspace.openTextDocument(uri)).getText();
}

/** Waits until the engine has put its marks into the Problems of a file. */
export async function untilMarked(uri: vscode.Uri): Promise<readonly vscode.Diagnostic[]> {
  return until(`problems of ${uri.path}`, () => {
    const ours = vscode.languages.getDiagnostics(uri).filter(({ source }) => source === 'Plumbline');
    return ours.length > 0 ? ours : undefined;
  });
}
