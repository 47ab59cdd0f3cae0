import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { findLayout } from '../../../src/engine/git/layout.ts';
import { type RepositoryChange, RepositoryWatcher } from '../../../src/engine/git/watcher.ts';
import { commit, git, makeRepo, makeRepoWithOrigin, write } from './sampleRepo.ts';

const WAIT_MS = 60_000;

/** Collects what a watcher tells. */
class Seen {
  readonly changes: RepositoryChange[] = [];
  #wake: () => void = () => undefined;

  take(change: RepositoryChange): void {
    this.changes.push(change);
    this.#wake();
  }

  /** Does something and gives the union of what is told until a condition holds; fails with what was told instead. */
  async after(action: () => void, isDone: (told: Told) => boolean): Promise<Told> {
    this.changes.length = 0;
    action();
    const deadline = Date.now() + WAIT_MS;
    for (;;) {
      const told = union(this.changes);
      if (isDone(told)) return told;
      const left = deadline - Date.now();
      if (left <= 0) assert.fail(`told only ${JSON.stringify([...told])}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

type Told = ReadonlySet<string>;

function union(changes: readonly RepositoryChange[]): Told {
  const told = new Set<string>();
  for (const { paths, ...flags } of changes) {
    for (const path of paths) told.add(path);
    for (const [name, isSet] of Object.entries(flags)) if (isSet) told.add(`!${name}`);
  }
  return told;
}

async function watch(t: TestContext, folder: string): Promise<Seen> {
  const layout = await findLayout(folder);
  assert.ok(layout);
  const watcher = new RepositoryWatcher(layout, (reason) => {
    assert.fail(reason.code);
  });
  t.after(() => {
    watcher.dispose();
  });
  const seen = new Seen();
  watcher.onChange((change) => {
    seen.take(change);
  });
  await watcher.start();
  return seen;
}

const all =
  (...names: readonly string[]) =>
  (told: Told): boolean =>
    names.every((name) => told.has(name));

test('writes, atomic saves, new folders and deletions are told by path', async (t) => {
  const repo = makeRepo(t, { 'apps/web/a.yaml': 'a: 1\n', 'b.yaml': 'b: 1\n' });
  mkdirSync(join(repo, 'node_modules/x'), { recursive: true });
  const seen = await watch(t, repo);
  await seen.after(() => {
    write(repo, { 'apps/web/a.yaml': 'a: 2\n' });
  }, all('apps/web/a.yaml'));
  await seen.after(() => {
    write(repo, { '.b.yaml.tmp': 'b: 2\n' });
    renameSync(join(repo, '.b.yaml.tmp'), join(repo, 'b.yaml'));
  }, all('b.yaml'));
  await seen.after(
    () => {
      write(repo, { 'new/deep/er/c.yaml': 'c: 1\n' });
    },
    (told) => told.has('new') || told.has('new/deep/er/c.yaml'),
  );
  // The new folder is watched in full once it was told: a later write below it is told by its own path.
  await seen.after(
    () => {
      write(repo, { 'new/deep/er/c.yaml': 'c: 2\n' });
    },
    (told) => told.has('new/deep/er/c.yaml') || told.has('new'),
  );
  await seen.after(
    () => {
      renameSync(join(repo, 'new'), join(repo, 'moved'));
    },
    all('new', 'moved'),
  );
  await seen.after(() => {
    write(repo, { 'moved/deep/er/c.yaml': 'c: 3\n' });
  }, all('moved/deep/er/c.yaml'));
  await seen.after(() => {
    rmSync(join(repo, 'moved'), { recursive: true });
    write(repo, { 'moved/again.yaml': 'x\n' });
  }, all('moved'));
  await seen.after(() => {
    write(repo, { 'moved/again.yaml': 'y\n' });
  }, all('moved/again.yaml'));
  const told = await seen.after(() => {
    write(repo, { 'node_modules/x/y.yaml': 'ignored\n', 'b.yaml': 'b: 3\n' });
  }, all('b.yaml'));
  assert.deepEqual([...told], ['b.yaml']);
});

test('commits, branches, packed refs, fetches, operations and the index are told', async (t) => {
  const { repo, origin } = makeRepoWithOrigin(t);
  const seen = await watch(t, repo);
  await seen.after(
    () => {
      commit(repo, { 'a.yaml': 'a: 2\n' });
    },
    all('a.yaml', '!refsChanged', '!indexChanged'),
  );
  await seen.after(
    () => {
      git(repo, 'checkout', '-q', '-b', 'team/feature');
    },
    all('!headChanged', '!refsChanged'),
  );
  await seen.after(() => {
    git(repo, 'commit', '-q', '--allow-empty', '-m', 'empty');
  }, all('!refsChanged'));
  await seen.after(() => {
    git(repo, 'pack-refs', '--all');
  }, all('!refsChanged'));
  const fetched = await seen.after(() => {
    git(repo, 'fetch', '-q', origin);
  }, all('!fetched'));
  assert.ok(!fetched.has('!headChanged'));
  await seen.after(() => {
    git(repo, 'push', '-q', 'origin', 'team/feature');
  }, all('!refsChanged'));
  await seen.after(() => {
    git(repo, 'bisect', 'start');
  }, all('!headChanged'));
  await seen.after(() => {
    git(repo, 'bisect', 'reset');
  }, all('!headChanged'));
  await seen.after(() => {
    git(repo, 'config', 'user.name', 'x');
  }, all('!configChanged'));
  await seen.after(() => {
    writeFileSync(join(repo, '.git/index.lock'), '');
  }, all('!indexChanged'));
});

test('a worktree follows its own HEAD and the shared refs', async (t) => {
  const repo = makeRepo(t);
  const worktree = join(repo, '..', 'tree');
  git(repo, 'worktree', 'add', '-q', '-b', 'feature', worktree);
  const seen = await watch(t, worktree);
  await seen.after(() => {
    git(worktree, 'checkout', '-q', '--detach');
  }, all('!headChanged'));
  await seen.after(() => {
    commit(repo, { 'a.yaml': 'a: 2\n' });
  }, all('!refsChanged'));
});

test('a root that goes away ends the watch', async (t) => {
  for (const leave of [
    (repo: string) => {
      rmSync(repo, { recursive: true });
    },
    (repo: string) => {
      renameSync(repo, `${repo}-moved`);
    },
    (repo: string) => {
      rmSync(join(repo, '.git'), { recursive: true });
    },
    // Another one stands there before anybody can look.
    (repo: string) => {
      rmSync(join(repo, '.git'), { recursive: true });
      git(repo, 'init', '-q');
    },
    (repo: string) => {
      renameSync(join(repo, '.git'), join(repo, '..', 'old'));
      git(repo, 'init', '-q');
    },
  ]) {
    const repo = makeRepo(t);
    const seen = await watch(t, repo);
    await seen.after(() => {
      leave(repo);
    }, all('!isGone'));
  }
});
