/** What a Git URL of a kustomization names. */
export interface RepoSpec {
  /** what git fetches from, e.g. `https://github.com/org/repo` or `git@host:org/repo.git` */
  readonly cloneUrl: string;
  /** folder of the kustomization in the repository; '' is its root */
  readonly path: string;
  /** branch, tag or full commit id; undefined: the remote's HEAD */
  readonly ref: string | undefined;
  /** true only when the URL says `submodules=true`; Kustomize takes them by default */
  readonly wantsSubmodules: boolean;
  /** milliseconds, when the URL names a `timeout` */
  readonly timeoutMs: number | undefined;
}

const SCHEMES = ['ssh://', 'https://', 'http://', 'file://'] as const;
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/**
 * Takes a Git URL apart as Kustomize does (api/internal/git/repospec.go, NewRepoSpecFromURL): the repository ends at `_git/<name>`, at `//`,
 * at `.git`, else after two segments; of `file://` without a mark it is everything.
 * @returns undefined for what Kustomize does not take for a Git URL
 */
export function parseRepoSpec(url: string): RepoSpec | undefined {
  if (url.startsWith('/')) return undefined;
  const question = url.indexOf('?');
  const [location, query] = question < 0 ? [url, ''] : [url.slice(0, question), url.slice(question + 1)];
  const host = splitHost(location);
  if (host === undefined) return undefined;
  const parts = splitPath(host.rest, host.host === 'file://');
  if (parts === undefined || parts.repository === '') return undefined;
  const path = parts.path.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (leavesRoot(path)) return undefined;
  const values = new URLSearchParams(query);
  const ref = firstFilled(values.get('ref'), values.get('version'));
  return {
    cloneUrl: host.host + parts.repository,
    path: path.join('/'),
    ref,
    wantsSubmodules: /^(1|t|true)$/i.test(values.get('submodules') ?? ''),
    timeoutMs: durationMs(values.get('timeout') ?? ''),
  };
}

function splitHost(location: string): { host: string; rest: string } | undefined {
  let rest = location.replace(/^git::/i, '');
  const scheme = SCHEMES.find((each) => rest.toLowerCase().startsWith(each)) ?? '';
  rest = rest.slice(scheme.length);
  const user = /^[a-zA-Z][a-zA-Z0-9-]*@/.exec(rest)?.[0] ?? '';
  rest = rest.slice(user.length);
  const isGithub = /^github\.com[/:]/i.test(rest);
  const isScpStyle = scheme === '' && (user !== '' || isGithub);
  if (scheme === '' && !isScpStyle) return undefined;
  if (scheme === 'file://') return { host: scheme, rest: user + rest };
  const slash = rest.indexOf('/');
  const colon = rest.indexOf(':');
  const end = isScpStyle && (slash < 0 || (colon > 0 && colon < slash)) ? colon : slash;
  if (end < 0) return undefined;
  const host = rest.slice(0, end + 1);
  rest = rest.slice(end + 1);
  if (!isGithub) return { host: scheme + user + host, rest };
  return { host: scheme === 'ssh://' || user !== '' ? `${user}github.com:` : 'https://github.com/', rest };
}

function splitPath(rest: string, isFile: boolean): { repository: string; path: string } | undefined {
  const azure = /^(.*?_git\/[^/]*)(?:\/(.*))?$/s.exec(rest);
  if (azure !== null) return { repository: azure[1] ?? '', path: azure[2] ?? '' };
  const double = rest.indexOf('//');
  if (double >= 0) return { repository: rest.slice(0, double), path: rest.slice(double + 2) };
  const suffix = rest.indexOf('.git');
  if (suffix >= 0) return { repository: rest.slice(0, suffix + 4), path: rest.slice(suffix + 4) };
  if (isFile) return { repository: rest, path: '' };
  const segments = rest.split('/');
  return segments.length < 2 ? undefined : { repository: segments.slice(0, 2).join('/'), path: segments.slice(2).join('/') };
}

function leavesRoot(segments: readonly string[]): boolean {
  let depth = 0;
  return segments.some((segment) => {
    depth += segment === '..' ? -1 : 1;
    return depth < 0;
  });
}

function firstFilled(...values: readonly (string | null)[]): string | undefined {
  return values.find((value): value is string => value !== null && value !== '');
}

/** Whole seconds, or a Go duration such as `1m30s`. */
function durationMs(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) > 0 ? Number(text) * 1_000 : undefined;
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount = '0', unit = 's'] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) total += Number(amount) * (UNITS[unit] ?? 0);
  return total > 0 ? total : undefined;
}
