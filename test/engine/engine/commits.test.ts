import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isAppError } from '../../../src/base/errors.ts';
import { describe } from '../../../src/engine/model/describe.ts';
import type { CommitPlan } from '../../../src/engine/model/commit.ts';
import { stateOf } from '../git/commitSupport.ts';
import { git, write } from '../git/sampleRepo.ts';
import { blog, CommitEngine, configMap, refusal, shop } from './commitsSupport.ts';

const fixture = await CommitEngine.start();
const { engine, logged } = fixture;
after(() => {
  fixture.end();
});

const shown = (plan: CommitPlan): unknown => plan.files.map(({ path, status }) => `${status} ${path}`);

test('a commit takes the edits of the files that the application reads: edits, new files, deletions; it is pushed, and moves what reads them', async (t) => {
  const template = 'apps/template.txt';
  const { repo, origin } = await fixture.opened(t, { more: { [template]: 'Ticket: \n# a comment\n' } });
  git(repo, 'config', 'commit.template', template);
  // Of the shop: an edit, a file that is new in the kustomization, a deleted one. Of others: staged, edited, new.
  write(repo, {
    'apps/shop/web.yaml': configMap('web', '2'),
    'apps/shop/kustomization.yaml': 'resources: [../../base, web.yaml, new.yaml]\n',
    'apps/shop/new.yaml': configMap('new'),
    'apps/shop/notes.md': 'More notes\n',
    'apps/blog/blog.yaml': configMap('blog', 'staged'),
    'apps/blog/extra.yaml': configMap('extra'),
  });
  rmSync(join(repo, 'apps/shop/old.yaml'));
  git(repo, 'add', 'apps/blog/blog.yaml');
  write(repo, { 'apps/blog/blog.yaml': configMap('blog', 'edited') });
  const untouched = stateOf(repo);

  const plan = await engine.commits.plan([shop], t.signal);
  assert.deepEqual(
    [shown(plan), [...plan.left].sort(), plan.message, plan.branch, plan.refused, plan.mustBranch, plan.warnings, plan.unsaved],
    [
      ['modified apps/shop/kustomization.yaml', 'added apps/shop/new.yaml', 'deleted apps/shop/old.yaml', 'modified apps/shop/web.yaml'],
      ['apps/blog/blog.yaml', 'apps/blog/extra.yaml', 'apps/shop/notes.md'],
      'Update shop\n\nTicket:',
      'main',
      undefined,
      undefined,
      [],
      [],
    ],
  );
  assert.match(plan.files.find(({ path }) => path.endsWith('web.yaml'))?.patch ?? '', /^-  value: "1"\n\+  value: "2"$/m);
  assert.deepEqual([plan.push?.carries, plan.push?.moves.map(({ name, isProtected }) => [name, isProtected])], [[], [['shop', true]]]);
  assert.deepEqual(stateOf(repo), untouched);

  const made = await engine.commits.commit(plan.id, { message: 'Use the new map' }, t.signal);
  assert.deepEqual(
    [
      git(repo, 'rev-parse', 'HEAD'),
      git(repo, 'log', '-1', '--format=%an %s'),
      git(repo, 'show', '--format=', '--name-status', '--no-renames', 'HEAD'),
    ],
    [
      made.commit,
      'Ada Use the new map',
      'M\tapps/shop/kustomization.yaml\nA\tapps/shop/new.yaml\nD\tapps/shop/old.yaml\nM\tapps/shop/web.yaml',
    ],
  );
  const after = stateOf(repo);
  assert.deepEqual(
    [after['files'], git(repo, 'status', '--porcelain'), git(repo, 'show', ':apps/blog/blog.yaml')],
    [
      Object.fromEntries(Object.entries(untouched['files'] as object).filter(([path]) => path !== 'apps/shop/old.yaml')),
      'MM apps/blog/blog.yaml\n M apps/shop/notes.md\n?? apps/blog/extra.yaml',
      configMap('blog', 'staged').trim(),
    ],
  );
  await assert.rejects(engine.commits.commit(plan.id, { message: 'again' }, t.signal), refusal('unknown-plan'));

  const push = await engine.commits.planPush(repo, undefined, t.signal);
  assert.deepEqual(
    [push.carries.map(({ subject }) => subject), push.foreign, push.moves.map(({ applicationId }) => applicationId)],
    [['Use the new map'], [], [shop]],
  );
  assert.deepEqual([await engine.commits.push(push, t.signal), git(origin, 'rev-parse', 'main')], [{ outcome: 'pushed' }, made.commit]);
  assert.equal((await engine.commits.plan([shop], t.signal)).refused?.code, 'commit-no-edits');
  assert.ok(logged.some((line) => line.includes('[push]') && line.includes('pushed')));
});

