import * as vscode from 'vscode';
import type { Disposable } from '../../base/lifecycle.ts';
import { commandIds } from '../ids.ts';
import { filterFields } from '../tree/filter.ts';
import { groupings } from '../tree/grouping.ts';
import type { Grouping } from '../tree/grouping.ts';
import type { Services } from './services.ts';
import { registerCommands } from './services.ts';
import { toTarget } from './target.ts';

/** Refresh, Filter, Group By, and the commands of the engine, log and settings. */
export function registerViewCommands(services: Services): Disposable {
  const { presenter, view, settings, engine, log, store } = services;
  return registerCommands(presenter, {
    [commandIds.refresh]: async (argument) => {
      const applicationId = toTarget(argument)?.applicationId;
      await vscode.window.withProgress({ location: { viewId: 'plumbline.applications' } }, () =>
        engine.request('plumbline/refresh', { ...(applicationId === undefined ? {} : { applicationId }), fetch: true }),
      );
      store.pull();
    },
    [commandIds.filter]: () => askFilter(services),
    [commandIds.clearFilter]: () => view.setFilter('', true),
    [commandIds.groupBy]: async () => {
      const grouping = await pickGrouping(settings.grouping);
      if (grouping !== undefined) await settings.setGrouping(grouping);
    },
    [commandIds.restartEngine]: () => engine.restart(),
    [commandIds.showLog]: () => {
      log.show();
      return Promise.resolve();
    },
    [commandIds.openSettings]: async () => {
      await vscode.commands.executeCommand('workbench.action.openSettings', '@ext:plumbline.plumbline');
    },
  });
}

/** Filters while the user types; Escape brings back the filter from before. */
async function askFilter({ view, presenter }: Services): Promise<void> {
  const before = view.filterText;
  const input = vscode.window.createInputBox();
  input.title = vscode.l10n.t('Filter Applications');
  input.placeholder = vscode.l10n.t('Words, or {0}', 'state:drifted health:degraded environment:prod');
  input.prompt = vscode.l10n.t('Fields: {0}', filterFields.join(', '));
  input.value = before;
  let isAccepted = false;
  const apply = (text: string, isFinal: boolean): void => {
    view.setFilter(text, isFinal).catch((error: unknown) => {
      presenter.log('filter', error);
    });
  };
  await new Promise<void>((resolve) => {
    input.onDidChangeValue((text) => {
      apply(text, false);
    });
    input.onDidAccept(() => {
      isAccepted = true;
      apply(input.value, true);
      input.hide();
    });
    input.onDidHide(() => {
      if (!isAccepted) apply(before, true);
      input.dispose();
      resolve();
    });
    input.show();
  });
}

async function pickGrouping(current: Grouping): Promise<Grouping | undefined> {
  const labels: Readonly<Record<Grouping, string>> = {
    environment: vscode.l10n.t('Environment'),
    cluster: vscode.l10n.t('Cluster'),
    folder: vscode.l10n.t('Folder'),
    owner: vscode.l10n.t('Owner'),
    none: vscode.l10n.t('No Groups'),
  };
  const items = groupings.map((grouping) => ({
    label: labels[grouping],
    description: grouping === current ? vscode.l10n.t('current') : '',
    grouping,
  }));
  return (await vscode.window.showQuickPick(items, { placeHolder: vscode.l10n.t('Group applications by') }))?.grouping;
}
