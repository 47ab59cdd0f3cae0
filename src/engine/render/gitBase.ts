/** A remote Git base of a kustomization, taken apart. */
export interface GitBase {
  /** what `git fetch` takes: https, http or ssh */
  readonly cloneUrl: string;
  /** folder of the kustomization in the repository, '' for its root */
  readonly path: string;
  /** branch, tag or commit; undefined: the default branch */
  readonly ref?: string;
}

const SCHEME = /^(https?|ssh):\/\/([^/]+)\/(.*)$/i;
const SCP = /^([\w.-]+@[\w.-]+):(?!\/\/)(.*)$/;
/** Without a marker, the first two segments are the repository, as on GitHub. */
const REPOSITORY_SEGMENTS = 2;

/** Splits a path at `_git/<repo>`, `//`, `.git`, or after two segments. */
function splitPath(path: string): readonly [repository: string, folder: string] | undefined {
  const azure = /^(.*?_git\/[^/]+)\/?(.*)$/.exec(path);
  if (azure !== null) return [azure[1] ?? '', azure[2] ?? ''];
  const marker = path.indexOf('//');
  if (marker >= 0) return [path.slice(0, marker), path.slice(marker + 2)];
  const suffix = /^(.*?\.git)(?:\/(.*))?$/.exec(path);
  if (suffix !== null) return [suffix[1] ?? '', suffix[2] ?? ''];
  const segments = path.split('/');
  if (segments.length < REPOSITORY_SEGMENTS) return undefined;
  return [segments.slice(0, REPOSITORY_SEGMENTS).join('/'), segments.slice(REPOSITORY_SEGMENTS).join('/')];
}

/**
 * Takes a remote base's URL apart, as kustomize's examples/remoteBuild.md describes the forms.
 * @returns undefined for what is no remote repository; local ones (`file://`) are none, since they lie outside the config repo
 */
export function parseGitBase(url: string): GitBase | undefined {
  const [address = '', query = ''] = url.replace(/^git::/i, '').split('?', 2);
  const parameters = new URLSearchParams(query);
  const ref = parameters.get('ref') ?? parameters.get('version') ?? undefined;
  const isBareGithub = /^(www\.)?github\.com[/:]/i.test(address);
  const whole = isBareGithub ? `https://github.com/${address.replace(/^(www\.)?github\.com[/:]/i, '')}` : address;
  const scheme = SCHEME.exec(whole);
  const scp = scheme === null ? SCP.exec(whole) : null;
  const parts = splitPath(scheme?.[3] ?? scp?.[2] ?? '');
  if (parts === undefined || (scheme === null && scp === null)) return undefined;
  const [repository, folder] = parts;
  const path = folder.replace(/^\/+|\/+$/g, '');
  if (repository === '' || path.split('/').includes('..') || ref?.startsWith('-') === true) return undefined;
  const cloneUrl =
    scheme === null ? `${scp?.[1] ?? ''}:${repository}` : `${(scheme[1] ?? '').toLowerCase()}://${scheme[2] ?? ''}/${repository}`;
  return { cloneUrl, path, ...(ref === undefined || ref === '' ? {} : { ref }) };
}
