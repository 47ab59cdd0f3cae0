import * as vscode from 'vscode';
import type { Disposable } from '../../base/lifecycle.ts';
import { sidePairs } from '../../engine/model/sides.ts';
import type { Side } from '../../engine/model/sides.ts';
import type { ApplicationRow, ObjectRow } from '../../engine/model/snapshot.ts';
import { diffTitle, sideName } from '../diff/sideNames.ts';
import { commandIds } from '../ids.ts';
import { objectNeedsAttention } from '../words/objectText.ts';
import { givenTarget, pickApplication, resolveObject } from './pick.ts';
import type { Services } from './services.ts';
import { registerCommands } from './services.ts';
import { toTarget } from './target.ts';

interface Sides {
  readonly left: Side;
  readonly right: Side;
}

/** Left live, right Git, as Argo CD shows them. */
const liveVersusGit: Sides = { left: 'live', right: 'target' };
const mostDiffs = 200;

/** Commands that open diffs, and the toggle of what they show. */
export function registerDiffCommands(services: Services): Disposable {
  const { presenter, documents, contextKeys } = services;
  const setAllFields = (value: boolean): void => {
    documents.showsAllFields = value;
    contextKeys.set('plumbline:allFields', value);
  };
  const pair = (left: Side, right: Side) => (argument: unknown) => openDiff(argument, { left, right }, services);
  return registerCommands(presenter, {
    [commandIds.openDiff]: pair(liveVersusGit.left, liveVersusGit.right),
    [commandIds.compareLiveTarget]: pair('live', 'target'),
    [commandIds.compareLiveSynced]: pair('live', 'synced'),
    [commandIds.compareSyncedTarget]: pair('synced', 'target'),
    [commandIds.compareTargetHead]: pair('target', 'HEAD'),
    [commandIds.compareHeadWorkingTree]: pair('HEAD', 'working tree'),
    [commandIds.compareLiveWorkingTree]: pair('live', 'working tree'),
    [commandIds.compareSides]: (argument) => compareSides(argument, services),
    [commandIds.showAllFields]: () => {
      setAllFields(true);
      return Promise.resolve();
    },
    [commandIds.showRelevantFields]: () => {
      setAllFields(false);
      return Promise.resolve();
    },
  });
}

async function openDiff(argument: unknown, sides: Sides, services: Services): Promise<void> {
  const given = givenTarget(argument, services);
  const isWholeApplication = given !== undefined && given.key === undefined && toTarget(argument) !== undefined;
  if (isWholeApplication) {
    const application = services.store.applications.get(given.applicationId);
    if (application !== undefined) await openApplicationDiff(application, sides, services);
    return;
  }
  if (given?.key !== undefined) {
    const found = await resolveObject(given, services, vscode.l10n.t('Choose an object to compare'));
    if (found !== undefined) await openObjectDiff(found.application, found.object, sides, services);
    return;
  }
  const application = await pickApplication(
    services,
    vscode.l10n.t('Choose an application to compare'),
    (row) => row.context !== undefined,
  );
  if (application !== undefined) await pickWhatToCompare(application, sides, services);
}

async function pickWhatToCompare(application: ApplicationRow, sides: Sides, services: Services): Promise<void> {
  const objects = await services.store.objects(application.id);
  const items = [
    { label: vscode.l10n.t('All objects that differ'), iconPath: new vscode.ThemeIcon('diff-multiple'), object: undefined },
    ...[...objects]
      .sort((a, b) => Number(objectNeedsAttention(b)) - Number(objectNeedsAttention(a)))
      .map((object) => ({ label: `${object.kind}/${object.name}`, description: object.state, object })),
  ];
  const picked = await vscode.window.showQuickPick(items, {
    title: application.name,
    placeHolder: vscode.l10n.t('Choose an object to compare'),
    matchOnDescription: true,
  });
  if (picked === undefined) return;
  if (picked.object === undefined) await openApplicationDiff(application, sides, services);
  else await openObjectDiff(application, picked.object, sides, services);
}

