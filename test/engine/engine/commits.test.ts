import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { isAppError } from '../../../src/base/errors.ts';
import type { RemotePort } from '../../../src/engine/commitApi.ts';
import { Engine } from '../../../src/engine/engine.ts';
import { describe } from '../../../src/engine/model/describe.ts';
import type { CommitPlan } from '../../../src/engine/model/commit.ts';
import { type CommitSettings, defaultCommitSettings, type EngineSettings } from '../../../src/engine/model/settings.ts';
import { environment, hook, stateOf } from '../git/commitSupport.ts';
import { serve } from '../git/gitServer.ts';
import { commit, git, makeRepo, write } from '../git/sampleRepo.ts';
import { settingsFor } from './support.ts';

const configMap = (name: string, value = '1'): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  a: "1"\n  b: "1"\n  c: "1"\n  d: "1"\n  e: "1"\n  f: "1"\n  g: "1"\n  h: "1"\n  value: "${value}"\n`;

const files: Readonly<Record<string, string>> = {
  'plumbline.yaml': `apiVersion: plumbline.dev/v1alpha1
kind: Config
environments:
  prod: {context: nowhere, branch: main, protected: true}
  dev: {context: nowhere}
applications:
  - {name: shop, environment: prod, path: apps/shop, namespace: shop}
  - {name: blog, environment: dev, path: apps/blog, namespace: blog}
