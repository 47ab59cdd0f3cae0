/** Ids of the commands that package.json declares. */
export const commandIds = {
  openDiff: 'plumbline.openDiff',
  compareLiveTarget: 'plumbline.compare.liveTarget',
  compareLiveSynced: 'plumbline.compare.liveSynced',
  compareSyncedTarget: 'plumbline.compare.syncedTarget',
  compareTargetHead: 'plumbline.compare.targetHead',
  compareHeadWorkingTree: 'plumbline.compare.headWorkingTree',
  compareLiveWorkingTree: 'plumbline.compare.liveWorkingTree',
  compareSides: 'plumbline.compareSides',
  adopt: 'plumbline.adopt',
  removeFromGit: 'plumbline.removeFromGit',
  ignoreField: 'plumbline.ignoreField',
  showIgnored: 'plumbline.showIgnored',
  threeSides: 'plumbline.threeSides',
  showEffects: 'plumbline.showEffects',
  showAllFields: 'plumbline.showAllFields',
  showRelevantFields: 'plumbline.showRelevantFields',
  openSource: 'plumbline.openSource',
  previewSync: 'plumbline.previewSync',
  sync: 'plumbline.sync',
  takeOver: 'plumbline.takeOver',
  applyWorkingTree: 'plumbline.applyWorkingTree',
  openCommitDiff: 'plumbline.openCommitDiff',
  copyRevision: 'plumbline.copyRevision',
  applyPlan: 'plumbline.applyPlan',
  showPlanText: 'plumbline.showPlanText',
  closePlan: 'plumbline.closePlan',
  showHistory: 'plumbline.showHistory',
  rollBack: 'plumbline.rollBack',
  commit: 'plumbline.commit',
  commitToBranch: 'plumbline.commitToBranch',
  pushCommits: 'plumbline.pushCommits',
  acceptMessage: 'plumbline.acceptMessage',
  cancelMessage: 'plumbline.cancelMessage',
  revert: 'plumbline.revert',
  reveal: 'plumbline.reveal',
  refresh: 'plumbline.refresh',
  showLogs: 'plumbline.showLogs',
  showEvents: 'plumbline.showEvents',
  showLiveYaml: 'plumbline.showLiveYaml',
  chooseCluster: 'plumbline.chooseCluster',
  forgetCluster: 'plumbline.forgetCluster',
  manage: 'plumbline.manage',
  createConfig: 'plumbline.createConfig',
  signIn: 'plumbline.signIn',
  copyName: 'plumbline.copyName',
  filter: 'plumbline.filter',
  clearFilter: 'plumbline.clearFilter',
  groupBy: 'plumbline.groupBy',
  restartEngine: 'plumbline.restartEngine',
  showLog: 'plumbline.showLog',
  openSettings: 'plumbline.openSettings',
} as const;

/** Id of one of our commands. */
export type CommandId = (typeof commandIds)[keyof typeof commandIds];

/** Ids of the views. */
export const viewIds = {
  applications: 'plumbline.applications',
  plan: 'plumbline.plan',
  history: 'plumbline.history',
  clusters: 'plumbline.clusters',
} as const;

/** Context keys that `when` clauses of package.json read, with their values. */
export interface ContextKeys {
  'plumbline:state': ViewState;
  'plumbline:contexts': 'unknown' | 'none' | 'some';
  'plumbline:filtered': boolean;
  'plumbline:allFields': boolean;
  /** a sync plan is shown */
  'plumbline:plan': boolean;
  /** the message of a commit is being written in a document */
  'plumbline:message': boolean;
  /** what the ledger of the selected application holds */
  'plumbline:history': 'unknown' | 'none' | 'foreign' | 'some';
}

/** Why the Applications view shows what it shows; each empty one has its own welcome content. */
export type ViewState =
  'idle' | 'loading' | 'no-repository' | 'git-missing' | 'broken-config' | 'no-applications' | 'no-match' | 'failed' | 'ready';

/** Scheme of the read-only documents: sides of objects, live YAML, events, logs. */
export const documentScheme = 'plumbline';

/** Scheme of the resource URIs of tree rows, which carry the health badge. */
export const rowScheme = 'plumbline-row';
