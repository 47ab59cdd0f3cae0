/** English words of the codes of roll backs. Each says what failed, why, and the cure. */
export const rollbackMessages: Readonly<Record<string, string>> = {
  'rollback-nothing': 'What {application} is made from is the same at {revision} as now, so there is nothing to roll back.',
  'rollback-no-commits': '{application} is not compared with a commit, so it has no history to roll back to.',
  'rollback-not-rendered': '{application} does not render at {revision}, so it is not rolled back to it: {problem}',
  'rollback-breaks': '{application} will not render after this: {problem}',
  'rollback-not-exact':
    '{application} will not render exactly as it did at {revision}: a remote source, or something that is kept as it is today, is another than then.',
  'rollback-undeclared': 'plumbline.yaml did not declare {application} then. Its entry stays as it is today.',
  'rollback-entry': 'The entry of {application} in plumbline.yaml was another then, so it is brought back too.',
  'rollback-entry-kept':
    'The entry of {application} in plumbline.yaml was another then. It cannot be brought back safely, so it stays as it is today: change it by hand.',
  'rollback-jobs': 'Jobs that ran are not undone: {objects}.',
  'rollback-data': 'Data in volumes stays as it is: {objects}.',
  'rollback-behind':
    '{branch} has commits on these files that are not checked out here, so the plan would be of other files than those that are applied. Pull first.',
  'rollback-other-branch':
    'The environment follows the branch {branch}, and {current} is checked out. A roll back goes to a new branch that starts at {branch}; where the files differ between the two, check out {branch} first.',
  'rollback-not-ancestor':
    '{revision} is not part of the history of what is checked out, so its commits cannot be reverted one by one. Restore the files of {application} instead.',
  'rollback-too-many': 'More than {limit} commits of {application} would have to be reverted. Restore its files instead.',
  'rollback-mainline':
    'Merge commits are among those that would be reverted ({commits}). Say which parent’s side stays: the mainline, counted from 1.',
  'rollback-mainline-unknown': 'The merge {commit} has {count} parents, so there is no mainline {mainline}.',
  'rollback-conflict':
    'Later commits changed the same lines as {commit} in {files}, so it cannot be reverted on its own. Restore the files instead, or resolve the conflict in the merge editor.',
  'rollback-revert-dirty':
    'git revert needs files without edits, and these have some: {files}. Commit or undo them first, or restore the files instead.',
  'rollback-revert-mixed':
    'Merges and other commits cannot be reverted by one git revert. Restore the files instead, or run one after the other: {commands}',
};
