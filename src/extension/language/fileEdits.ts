import * as vscode from 'vscode';
import type { NewFile, TextEdit } from '../../engine/model/writeback.ts';
import type { Services } from '../commands/services.ts';
import type { Question, ShownEdit } from './writebackWords.ts';

/** Edits of files of one repo, as the engine plans them. */
export interface FileEdits {
  readonly repoRoot: string;
  readonly edits: readonly TextEdit[];
  readonly newFiles: readonly NewFile[];
}

/** The edits with what stands in the editor's texts now. */
export async function shownEdits({ repoRoot, edits }: FileEdits): Promise<ShownEdit[]> {
  const shown: ShownEdit[] = [];
  for (const { range, newText } of edits) {
    const document = await vscode.workspace.openTextDocument(uriOf(repoRoot, range.file));
    const before = document.getText(toRange(range));
    // An edit within a line is shown as the whole of it, without what is indentation.
    const isInline = !newText.includes('\n') && range.startLine === range.endLine;
    const line = document.lineAt(range.startLine).text;
    const whole = line.slice(0, range.startColumn) + newText + line.slice(range.endColumn);
    shown.push({ file: range.file, line: range.startLine, ...(isInline ? { before: line, after: whole } : { before, after: newText }) });
  }
  return shown;
}

/**
 * Asks once, with each edit in the dialog, and applies the edits; the editor saves them as it saves refactorings.
 * @returns whether they were applied
 */
export async function confirmAndApply(
  planned: FileEdits,
  { message, detail }: Question,
  title: string,
  services: Services,
): Promise<boolean> {
  const [apply, showDiff] = [vscode.l10n.t('Apply'), vscode.l10n.t('Show Diff')];
  let choice = await vscode.window.showWarningMessage(message, { modal: true, detail }, apply, showDiff);
  if (choice === showDiff) {
    await openDiff(planned, title, services);
    // Not modal, so that the diff can be read before the answer.
    choice = await vscode.window.showWarningMessage(message, apply, vscode.l10n.t('Cancel'));
  }
  if (choice !== apply) return false;
  const edit = new vscode.WorkspaceEdit();
  for (const { file, text } of planned.newFiles) {
    const uri = uriOf(planned.repoRoot, file);
    edit.createFile(uri, { contents: Buffer.from(text, 'utf8') });
  }
  for (const { range, newText } of planned.edits) edit.replace(uriOf(planned.repoRoot, range.file), toRange(range), newText);
  const isApplied = await vscode.workspace.applyEdit(edit, { isRefactoring: true });
  if (!isApplied) await vscode.window.showWarningMessage(vscode.l10n.t('The editor did not take the edits: the files changed meanwhile.'));
  return isApplied;
}

/** Every file now and as it would be, in one view. */
async function openDiff({ repoRoot, edits, newFiles }: FileEdits, title: string, { documents }: Services): Promise<void> {
  const virtual = async (text: string): Promise<vscode.Uri> => {
    const uri = documents.addPlan(text);
    await vscode.languages.setTextDocumentLanguage(await vscode.workspace.openTextDocument(uri), 'yaml');
    return uri;
  };
  const rows: [vscode.Uri, vscode.Uri | undefined, vscode.Uri][] = [];
  for (const file of new Set(edits.map(({ range }) => range.file))) {
    const uri = uriOf(repoRoot, file);
    const document = await vscode.workspace.openTextDocument(uri);
    const own = edits.filter(({ range }) => range.file === file);
    let text = document.getText();
    for (const { range, newText } of own.toReversed()) {
      const [start, end] = [document.offsetAt(toRange(range).start), document.offsetAt(toRange(range).end)];
      text = text.slice(0, start) + newText + text.slice(end);
    }
    rows.push([uri, uri, await virtual(text)]);
  }
  for (const { file, text } of newFiles) rows.push([uriOf(repoRoot, file), undefined, await virtual(text)]);
  await vscode.commands.executeCommand('vscode.changes', title, rows);
}

function uriOf(repoRoot: string, file: string): vscode.Uri {
  return vscode.Uri.joinPath(vscode.Uri.file(repoRoot), file);
}

function toRange({ startLine, startColumn, endLine, endColumn }: TextEdit['range']): vscode.Range {
  return new vscode.Range(startLine, startColumn, endLine, endColumn);
}