async function openObjectDiff(application: ApplicationRow, object: ObjectRow, sides: Sides, services: Services): Promise<void> {
  const { documents, store } = services;
  const uri = (side: Side): vscode.Uri => documents.uri({ type: 'side', applicationId: application.id, key: object.key, side });
  const title = diffTitle(`${object.kind}/${object.name}`, sides, application, store.repo(application.repoRoot), vscode.l10n);
  await vscode.commands.executeCommand('vscode.diff', uri(sides.left), uri(sides.right), title, { preview: true });
}

async function openApplicationDiff(application: ApplicationRow, sides: Sides, services: Services): Promise<void> {
  const { documents, store } = services;
  const objects = await store.objects(application.id);
  // Only the comparison of live and target is known object by object; the other pairs show every object.
  const isKnown = sides.left === 'live' && sides.right !== 'working tree';
  const shown = isKnown ? objects.filter((object) => !['synced', 'unverified', 'pending'].includes(object.state)) : objects;
  if (shown.length === 0) {
    await vscode.window.showInformationMessage(vscode.l10n.t('No object of {0} differs.', application.name));
    return;
  }
  if (shown.length > mostDiffs) {
    await vscode.window.showInformationMessage(
      vscode.l10n.t('{0} objects of {1} differ; the first {2} are shown.', shown.length, application.name, mostDiffs),
    );
  }
  const uri = (object: ObjectRow, side: Side): vscode.Uri =>
    documents.uri({ type: 'side', applicationId: application.id, key: object.key, side });
  const resources = shown
    .slice(0, mostDiffs)
    .map((object) => [uri(object, sides.right), uri(object, sides.left), uri(object, sides.right)]);
  const title = diffTitle(application.name, sides, application, store.repo(application.repoRoot), vscode.l10n);
  await vscode.commands.executeCommand('vscode.changes', title, resources);
}

async function compareSides(argument: unknown, services: Services): Promise<void> {
  const given = givenTarget(argument, services);
  const application =
    (given === undefined ? undefined : services.store.applications.get(given.applicationId)) ??
    (await pickApplication(services, vscode.l10n.t('Choose an application to compare'), () => true));
  if (application === undefined) return;
  const repo = services.store.repo(application.repoRoot);
  const questions: Readonly<Record<(typeof sidePairs)[number]['word'], string>> = {
    plan: vscode.l10n.t('What would a sync do?'),
    drifted: vscode.l10n.t('What did someone change behind Git’s back?'),
    'out of sync': vscode.l10n.t('What is waiting to be applied?'),
    'ahead, behind': vscode.l10n.t('What is committed here and not in the target, or the other way round?'),
    edited: vscode.l10n.t('What have I not committed?'),
    'live and edits': vscode.l10n.t('What would my edits change in the cluster?'),
  };
  const name = (side: Side): string => sideName(side, application, repo, vscode.l10n);
  const own = { label: vscode.l10n.t('Another commit…'), detail: vscode.l10n.t('Compare live with any commit, branch or tag.') };
  const items = [
    ...sidePairs.map((sides) => ({ label: `${name(sides.left)} ↔ ${name(sides.right)}`, detail: questions[sides.word], sides })),
    { ...own, sides: undefined },
  ];
  const picked = await vscode.window.showQuickPick(items, {
    title: application.name,
    placeHolder: vscode.l10n.t('Choose the two sides'),
    matchOnDetail: true,
  });
  if (picked === undefined) return;
  const sides = picked.sides ?? (await askRevision());
  if (sides === undefined) return;
  const target = given?.key === undefined ? { applicationId: application.id } : { applicationId: application.id, key: given.key };
  await openDiff(target, sides, services);
}

async function askRevision(): Promise<Sides | undefined> {
  const revision = await vscode.window.showInputBox({
    title: vscode.l10n.t('Compare Live with a Commit'),
    prompt: vscode.l10n.t('A commit, branch or tag of the repository'),
    validateInput: (text) =>
      /^[\w./-]+$/.test(text.trim()) && !text.trim().startsWith('-') ? undefined : vscode.l10n.t('Letters, digits, and . / - _ only'),
  });
  return revision === undefined ? undefined : { left: 'live', right: `revision:${revision.trim()}` };
}
