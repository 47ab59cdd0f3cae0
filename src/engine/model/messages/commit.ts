/** English words of the codes of commits, pushes and roll backs. Each says what failed, why, and the cure. */
export const commitMessages: Readonly<Record<string, string>> = {
  'commit-moved': 'The checked-out commit or the index changed meanwhile, so nothing was committed. Look at the plan again.',
  'commit-empty': 'There is nothing to commit: {files} are as the last commit has them.',
  'commit-hook-failed': 'The hook {hook} refused the commit: {message}',
  'commit-post-hook-failed': 'The commit was made, but the hook {hook} failed: {message}',
  'git-hooks-too-old':
    'Git {version} cannot run the hook {hook} for Plumbline, so nothing was committed. Update Git to 2.36 or later, or commit in the terminal.',
  'commit-sign-failed':
    'The commit could not be signed, so nothing was committed: {message}. Check "user.signingKey" and the signing agent.',
  'commit-message-empty': 'The message of the commit is empty, so nothing was committed.',
  'commit-identity': 'Git does not know who you are, so nothing was committed. Set "user.name" and "user.email" with "git config".',
  'commit-overlaps':
    'In {files}, other changes ({where}) touch the same lines, so nothing was committed. Commit or undo them first, or choose a new branch.',
  'commit-unfinished':
    'The commit {commit} was made, but index or files could not follow ({message}). It is finished at the next commit or when the repository is opened again.',
  'commit-protected': 'The branch {branch} is protected, so the commit goes to a new branch and a pull request.',
  'commit-foreign':
    'The branch {branch} has unpushed commits of others ({authors}), which a push would deploy too. The commit goes to a new branch that starts at {start}.',
  'commit-other-repos': 'The chosen applications are in different repositories. Commit one repository after the other.',
  'commit-holds-secret': '{file} holds Secrets, so its text is not shown here.',
  'commit-may-hold-secret': '{file} may set values of Secrets, and what it sets is not rendered, so its text is not shown here.',
  'commit-binary': '{file} is no text.',
  'commit-patch-large': 'The change of {file} is too long to be shown here.',
  'commit-no-edits': 'No file that {applications} reads is edited, so there is nothing to commit.',
  'commit-not-rendered': '{application} does not render with these edits ({place}): {problem}',
  'git-branch-invalid': '"{branch}" cannot be the name of a branch.',
  'git-branch-exists': 'There is a branch "{branch}" already. Choose another name.',
  'push-rejected':
    'The push to {remote} was rejected, since the remote has commits that are not here. Fetch and rebase ("git pull --rebase"), look at the plan again, and push.',
  'push-refused': 'The remote {remote} refused the push by its own rules: {message}. Choose a new branch and a pull request.',
  'push-sign-in': 'The remote {remote} asks for a sign-in ({message}). Push once in a terminal, or from the editor.',
  'push-failed': 'The push to {remote} failed: {message}',
  'push-moved': 'The branch {branch} or its remote is elsewhere than it was shown, so nothing was pushed. Look at the plan again.',
  'rebase-conflict':
    'The commit "{subject}" and the fetched ones change the same lines of {files}, so nothing was moved. Run "git pull --rebase" in a terminal and solve the conflict.',
  'rebase-merges':
    'Among the unpushed commits is a merge ({commit}), which is not made anew without you. Run "git pull" in a terminal, and push again.',
};
