import * as vscode from 'vscode';
import type { ApplicationRow, ObjectRow } from '../../engine/model/snapshot.ts';
import { parseAddress } from '../diff/documentUri.ts';
import { documentScheme } from '../ids.ts';
import { toThemeIcon } from '../tree/rowItems.ts';
import { applicationText, needsAttention } from '../words/applicationText.ts';
import { objectNeedsAttention, objectText } from '../words/objectText.ts';
import type { RowText } from '../words/rowText.ts';
import type { Services } from './services.ts';
import { toTarget } from './target.ts';
import type { CommandTarget } from './target.ts';

/** What a command acts on without asking: its argument, the document it was run in, or the first selected row. */
export function givenTarget(argument: unknown, services: Services): CommandTarget | undefined {
  return toTarget(argument) ?? documentTarget(argument) ?? documentTarget(activeUri()) ?? toTarget(services.view.selection[0]);
}

/** The application of a command: the given one, or the one that the user picks. */
export async function resolveApplication(
  argument: unknown,
  services: Services,
  placeHolder: string,
  matches: (row: ApplicationRow) => boolean = () => true,
): Promise<ApplicationRow | undefined> {
  const given = givenTarget(argument, services);
  const row = given === undefined ? undefined : services.store.applications.get(given.applicationId);
  return row !== undefined && matches(row) ? row : pickApplication(services, placeHolder, matches);
}

/** The object of a command: the given one, or the one that the user picks. */
export async function resolveObject(
  argument: unknown,
  services: Services,
  placeHolder: string,
  matches: (row: ObjectRow) => boolean = () => true,
): Promise<{ readonly application: ApplicationRow; readonly object: ObjectRow } | undefined> {
  const given = givenTarget(argument, services);
  const application =
    (given === undefined ? undefined : services.store.applications.get(given.applicationId)) ??
    (await pickApplication(services, vscode.l10n.t('Choose an application'), (row) => row.state !== 'no destination'));
  if (application === undefined) return undefined;
  const objects = await services.store.objects(application.id);
  const object = objects.find((row) => row.key === given?.key && matches(row));
  if (object !== undefined) return { application, object };
  const picked = await pickObject(services, application, objects.filter(matches), placeHolder);
  return picked === undefined ? undefined : { application, object: picked };
}

/** Lets the user choose an application; those that need attention come first. */
export async function pickApplication(
  services: Services,
  placeHolder: string,
  matches: (row: ApplicationRow) => boolean,
): Promise<ApplicationRow | undefined> {
  const words = services.words();
  const rows = [...services.store.applications.values()].filter(matches);
  if (rows.length === 0) {
    await vscode.window.showInformationMessage(vscode.l10n.t('No application is there for this command.'));
    return undefined;
  }
  rows.sort((a, b) => Number(needsAttention(b)) - Number(needsAttention(a)) || a.name.localeCompare(b.name));
  const items = rows.map((row) => ({
    ...toItem(applicationText(row, services.store.cluster(row.context), row.environment ?? row.context, words)),
    row,
  }));
  const picked = await vscode.window.showQuickPick(items, { placeHolder, matchOnDescription: true });
  return picked?.row;
}

async function pickObject(
  services: Services,
  application: ApplicationRow,
  rows: readonly ObjectRow[],
  placeHolder: string,
): Promise<ObjectRow | undefined> {
  if (rows.length === 0) {
    await vscode.window.showInformationMessage(vscode.l10n.t('{0} has no object for this command.', application.name));
    return undefined;
  }
  const words = services.words();
  const sorted = [...rows].sort(
    (a, b) => Number(objectNeedsAttention(b)) - Number(objectNeedsAttention(a)) || a.kind.localeCompare(b.kind),
  );
  const items = sorted.map((row) => ({ ...toItem(objectText(row, application, words)), row }));
  const picked = await vscode.window.showQuickPick(items, { title: application.name, placeHolder, matchOnDescription: true });
  return picked?.row;
}

function toItem(text: RowText): vscode.QuickPickItem {
  return { label: text.label, description: text.description, iconPath: toThemeIcon(text.look) };
}

function documentTarget(value: unknown): CommandTarget | undefined {
  if (!(value instanceof vscode.Uri) || value.scheme !== documentScheme) return undefined;
  const subject = parseAddress(value.query);
  return subject?.type === 'side' ? { applicationId: subject.applicationId, key: subject.key } : undefined;
}

function activeUri(): vscode.Uri | undefined {
  return vscode.window.activeTextEditor?.document.uri;
}
