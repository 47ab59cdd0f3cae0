import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isAppError } from '../../../src/base/errors.ts';
import type { RemotePort } from '../../../src/engine/commits/commitApi.ts';
import { hook, stateOf } from '../git/commitSupport.ts';
import { serve } from '../git/gitServer.ts';
import { commit, git, write } from '../git/sampleRepo.ts';
import { blog, CommitEngine, commitAs, configMap, pushByBob, refusal, shop } from './commitsSupport.ts';

const fixture = await CommitEngine.start();
const { engine } = fixture;
after(() => {
  fixture.end();
});

test('unpushed commits of others are not deployed by the way: ours goes to a branch that starts at the remote', async (t) => {
  const { repo, origin } = await fixture.opened(t);
  const upstream = git(repo, 'rev-parse', 'origin/main');
  commitAs(repo, 'Bob', { 'apps/blog/blog.yaml': configMap('blog', 'bob') });
  write(repo, { 'apps/shop/web.yaml': configMap('web', '2') });
  const plan = await engine.commits.plan([shop], t.signal);
  assert.deepEqual(
    [plan.mustBranch, plan.push?.foreign.length, plan.push?.moves.map(({ name }) => name)],
    [{ code: 'commit-foreign', details: { branch: 'main', authors: ['Bob'], start: 'origin/main' } }, 1, ['shop', 'blog']],
  );
  const made = await engine.commits.commit(plan.id, { message: 'ours', newBranch: 'ours' }, t.signal);
  assert.deepEqual(
    [
      git(repo, 'rev-parse', 'ours^'),
      git(repo, 'diff', '--name-only', 'ours^', 'ours'),
      made.skippedHooks,
      made.requestUrl,
      made.remoteUrl,
    ],
    [upstream, 'apps/shop/web.yaml', ['pre-commit'], undefined, origin],
  );
});

test('a rejected push over HTTP: fetched, our commits on top, edits and what is staged untouched, pushed', async (t) => {
  const { repo, origin } = await fixture.opened(t);
  git(origin, 'config', 'http.receivepack', 'true');
  const port = await serve(t, join(origin, '..'));
  git(repo, 'remote', 'set-url', 'origin', `http://127.0.0.1:${String(port)}/origin.git`);
  write(repo, { 'apps/shop/web.yaml': configMap('web', '2') });
  const plan = await engine.commits.plan([shop], t.signal);
  await engine.commits.commit(plan.id, { message: 'ours' }, t.signal);
  // Bob changed another line of a file that is edited here, and one that is not.
  pushByBob(origin, {
    'apps/blog/blog.yaml': configMap('blog').replace('a: "1"', 'a: "bob"'),
    'apps/shop/old.yaml': configMap('old', 'bob'),
  });
  const blogEdit = configMap('blog', 'edited');
  write(repo, { 'apps/blog/blog.yaml': blogEdit, 'staged.txt': 'staged\n' });
  git(repo, 'add', 'staged.txt');
  write(repo, { 'staged.txt': 'staged\nand edited\n' });

  const push = await engine.commits.planPush(repo, undefined, t.signal);
  const rejected = await engine.commits.push(push, t.signal);
  assert.deepEqual([rejected.outcome, rejected.reason?.code], ['rejected', 'push-rejected']);
  const outcome = await engine.commits.fetchAndRebase(push, t.signal);
  assert.deepEqual(
    [outcome.moved, outcome.received, git(repo, 'log', '--format=%an %s', '-3'), git(repo, 'status', '--porcelain')],
    [1, 1, 'Ada ours\nBob by Bob\nAda first', 'M apps/blog/blog.yaml\nAM staged.txt'],
  );
  assert.deepEqual(
    ['apps/blog/blog.yaml', 'apps/shop/old.yaml', 'apps/shop/web.yaml', 'staged.txt'].map((file) => readFileSync(join(repo, file), 'utf8')),
    [blogEdit.replace('a: "1"', 'a: "bob"'), configMap('old', 'bob'), configMap('web', '2'), 'staged\nand edited\n'],
  );
  await assert.rejects(engine.commits.push(push, t.signal), refusal('push-moved'));
  const again = await engine.commits.planPush(repo, undefined, t.signal);
  assert.deepEqual(
    [await engine.commits.push(again, t.signal), git(origin, 'rev-parse', 'main'), again.carries.map(({ subject }) => subject)],
    [{ outcome: 'pushed' }, outcome.commit, ['ours']],
  );
});

