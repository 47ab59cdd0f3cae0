/** English words of the error codes of the room `engine/git`. Each says what failed, why, and the cure. */
export const gitMessages: Readonly<Record<string, string>> = {
  'git-missing': 'Git cannot be started ({program}). Install Git, or set its path in the setting "git.path".',
  'git-too-old': 'Git {version} is too old; {needed} or later is needed. Update Git.',
  'git-not-a-repository': '{folder} is not in a Git repository. Open a folder of one, or run "git init".',
  'git-dubious-ownership':
    'Git refuses to work in {folder}, since it belongs to another user. If you trust it, run: git config --global --add safe.directory "{folder}"',
  'git-worktree-elsewhere':
    'The Git configuration of {folder} places its working tree at {elsewhere}. Open that folder, or unset core.worktree.',
  'git-failed': '"git {command}" failed: {message}',
  'git-interrupted': 'Git was ended before it answered. Refresh to try again.',
  'git-closed': 'The repository was closed.',
  'git-object-missing':
    'The object {id} is not in the repository ({message}). In a partial or shallow clone, fetch it with "git fetch"; else check with "git fsck".',
  'git-revision-unknown': 'There is no commit "{revision}" in this repository. Fetch it, or check the name.',
  'git-no-commits': 'The branch "{branch}" has no commits yet. Commit something, and it can be compared.',
  'git-branch-not-found': 'There is no branch "{branch}", neither local nor at a remote. Fetch it, or correct "branch" in plumbline.yaml.',
  'git-detached': 'No branch is checked out (HEAD is detached at {commit}). Check out a branch to compare with its upstream.',
  'git-operation': 'A {operation} is in progress. Finish or abort it; until then nothing is committed.',
  'git-index-locked':
    'Another Git process works in this repository (index.lock exists). If none runs any more, remove index.lock from the .git folder.',
  'git-upstream-gone':
    'The upstream {upstream} of the branch "{branch}" is gone, so the local branch is the target. Set another with "git branch --set-upstream-to".',
  'git-busy': 'Another Git process holds a lock, so the fetch from {remote} was left out. It is tried again at the next one.',
  'git-no-remote': 'This repository has no remote to fetch from, so the local branch is the target.',
  'git-fetch-sign-in':
    'The remote {remote} asks for a sign-in, which a background fetch cannot do ({message}). Run "git fetch {remote}" in a terminal once.',
  'git-fetch-unreachable': 'The remote {remote} cannot be reached ({message}). What was fetched last is shown.',
  'git-fetch-no-repository': 'The remote {remote} is not there ({message}). Correct its URL with "git remote set-url {remote}".',
  'git-fetch-failed': 'The fetch from {remote} failed: {message}',
  'file-too-large': '{file} is too large to be read: {size} bytes, and the limit is {limit}.',
  'file-unreadable': '{file} cannot be read ({message}). Check its permissions.',
  'watch-limit':
    'This system watches no more folders ({message}), so changes below {folder} are not noticed. Raise fs.inotify.max_user_watches, or refresh by hand.',
};