test('a file that several applications read moves them all; a definition is committed with the application that it declares', async (t) => {
  const { repo } = await fixture.opened(t);
  write(repo, { 'base/shared.yaml': configMap('shared', '2') });
  const shared = await engine.commits.plan([blog], t.signal);
  assert.deepEqual([shown(shared), shared.push?.moves.map(({ name }) => name)], [['modified base/shared.yaml'], ['shop', 'blog']]);
  await engine.commits.commit(shared.id, { message: 'shared' }, t.signal);

  const config = readFileSync(join(repo, 'plumbline.yaml'), 'utf8');
  write(repo, { 'plumbline.yaml': config.replace('namespace: blog', 'namespace: news') });
  await engine.refresh(undefined, { fetch: false }, t.signal);
  assert.deepEqual(shown(await engine.commits.plan([shop], t.signal)), []);
  assert.deepEqual(shown(await engine.commits.plan([blog], t.signal)), ['modified plumbline.yaml']);
});

test('unsaved edits are told of and not committed; an application that does not render warns', async (t) => {
  const { repo } = await fixture.opened(t);
  engine.setBuffer(join(repo, 'apps/shop/web.yaml'), configMap('web', 'unsaved'));
  write(repo, { 'apps/shop/old.yaml': 'kind: [\n' });
  const plan = await engine.commits.plan([shop], t.signal);
  assert.deepEqual(
    [shown(plan), plan.unsaved, plan.warnings.map(({ code }) => code)],
    [['modified apps/shop/old.yaml'], ['apps/shop/web.yaml'], ['commit-not-rendered']],
  );
});

test('values of Secrets are in no patch and in no log', async (t) => {
  const { repo } = await fixture.opened(t, {
    more: {
      'apps/shop/kustomization.yaml': `resources: [web.yaml, secret.yaml]
secretGenerator:
  - {name: generated, envs: [shop.env], literals: [token=planted-literal-1]}
`,
      'apps/shop/shop.env': 'PASSWORD=planted-env-1\nUSER=ada\n',
      'apps/shop/secret.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: direct}\nstringData: {key: planted-direct-1}\n',
    },
  });
  write(repo, {
    'apps/shop/shop.env': 'PASSWORD=planted-env-2\nUSER=ada\nPORT=80\n',
    'apps/shop/secret.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: direct}\nstringData: {key: planted-direct-2}\n',
    'apps/shop/kustomization.yaml': `resources: [web.yaml, secret.yaml]
secretGenerator:
  - {name: generated, envs: [shop.env], literals: [token=planted-literal-2]}
`,
  });
  const plan = await engine.commits.plan([shop], t.signal);
  await engine.commits.commit(plan.id, { message: 'rotate' }, t.signal);
  assert.deepEqual(
    plan.files.map(({ path, patch, note }) => [path, patch === undefined, note?.code]),
    [
      ['apps/shop/kustomization.yaml', false, undefined],
      ['apps/shop/secret.yaml', true, 'commit-holds-secret'],
      ['apps/shop/shop.env', false, undefined],
    ],
  );
  assert.match(plan.files[2]?.patch ?? '', /^-PASSWORD=•+\n\+PASSWORD=•+/m);
  assert.doesNotMatch(JSON.stringify([plan, logged]), /planted|cGxhbnRlZ/);

  // What does not render may hold values that nobody knows.
  write(repo, { 'apps/shop/shop.env': 'PASSWORD=planted-env-3\n', 'apps/shop/web.yaml': 'kind: [\n' });
  const broken = await engine.commits.plan([shop], t.signal);
  assert.deepEqual(
    broken.files.map(({ path, note }) => [path, note?.code]),
    [
      ['apps/shop/shop.env', 'commit-may-hold-secret'],
      ['apps/shop/web.yaml', 'commit-may-hold-secret'],
    ],
  );
  assert.doesNotMatch(JSON.stringify([broken, logged]), /planted/);
});