test('a rebase that needs a decision is refused, and nothing is changed', async (t) => {
  const { repo, origin } = await fixture.opened(t);
  write(repo, { 'apps/shop/web.yaml': configMap('web', 'ours') });
  const plan = await engine.commits.plan([shop], t.signal);
  await engine.commits.commit(plan.id, { message: 'ours' }, t.signal);
  const push = await engine.commits.planPush(repo, undefined, t.signal);
  pushByBob(origin, { 'apps/shop/web.yaml': configMap('web', 'theirs') });
  const untouched = stateOf(repo);
  const isSame = (): void => {
    assert.deepEqual({ ...stateOf(repo), refs: '' }, { ...untouched, refs: '' });
  };
  await assert.rejects(engine.commits.fetchAndRebase(push, t.signal), refusal('rebase-conflict'));
  isSame();

  // Theirs in a file that is edited here on the same line.
  git(repo, 'reset', '-q', '--hard', 'HEAD^');
  write(repo, { 'apps/shop/web.yaml': configMap('web', 'edited') });
  const edited = stateOf(repo);
  await assert.rejects(engine.commits.fetchAndRebase(push, t.signal), refusal('commit-overlaps'));
  assert.deepEqual(stateOf(repo), edited);

  git(repo, 'reset', '-q', '--hard');
  git(repo, 'checkout', '-q', '-b', 'side');
  commit(repo, { 'side.txt': 'x' });
  git(repo, 'checkout', '-q', 'main');
  git(repo, 'merge', '-q', '--no-ff', '-m', 'merged', 'side');
  const merged = stateOf(repo);
  await assert.rejects(engine.commits.fetchAndRebase(push, t.signal), refusal('rebase-merges'));
  assert.deepEqual(stateOf(repo), merged);
});

test('a remote that refuses a branch takes a new one for a pull request', async (t) => {
  const { repo, origin } = await fixture.opened(t, { settings: { forges: {} } });
  writeFileSync(join(origin, 'hooks/update'), '#!/bin/sh\n[ "$1" != refs/heads/main ]\n', { mode: 0o755 });
  write(repo, { 'apps/shop/web.yaml': configMap('web', '2') });
  const plan = await engine.commits.plan([shop], t.signal);
  const made = await engine.commits.commit(plan.id, { message: 'ours' }, t.signal);
  const refused = await engine.commits.push(await engine.commits.planPush(repo, undefined, t.signal), t.signal);
  assert.deepEqual([refused.outcome, refused.reason?.code], ['failed', 'push-refused']);
  const elsewhere = await engine.commits.planPush(repo, undefined, t.signal, 'for-review');
  assert.deepEqual(
    [
      await engine.commits.push(elsewhere, t.signal),
      git(origin, 'rev-parse', 'for-review'),
      git(repo, 'rev-parse', '--abbrev-ref', 'main@{u}'),
    ],
    [{ outcome: 'pushed' }, made.commit, 'origin/main'],
  );
  await assert.rejects(engine.commits.planPush(repo, undefined, t.signal, 'for-review'), refusal('git-branch-exists'));
});

test("the editor's Git extension is asked first; git itself for what it does not know; failed hooks leave the plan for another try", async (t) => {
  const asked: unknown[] = [];
  const answers = { isKnown: true };
  const remotes: RemotePort = {
    push: ({ remote, refspec }) => {
      asked.push([remote, refspec]);
      return Promise.resolve(answers.isKnown ? { outcome: 'failed', reason: { code: 'push-sign-in', details: {} } } : undefined);
    },
    fetch: () => Promise.resolve(answers.isKnown ? { problem: { code: 'git-fetch-sign-in', details: {} } } : undefined),
  };
  const { repo, origin } = await fixture.opened(t, { remotes });
  write(repo, { 'apps/shop/web.yaml': configMap('web', '2') });
  hook(repo, 'commit-msg', 'grep -q Ticket "$1"');
  const plan = await engine.commits.plan([shop], t.signal);
  await assert.rejects(engine.commits.commit(plan.id, { message: 'no' }, t.signal), refusal('commit-hook-failed'));
  const { commit: made } = await engine.commits.commit(plan.id, { message: 'Ticket 1' }, t.signal);
  const push = await engine.commits.planPush(repo, undefined, t.signal);
  assert.equal((await engine.commits.push(push, t.signal)).reason?.code, 'push-sign-in');
  await assert.rejects(engine.commits.fetchAndRebase(push, t.signal), refusal('git-fetch-sign-in'));
  answers.isKnown = false;
  assert.deepEqual(await engine.commits.push(push, t.signal), { outcome: 'pushed' });
  const refspec = `${made}:refs/heads/main`;
  assert.deepEqual(
    [asked, git(origin, 'rev-parse', 'main')],
    [
      [
        ['origin', refspec],
        ['origin', refspec],
      ],
      made,
    ],
  );
});

test('two commits at the same time: one is made, the other is planned anew', async (t) => {
  const { repo } = await fixture.opened(t);
  write(repo, { 'apps/shop/web.yaml': configMap('web', '2'), 'apps/blog/blog.yaml': configMap('blog', '2') });
  const plans = [await engine.commits.plan([shop], t.signal), await engine.commits.plan([blog], t.signal)];
  const ended = await Promise.allSettled(plans.map(({ id }) => engine.commits.commit(id, { message: 'm' }, t.signal)));
  assert.deepEqual(
    ended.map((each) => (each.status === 'fulfilled' ? 'made' : isAppError(each.reason) ? each.reason.code : String(each.reason))),
    ['made', 'commit-moved'],
  );
  assert.equal(git(repo, 'status', '--porcelain'), 'M apps/blog/blog.yaml');
});
