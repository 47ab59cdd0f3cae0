import assert from 'node:assert/strict';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { isAppError } from '../../../src/base/errors.ts';
import { BareCache, type BareCacheOptions } from '../../../src/engine/git/bareCache.ts';
import { commit, git, makeRepoWithOrigin, temporaryFolder, testEnvironment, write } from './sampleRepo.ts';

const file = (path: string, text: string): Readonly<Record<string, string>> => ({ [`${path}/kustomization.yaml`]: text });

function open(t: TestContext, folder: string, over: Partial<BareCacheOptions> & { environment?: Record<string, string> } = {}): BareCache {
  const environment = { ...testEnvironment, ...over.environment };
  const logger = { info: () => undefined, warn: () => undefined };
  const cache = new BareCache({ git: () => ({ isTrusted: () => true, environment }), folder, logger, ...over });
  t.after(() => {
    cache.dispose();
  });
  return cache;
}

async function text(cache: BareCache, url: string, t: TestContext): Promise<string> {
  const { tree, path } = await cache.resolve(url, t.signal);
  return new TextDecoder().decode(await tree.read(`${path}/kustomization.yaml`));
}

async function problem(work: Promise<unknown>): Promise<unknown> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(isAppError(error), String(error));
  return [error.code, error.details['problem']];
}

test('a branch, a tag, a commit and HEAD of a bare repository, each with its folder', async (t) => {
  const { repo, origin } = makeRepoWithOrigin(t);
  const first = commit(repo, file('base', '# one\n'));
  git(repo, 'tag', '-a', 'v1', '-m', 'v1');
  const second = commit(repo, file('base', '# two\n'));
  git(repo, 'push', '-q', 'origin', 'main', 'v1');
  const cache = open(t, join(temporaryFolder(t), 'bases'));
  const url = `file://${origin}//base`;
  assert.deepEqual(
    await Promise.all([`?ref=v1`, `?ref=${first}`, '?ref=main', '', `?ref=${first.slice(0, 10)}`].map((ref) => text(cache, url + ref, t))),
    ['# one\n', '# one\n', '# two\n', '# two\n', '# one\n'],
  );
  const { digest, path } = await cache.resolve(url, t.signal);
  assert.deepEqual([digest, path], [second, 'base']);
});

test('what was fetched is there offline, also for a new process; a branch that moved is fetched again when it is old', async (t) => {
  const { repo, origin } = makeRepoWithOrigin(t);
  commit(repo, file('base', '# one\n'));
  git(repo, 'push', '-q', 'origin', 'main');
  const folder = join(temporaryFolder(t), 'bases');
  const url = `file://${origin}//base?ref=main`;
  assert.equal(await text(open(t, folder), url, t), '# one\n');
  commit(repo, file('base', '# two\n'));
  git(repo, 'push', '-q', 'origin', 'main');
  assert.equal(await text(open(t, folder), url, t), '# one\n', 'within the hour nothing is fetched');
  assert.equal(await text(open(t, folder, { maxAgeMs: -1 }), url, t), '# two\n');
  renameSync(origin, `${origin}.away`);
  const warnings: string[] = [];
  const logger = { info: () => undefined, warn: (message: string) => warnings.push(message) };
  assert.equal(await text(open(t, folder, { maxAgeMs: -1, logger }), url, t), '# two\n');
  assert.match(warnings.join('\n'), /of the cache is used/);
});

test('what cannot be fetched says why', async (t) => {
  const { origin } = makeRepoWithOrigin(t);
  const cache = open(t, join(temporaryFolder(t), 'bases'));
  assert.deepEqual(await problem(cache.resolve(`file://${origin}//base?ref=none`, t.signal)), [
    'remote-failed',
    "couldn't find remote ref none",
  ]);
  const [code, words] = (await problem(cache.resolve(`file://${origin}-none//base`, t.signal))) as string[];
  assert.equal(code, 'remote-failed');
  assert.match(words ?? '', /does not (exist|appear to be a git repository)/);
  assert.deepEqual(await problem(cache.resolve(`file://${origin}//base?ref=--upload-pack%3Dtouch`, t.signal)), [
    'remote-failed',
    '"--upload-pack=touch" is no name of a revision',
  ]);
  assert.deepEqual(await problem(cache.resolve('nothing', t.signal)), ['remote-failed', 'it is no Git URL that Kustomize takes']);
});

test('no hook, no filter, no working tree, and nothing without trust', async (t) => {
  const { repo, origin } = makeRepoWithOrigin(t);
  const scratch = temporaryFolder(t);
  const mark = join(scratch, 'ran');
  commit(repo, { ...file('base', '# one\n'), '.gitattributes': '* filter=evil\n' });
  git(repo, 'push', '-q', 'origin', 'main');
  const hook = `#!/bin/sh\ntouch ${mark}\n`;
  write(scratch, { 'template/hooks/post-checkout': hook, 'template/hooks/reference-transaction': hook, 'template/hooks/post-merge': hook });
  git(scratch, 'init', '-q', 'unused');
  for (const name of ['post-checkout', 'reference-transaction', 'post-merge']) {
    const path = join(scratch, 'template/hooks', name);
    writeFileSync(path, hook, { mode: 0o755 });
  }
  const config = join(scratch, 'gitconfig');
  writeFileSync(
    config,
    `[init]\n\ttemplateDir = ${join(scratch, 'template')}\n[filter "evil"]\n\tsmudge = touch ${mark}\n\tclean = touch ${mark}\n`,
  );
  const folder = join(scratch, 'bases');
  const cache = open(t, folder, { environment: { GIT_CONFIG_GLOBAL: config } });
  assert.equal(await text(cache, `file://${origin}//base?ref=main`, t), '# one\n');
  const [repository = ''] = await readdir(folder);
  assert.deepEqual([existsSync(mark), await readdir(join(folder, repository))], [false, ['.git']]);

  const untrusted = join(scratch, 'untrusted');
  const refused = open(t, untrusted, { git: () => ({ isTrusted: () => false, environment: testEnvironment }) });
  assert.deepEqual(await problem(refused.resolve(`file://${origin}//base`, t.signal)), ['workspace-untrusted', undefined]);
  assert.deepEqual(
    await problem(open(t, folder).resolve('ssh://-oProxyCommand=touch@h/o/r', t.signal)).then(() => existsSync(mark)),
    false,
  );
});