test('what stands in the way of a commit is the reason of its plan', async (t) => {
  const { repo } = await fixture.opened(t);
  const codes: unknown[] = [];
  const look = async (): Promise<void> => {
    const plan = await engine.commits.plan([shop], t.signal);
    codes.push(plan.refused?.code);
    if (plan.refused === undefined) return;
    await assert.rejects(engine.commits.commit(plan.id, { message: 'm' }, t.signal), isAppError);
    assert.doesNotMatch(describe(plan.refused.code, plan.refused.details), /\{|\?/);
  };
  await look();
  write(repo, { 'apps/shop/web.yaml': configMap('web', '2') });
  await look();
  writeFileSync(join(repo, '.git/index.lock'), '');
  await look();
  rmSync(join(repo, '.git/index.lock'));
  writeFileSync(join(repo, '.git/MERGE_HEAD'), `${git(repo, 'rev-parse', 'HEAD')}\n`);
  await look();
  rmSync(join(repo, '.git/MERGE_HEAD'));
  git(repo, 'checkout', '-q', '--detach');
  await look();
  git(repo, 'checkout', '-q', '--orphan', 'fresh');
  await look();
  assert.deepEqual(codes, ['commit-no-edits', undefined, 'git-index-locked', 'git-operation', 'git-detached', 'git-no-commits']);
});

test('a protected branch is not committed to: a new branch is, beside the checkout, with the page of its pull request', async (t) => {
  const { repo, origin } = await fixture.opened(t, {
    settings: { protectedBranches: ['ma*'], forges: { 'git.example.org': 'gitlab' }, signOff: true },
  });
  git(repo, 'remote', 'set-url', '--push', 'origin', 'https://ada:token@git.example.org/acme/shop.git');
  git(repo, 'branch', 'plumbline/update-shop');
  write(repo, { 'apps/shop/web.yaml': configMap('web', '2') });
  const untouched = stateOf(repo);
  const plan = await engine.commits.plan([shop], t.signal);
  assert.deepEqual([plan.mustBranch?.code, plan.suggestedBranch], ['commit-protected', 'plumbline/update-shop-2']);
  await assert.rejects(engine.commits.commit(plan.id, { message: 'm' }, t.signal), refusal('commit-protected'));
  await assert.rejects(engine.commits.commit(plan.id, { message: 'm', newBranch: 'a..b' }, t.signal), refusal('git-branch-invalid'));
  const made = await engine.commits.commit(plan.id, { message: 'Set it & go', newBranch: 'fix/web' }, t.signal);
  assert.deepEqual({ ...stateOf(repo), refs: '' }, { ...untouched, refs: '' });
  assert.deepEqual(
    [made.branch, made.requestUrl, made.remoteUrl, git(repo, 'log', '-1', '--format=%H %P %B', 'fix/web')],
    [
      'fix/web',
      'https://git.example.org/acme/shop/-/merge_requests/new?merge_request%5Bsource_branch%5D=fix%2Fweb&merge_request%5Btarget_branch%5D=main&merge_request%5Btitle%5D=Set%20it%20%26%20go',
      'https://git.example.org/acme/shop.git',
      `${made.commit} ${plan.base} Set it & go\n\nSigned-off-by: Ada <ada@example.org>`,
    ],
  );
  git(repo, 'remote', 'set-url', '--push', 'origin', origin);
  const push = await engine.commits.planPush(repo, 'fix/web', t.signal);
  assert.deepEqual([push.remoteBranch, push.carries.length, push.moves], ['fix/web', 1, []]);
  assert.deepEqual(
    [await engine.commits.push(push, t.signal), git(origin, 'rev-parse', 'fix/web'), git(repo, 'rev-parse', '--abbrev-ref', 'fix/web@{u}')],
    [{ outcome: 'pushed' }, made.commit, 'origin/fix/web'],
  );
});
