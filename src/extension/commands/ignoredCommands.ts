import * as vscode from 'vscode';
import type { Disposable } from '../../base/lifecycle.ts';
import { type FileRange, placeText } from '../../engine/model/application.ts';
import type { ApplicationRow } from '../../engine/model/snapshot.ts';
import { commandIds } from '../ids.ts';
import { type IgnoredItem, ignoredItems } from '../words/ignoredText.ts';
import { givenTarget, resolveApplication } from './pick.ts';
import { registerCommands, type Services } from './services.ts';

type Choice = vscode.QuickPickItem & { readonly item: IgnoredItem };

/** *Show Ignored Fields*: what the comparison of an application or object leaves out, by which rule and why; goes to the rule. */
export function registerIgnoredCommands(services: Services): Disposable {
  return registerCommands(services.presenter, {
    [commandIds.showIgnored]: (argument) => showIgnored(argument, services),
  });
}

async function showIgnored(argument: unknown, services: Services): Promise<void> {
  const application = await resolveApplication(
    argument,
    services,
    vscode.l10n.t('Choose an application'),
    (row) => row.state !== 'no destination',
  );
  if (application === undefined) return;
  const given = givenTarget(argument, services);
  const key = given?.applicationId === application.id ? given.key : undefined;
  const list = await services.engine.request('plumbline/ignored', { applicationId: application.id });
  const items = ignoredItems(list, services.words(), key);
  if (items.length === 0) {
    await vscode.window.showInformationMessage(vscode.l10n.t('Nothing is left out of the comparison of {0}.', application.name));
    return;
  }
  const chosen = await vscode.window.showQuickPick(
    items.map((item) => toChoice(item)),
    {
      title: vscode.l10n.t('Ignored fields of {0}', application.name),
      placeHolder: vscode.l10n.t('Choose one to see its rule'),
      matchOnDescription: true,
      matchOnDetail: true,
    },
  );
  if (chosen !== undefined) await goTo(chosen.item, application, services);
}

function toChoice(item: IgnoredItem): Choice {
  const { label, description, detail, isHeading } = item;
  if (isHeading) return { label, kind: vscode.QuickPickItemKind.Separator, item };
  return { label, description, ...(detail === undefined ? {} : { detail }), item };
}

/** A rule that stands in the repo is opened, of several places the one that the user chooses; else the object is shown. */
async function goTo({ sources, field }: IgnoredItem, application: ApplicationRow, { view }: Services): Promise<void> {
  if (sources.length === 0) {
    if (field !== undefined) await view.reveal({ applicationId: application.id, key: field.objectKey });
    return;
  }
  const source = sources.length === 1 ? sources[0] : await choosePlace(sources);
  if (source === undefined) return;
  const start = new vscode.Position(source.startLine, source.startColumn);
  const uri = vscode.Uri.joinPath(vscode.Uri.file(application.repoRoot), source.file);
  await vscode.window.showTextDocument(uri, { selection: new vscode.Range(start, start), preview: true });
}

async function choosePlace(sources: readonly FileRange[]): Promise<FileRange | undefined> {
  const chosen = await vscode.window.showQuickPick(
    sources.map((source) => ({ label: placeText(source), source })),
    { title: vscode.l10n.t('Several files write this rule'), placeHolder: vscode.l10n.t('Choose one to open it') },
  );
  return chosen?.source;
}
