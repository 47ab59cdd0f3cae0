import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../base/lifecycle.ts';
import { type CommandId, commandIds } from '../ids.ts';
import { registerCommands, type Services } from './services.ts';

/** Commands whose code is loaded when the first of them is run. */
interface CommandFamily {
  /** exactly those that {@link load}'s function registers */
  readonly ids: readonly CommandId[];
  readonly load: () => Promise<(services: Services) => Disposable>;
}

const families: readonly CommandFamily[] = [
  {
    ids: [
      commandIds.openDiff,
      commandIds.compareLiveTarget,
      commandIds.compareLiveSynced,
      commandIds.compareSyncedTarget,
      commandIds.compareTargetHead,
      commandIds.compareHeadWorkingTree,
      commandIds.compareLiveWorkingTree,
      commandIds.compareSides,
      commandIds.showAllFields,
      commandIds.showRelevantFields,
    ],
    load: async () => (await import('./diffCommands.ts')).registerDiffCommands,
  },
  { ids: [commandIds.showIgnored], load: async () => (await import('./ignoredCommands.ts')).registerIgnoredCommands },
  {
    ids: [commandIds.openCommitDiff, commandIds.copyRevision],
    load: async () => (await import('./historyCommands.ts')).registerHistoryCommands,
  },
  { ids: [commandIds.revert], load: async () => (await import('./revertCommands.ts')).registerRevertCommands },
  {
    ids: [commandIds.showLiveYaml, commandIds.showEvents, commandIds.showLogs],
    load: async () => (await import('./liveCommands.ts')).registerLiveCommands,
  },
  {
    ids: [commandIds.chooseCluster, commandIds.forgetCluster, commandIds.manage, commandIds.createConfig, commandIds.signIn],
    load: async () => (await import('./clusterCommands.ts')).registerClusterCommands,
  },
  {
    ids: [commandIds.showEffects, commandIds.threeSides],
    load: async () => (await import('../language/effectCommands.ts')).registerEffectCommands,
  },
  {
    ids: [commandIds.adopt, commandIds.removeFromGit, commandIds.ignoreField],
    load: async () => (await import('../language/adoptCommands.ts')).registerAdoptCommands,
  },
];

/** Registers a stand-in for each command: the first run loads the family's code, which takes the stand-ins' place, and runs again. */
export function registerLazyCommands(services: Services): Disposable {
  const store = new DisposableStore();
  for (const { ids, load } of families) {
    let loading: Promise<void> | undefined;
    const takePlace = async (standIns: Disposable): Promise<void> => {
      const register = await load();
      standIns.dispose();
      store.add(register(services));
    };
    const standIn =
      (id: CommandId) =>
      async (argument: unknown, selection: unknown): Promise<void> => {
        loading ??= takePlace(standIns);
        await loading;
        await vscode.commands.executeCommand(id, argument, selection);
      };
    const standIns = store.add(registerCommands(services.presenter, Object.fromEntries(ids.map((id) => [id, standIn(id)]))));
  }
  return store;
}
