import type { ForgeKind } from '../model/settings.ts';

/** Where a remote's repository lives on the web. */
export interface RemoteAddress {
  readonly host: string;
  /** `owner/repo`, of GitLab also with groups */
  readonly path: string;
}

const KNOWN_HOSTS: Readonly<Record<string, ForgeKind>> = {
  'github.com': 'github',
  'gitlab.com': 'gitlab',
  'bitbucket.org': 'bitbucket',
  'codeberg.org': 'gitea',
  'gitea.com': 'gitea',
};

/**
 * Host and path of a remote's URL: `https://host/path.git`, `ssh://git@host:22/path`, `git@host:path` (git-clone(1), "GIT URLS").
 * Names, passwords and ports of ssh are left out; a port of https is kept.
 * @returns undefined for a path on disk
 */
export function remoteAddress(url: string): RemoteAddress | undefined {
  const scp = /^(?:[^@/\s]+@)?([^:/\s]{2,}):(?!\/\/)(.+)$/.exec(url);
  const full = /^(https?|ssh|git):\/\/(?:[^@/]*@)?([^/:]+)(:\d+)?\/(.+)$/.exec(url);
  const host = full === null ? scp?.[1] : `${full[2] ?? ''}${(full[1] ?? '').startsWith('http') ? (full[3] ?? '') : ''}`;
  const path = (full?.[4] ?? scp?.[2])
    ?.replace(/^\/+/, '')
    .replace(/\/+$/, '')
    .replace(/\.git$/, '');
  return host === undefined || path === undefined || path === '' ? undefined : { host: host.toLowerCase(), path };
}

/**
 * The page that creates a pull or merge request.
 * @param url URL of the remote
 * @param hosts kinds of self-hosted forges by host, of a setting
 * @returns undefined when the forge is not known: the branch is all that can be shown
 */
export function requestUrl(
  url: string,
  branch: string,
  into: string,
  title: string,
  hosts: Readonly<Record<string, ForgeKind>> = {},
): string | undefined {
  const address = remoteAddress(url);
  const kind = address === undefined ? undefined : (hosts[address.host] ?? KNOWN_HOSTS[address.host]);
  if (address === undefined || kind === undefined) return undefined;
  const [from, to, words] = [branch, into, title].map(encodeURIComponent);
  const base = `https://${address.host}/${address.path.split('/').map(encodeURIComponent).join('/')}`;
  switch (kind) {
    case 'github':
      return `${base}/compare/${to ?? ''}...${from ?? ''}?quick_pull=1&title=${words ?? ''}`;
    case 'gitlab':
      return `${base}/-/merge_requests/new?merge_request%5Bsource_branch%5D=${from ?? ''}&merge_request%5Btarget_branch%5D=${to ?? ''}&merge_request%5Btitle%5D=${words ?? ''}`;
    case 'bitbucket':
      return `${base}/pull-requests/new?source=${from ?? ''}&dest=${to ?? ''}`;
    case 'gitea':
      return `${base}/compare/${to ?? ''}...${from ?? ''}`;
  }
}

/** A remote's URL for people: without user name and password. */
export function shownUrl(url: string): string {
  return url.replace(/^(\w+:\/\/)[^/@]*@/, '$1');
}
