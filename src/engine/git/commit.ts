import type { GitObject } from './batchParser.ts';
import type { CommitInfo } from './state.ts';

const SHORT_ID_DIGITS = 7;

/** The first digits of a commit id, as Git shows it. */
function shortId(commit: string): string {
  return commit.slice(0, SHORT_ID_DIGITS);
}

/** Reads a commit object: header lines, an empty line, the message (git-cat-file(1)). */
export function parseCommit(object: GitObject): CommitInfo {
  const text = new TextDecoder().decode(object.content);
  const headerEnd = text.indexOf('\n\n');
  const header = headerEnd < 0 ? text : text.slice(0, headerEnd);
  const author = /^author (.*?) ?<(.*)> \d+ [+-]\d+$/m.exec(header);
  const committed = /^committer .*> (\d+) [+-]\d+$/m.exec(header);
  return {
    id: object.id,
    shortId: shortId(object.id),
    parents: [...header.matchAll(/^parent ([0-9a-f]+)$/gm)].map((match) => match[1] ?? ''),
    authorName: author?.[1] ?? '',
    authorEmail: author?.[2] ?? '',
    committedAtMs: Number(committed?.[1] ?? 0) * 1000,
    subject:
      headerEnd < 0
        ? ''
        : (text
            .slice(headerEnd + 2)
            .trimStart()
            .split('\n')[0] ?? ''),
  };
}