`,
  'base/kustomization.yaml': 'resources: [shared.yaml]\n',
  'base/shared.yaml': configMap('shared'),
  'apps/shop/kustomization.yaml': 'resources: [../../base, web.yaml, old.yaml]\n',
  'apps/shop/web.yaml': configMap('web'),
  'apps/shop/old.yaml': configMap('old'),
  'apps/shop/notes.md': 'Notes\n',
  'apps/blog/kustomization.yaml': 'resources: [../../base, blog.yaml]\n',
  'apps/blog/blog.yaml': configMap('blog'),
};
const [shop, blog] = ['prod/shop', 'dev/blog'] as const;

interface Opened {
  readonly repo: string;
  readonly origin: string;
  readonly engine: Engine;
}

/** One engine for all: each test opens a repo of its own in it. No cluster is needed, since nothing is compared. */
let engine: Engine;
const storage = mkdtempSync(join(tmpdir(), 'plumbline-commits-'));
/** everything that was logged in the running test */
let logged: string[] = [];
/** the editor's Git extension in the running test */
let remotes: RemotePort | undefined;
const settingsWith = (commitSettings: Partial<CommitSettings>): EngineSettings =>
  settingsFor(join(storage, 'no-kubeconfig'), { commit: { ...defaultCommitSettings, ...commitSettings } });

before(async () => {
  const log = (message: string): number => logged.push(message);
  engine = await Engine.create({
    settings: settingsWith({}),
    storagePath: storage,
    environment,
    logger: { trace: log, debug: log, info: log, warn: log, error: log },
    remotes: {
      push: (request, signal) => remotes?.push(request, signal) ?? Promise.resolve(undefined),
      fetch: (request, signal) => remotes?.fetch(request, signal) ?? Promise.resolve(undefined),
    },
  });
});
after(() => {
  engine.dispose();
  rmSync(storage, { recursive: true, force: true, maxRetries: 5 });
});

/** A repo with a bare origin, open in the engine. */
async function opened(
  t: TestContext,
  { more = {}, settings = {} }: { more?: Record<string, string>; settings?: Partial<CommitSettings> } = {},
): Promise<Opened> {
  const repo = makeRepo(t, { ...files, ...more });
  const origin = join(repo, '..', 'origin.git');
  git(repo, 'clone', '-q', '--bare', repo, origin);
  git(repo, 'remote', 'add', 'origin', origin);
  git(repo, 'fetch', '-q');
  git(repo, 'branch', '-q', '--set-upstream-to=origin/main');
  logged = [];
  remotes = undefined;
  engine.updateSettings(settingsWith(settings));
  await engine.openFolder(repo);
  t.after(() => {
    engine.closeFolder(repo);
  });
  return { repo, origin, engine };
}

/** Somebody else's clone of the origin, that pushes a commit. @returns its id */
function pushByBob(origin: string, changes: Readonly<Record<string, string>>): string {
  const clone = join(origin, '..', `bob-${String(Math.random()).slice(2)}`);
  git(join(origin, '..'), 'clone', '-q', origin, clone);
  const id = commitAs(clone, 'Bob', changes);
  git(clone, 'push', '-q', 'origin', 'HEAD:main');
  return id;
}

function commitAs(folder: string, name: string, changes: Readonly<Record<string, string>>): string {
  commit(folder, changes, `by ${name}`);
  git(folder, 'commit', '-q', '--amend', '--no-edit', `--author=${name} <${name.toLowerCase()}@example.org>`);
  return git(folder, 'rev-parse', 'HEAD');
}

const shown = (plan: CommitPlan): unknown => plan.files.map(({ path, status }) => `${status} ${path}`);
const refusal =
  (code: string) =>
  (error: unknown): boolean =>
    isAppError(error, code);

test('a commit takes the edits of the files that the application reads: edits, new files, deletions; it is pushed, and moves what reads them', async (t) => {
  const template = 'apps/template.txt';
  const { repo, origin, engine } = await opened(t, { more: { [template]: 'Ticket: \n# a comment\n' } });
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
  const { repo, engine } = await opened(t);
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
  const { repo, engine } = await opened(t);
  engine.setBuffer(join(repo, 'apps/shop/web.yaml'), configMap('web', 'unsaved'));
  write(repo, { 'apps/shop/old.yaml': 'kind: [\n' });
  const plan = await engine.commits.plan([shop], t.signal);
  assert.deepEqual(
    [shown(plan), plan.unsaved, plan.warnings.map(({ code }) => code)],
    [['modified apps/shop/old.yaml'], ['apps/shop/web.yaml'], ['commit-not-rendered']],
  );
});

test('values of Secrets are in no patch and in no log', async (t) => {
  const { repo, engine } = await opened(t, {
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
  const { repo, engine } = await opened(t);
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
  const { repo, origin, engine } = await opened(t, {
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

test('unpushed commits of others are not deployed by the way: ours goes to a branch that starts at the remote', async (t) => {
  const { repo, origin, engine } = await opened(t);
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
  const { repo, origin, engine } = await opened(t);
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
  const { repo, origin, engine } = await opened(t);
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
  const { repo, origin, engine } = await opened(t, { settings: { forges: {} } });
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
  const { repo, origin, engine } = await opened(t);
  remotes = {
    push: ({ remote, refspec }) => {
      asked.push([remote, refspec]);
      return Promise.resolve(answers.isKnown ? { outcome: 'failed', reason: { code: 'push-sign-in', details: {} } } : undefined);
    },
    fetch: () => Promise.resolve(answers.isKnown ? { problem: { code: 'git-fetch-sign-in', details: {} } } : undefined),
  };
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
  const { repo, engine } = await opened(t);
  write(repo, { 'apps/shop/web.yaml': configMap('web', '2'), 'apps/blog/blog.yaml': configMap('blog', '2') });
  const plans = [await engine.commits.plan([shop], t.signal), await engine.commits.plan([blog], t.signal)];
  const ended = await Promise.allSettled(plans.map(({ id }) => engine.commits.commit(id, { message: 'm' }, t.signal)));
  assert.deepEqual(
    ended.map((each) => (each.status === 'fulfilled' ? 'made' : isAppError(each.reason) ? each.reason.code : String(each.reason))),
    ['made', 'commit-moved'],
  );
  assert.equal(git(repo, 'status', '--porcelain'), 'M apps/blog/blog.yaml');
});
