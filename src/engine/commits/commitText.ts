import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { WritingGit } from '../git/writingGit.ts';

/** What the places of a message template are filled with. */
export interface MessageFacts {
  readonly applications: readonly string[];
  readonly environments: readonly string[];
  readonly files: readonly string[];
  readonly branch: string;
}

const MAX_NAMED = 3;

/**
 * The message that is proposed: the template with `{applications}`, `{environments}`, `{files}` and `{branch}` filled in, and the text of
 * `commit.template` below it without its comments (git-config(1)).
 */
export async function proposedMessage(git: WritingGit, template: string, facts: MessageFacts, signal: AbortSignal): Promise<string> {
  const { branch } = facts;
  const words: Readonly<Record<string, string>> = {
    applications: few(facts.applications),
    environments: few(facts.environments),
    files: few(facts.files),
    branch,
  };
  const own = template.replaceAll(/\{(\w+)\}/g, (place, name: string) => words[name] ?? place);
  const below = await templateOf(git, signal);
  return [own.trimEnd(), below].filter((part) => part !== '').join('\n\n');
}

async function templateOf(git: WritingGit, signal: AbortSignal): Promise<string> {
  const file = await git.configured('commit.template', signal, 'path');
  if (file === undefined || file === '') return '';
  const text = await readFile(isAbsolute(file) ? file : join(git.layout.realRoot, file), 'utf8').catch(() => '');
  const comment = (await git.configured('core.commentChar', signal)) ?? '#';
  const lines = text.split(/\r?\n/).filter((line) => !line.startsWith(comment === 'auto' ? '#' : comment));
  return lines.join('\n').trim();
}

/** At most three names, and how many there are beside them. */
function few(names: readonly string[]): string {
  const unique = [...new Set(names)];
  const more = unique.length - MAX_NAMED;
  return more > 0 ? `${unique.slice(0, MAX_NAMED).join(', ')} and ${String(more)} more` : unique.join(', ');
}

/** Whether a branch is meant by one of these patterns: `*` stands for any part of one segment, `**` for any segments, as in `git.branchProtection`. */
export function matchesBranch(branch: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const parts = pattern.trim().split(/(\*\*|\*|\?)/);
    const source = parts.map((part) => ({ '**': '.*', '*': '[^/]*', '?': '[^/]' })[part] ?? part.replaceAll(/[\\^$.|+()[\]{}]/g, '\\$&'));
    return pattern.trim() !== '' && new RegExp(`^${source.join('')}$`).test(branch);
  });
}

/** A name for a branch, that is no branch yet. @param taken names of local and remote branches */
export function freeBranch(topic: string, taken: ReadonlySet<string>): string {
  const slug = topic
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 50);
  const name = `plumbline/${slug === '' ? 'change' : slug}`;
  for (let count = 1; ; count += 1) {
    const candidate = count === 1 ? name : `${name}-${String(count)}`;
    if (!taken.has(candidate)) return candidate;
  }
}
