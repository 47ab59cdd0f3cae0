import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import { serve } from '../engine/git/gitServer.ts';
import { temporaryFolder } from '../tools/processes.mjs';
import { clusterUidOf, git } from '../tools/sample.ts';
import { makeConfigRepo } from './configRepo.ts';
import { flow, startSession } from './session.ts';
import { until } from './workbench.ts';

const settings = (level: string, region = 'eu'): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  level: ${level}\n  retries: "3"\n  timeout: "30"\n  region: ${region}\n`;

// A remote over HTTP that stands for a self-hosted forge.
const forge = await temporaryFolder('plumbline-forge-');
after(() => forge.remove());
const port = String(await serve({ after }, forge.path));
const origin = join(forge.path, 'acme/shop.git');
const host = `git.larkfield.example:${port}`;
const commitSettings = { 'plumbline.commit.forges': { [host]: 'gitlab' } };

const session = await startSession({
  settings: commitSettings,
  prepare: async (cluster, dir) => {
    const clusterUid = await clusterUidOf({ kubeconfig: cluster.kubeconfigPath, context: cluster.name });
    const files = {
      'plumbline.yaml': `apiVersion: plumbline.dev/v1alpha1\nkind: Config\nenvironments:\n  prod: {context: ${cluster.name}, clusterUid: ${clusterUid}, branch: main, protected: true}\napplications:\n  - {name: shop, environment: prod, path: shop, namespace: shop}\n`,
      'shop/settings.yaml': settings('info'),
      'docs/notes.md': 'Notes\n',
    };
    const repo = await makeConfigRepo(dir, files);
    await git(dir, ['clone', '-q', '--bare', repo, origin]);
    await git(origin, ['config', 'http.receivepack', 'true']);
    // The host's name leads here, without any name server or proxy.
    await git(repo, ['config', 'http.curloptResolve', `${host}:127.0.0.1`]);
    await git(repo, ['config', 'http.proxy', '']);
    await git(repo, ['remote', 'add', 'origin', `http://${host}/acme/shop.git`]);
    await writeFile(join(repo, '.git/info/exclude'), '.vscode\n');
    await git(repo, ['fetch', '-q']);
    await git(repo, ['branch', '-q', '--set-upstream-to=origin/main']);
    await cluster.kubectl(['create', 'namespace', 'shop']);
    return { folder: repo };
  },
});
after(() => session.end());
const { cluster, folder, workbench, dir } = session;
const { page } = workbench;
const input = page.locator('.quick-input-widget .quick-input-box input');
const titled = (title: string): ReturnType<typeof page.locator> =>
  page.locator('.quick-input-titlebar', { hasText: title }).filter({ visible: true });

const edit = (text: string, path = 'shop/settings.yaml'): Promise<void> => writeFile(join(folder, path), text);
const at = async (repo: string, revision: string, format = '%an: %s'): Promise<string> =>
  (await git(repo, ['log', '-1', `--format=${format}`, revision]).catch(() => 'no such revision')).trim();

async function untilAt(repo: string, revision: string, expected: string): Promise<void> {
  await until(`${revision} at "${expected}"`, async () => {
    const found = await at(repo, revision);
    return found === expected ? undefined : found;
  });
}

/** Changes the folder's settings, and waits until the extension follows: the tree is grouped by what is asked then. */
async function writeSettings(more: Readonly<Record<string, unknown>>, groupBy: 'cluster' | 'environment'): Promise<void> {
  await mkdir(join(folder, '.vscode'), { recursive: true });
  await writeFile(join(folder, '.vscode/settings.json'), JSON.stringify({ ...more, 'plumbline.tree.groupBy': groupBy }));
  await workbench.row(groupBy === 'cluster' ? /^plumbline-dev, 1 applications/ : /^prod, 1 applications/);
}

/** Chooses a command about commits in the row's menu, once the row says that it is edited. */
async function begin(entry: RegExp): Promise<void> {
  await workbench.row(/^application shop, prod, .*edited/);
  await workbench.chooseInMenu(/^application shop, prod/, entry, async () =>
    (await titled('Commit Changes').count()) > 0 ? undefined : 'no question for the message',
  );
}

async function answerInput(text: string): Promise<void> {
  await input.fill(text);
  await page.keyboard.press('Enter');
}

flow(
  session,
  'commit and push: the patch, the message, and one question that names files, commits and applications',
  '40-pushed',
  async () => {
    await workbench.openPlumbline();
    await workbench.widenSidebar(440);
    await edit(settings('debug'));
    await edit('More notes\n', 'docs/notes.md');
    await begin(/^Commit Changes/);
    assert.equal(await input.inputValue(), 'Update shop');
    await workbench.untilText(/^-\s*level: info[\s\S]*^\+\s*level: debug/m);
    await workbench.picture('40-message');
    await answerInput('Log more');
    const question = await workbench.question();
    for (const part of [
      /Commit shop\/settings\.yaml to main\?/,
      /M {2}shop\/settings\.yaml/,
      /docs\/notes\.md/,
      /origin\/main/,
      /shop \(prod, protected\)/,
    ]) {
      assert.match(question.replaceAll('\u00a0', ' '), part);
    }
    await workbench.picture('40-question');
    assert.equal(await at(folder, 'HEAD'), 'Mara: Declare the shop');
    await workbench.answer('Commit and Push');
    await untilAt(origin, 'main', 'Mara: Log more');
    await workbench.row(/^application shop, prod(?!.*edited)/);
    assert.equal((await git(folder, ['status', '--porcelain'])).trimEnd(), ' M docs/notes.md');
  },
);

flow(session, 'a rejected push is fetched, rebased and asked again; what is edited stays', '41-rebased', async () => {
  const theirs = join(dir, 'theirs');
  await git(dir, ['clone', '-q', origin, theirs]);
  await writeFile(join(theirs, 'shop/settings.yaml'), settings('debug', 'us'));
  await git(theirs, ['-c', 'user.name=Noor', '-c', 'user.email=noor@larkfield.example', 'commit', '-q', '-am', 'Move to the us']);
  await git(theirs, ['push', '-q', 'origin', 'main']);
  await edit(settings('trace'));
  await begin(/^Commit Changes/);
  await answerInput('Log everything');
  await workbench.answer('Commit and Push');
  await workbench.question('rejected');
  await workbench.picture('41-rejected');
  await workbench.answer('Fetch and Rebase');
  await workbench.question('On top of that');
  await workbench.picture('41-again');
  await workbench.answer('Push');
  await untilAt(origin, 'main', 'Mara: Log everything');
  assert.equal(await at(origin, 'main^'), 'Noor: Move to the us');
  assert.equal(await readFile(join(folder, 'shop/settings.yaml'), 'utf8'), settings('trace', 'us'));
  assert.equal((await git(folder, ['status', '--porcelain'])).trimEnd(), ' M docs/notes.md');
});

/** Presses a button, answers VS Code's own question before it opens a page, and gives the address of the page. */
async function pageOpenedBy(button: string): Promise<string> {
  await page
    .context()
    .route(`https://${host}/**`, (route) => route.fulfill({ contentType: 'text/html', body: '<h1>New merge request</h1>' }));
  const popup = page.context().waitForEvent('page');
  await workbench.answer(button);
  const question = workbench.dialog('external website');
  await question.waitFor();
  await workbench.picture('42-open');
  await question.getByRole('button', { name: 'Open', exact: true }).click();
  const opened = await popup;
  await opened.waitForURL(/merge_requests/);
  const url = opened.url();
  await opened.close();
  return url;
}

flow(session, 'a new branch beside the checkout, pushed, and the page of its merge request', '42-requested', async () => {
  await edit(settings('warn', 'us'));
  await begin(/^Commit to New Branch/);
  await answerInput('Log less & sleep');
  await titled('New Branch').waitFor();
  assert.equal(await input.inputValue(), 'plumbline/update-shop');
  await workbench.picture('42-branch');
  await answerInput('quiet/shop');
  assert.match(await workbench.question(), /new branch quiet\/shop\?[\s\S]*It moves no application/);
  await workbench.picture('42-question');
  const url = await pageOpenedBy('Commit and Create Pull Request');
  assert.equal(
    url,
    `https://${host}/acme/shop/-/merge_requests/new?merge_request%5Bsource_branch%5D=quiet%2Fshop&merge_request%5Btarget_branch%5D=main&merge_request%5Btitle%5D=Log%20less%20%26%20sleep`,
  );
  assert.deepEqual(
    [
      await at(origin, 'quiet/shop'),
      await at(origin, 'main'),
      await at(folder, 'HEAD'),
      await readFile(join(folder, 'shop/settings.yaml'), 'utf8'),
    ],
    ['Mara: Log less & sleep', 'Mara: Log everything', 'Mara: Log everything', settings('warn', 'us')],
  );
});

flow(session, 'a protected branch is not committed to; a longer message is written in a document', '43-protected', async () => {
  await writeSettings({ 'plumbline.commit.protectedBranches': ['main'] }, 'cluster');
  await begin(/^Commit Changes/);
  await page.locator('.quick-input-titlebar').getByRole('button', { name: 'Write a Longer Message' }).click();
  await workbench.untilText(/^Update shop\n[\s\S]*# Accept the message/m);
  await page.keyboard.press('Control+Home');
  await page.keyboard.press('End');
  await page.keyboard.type('\n\nIt was too loud.');
  await workbench.picture('43-message');
  await page.getByRole('button', { name: 'Accept Commit Message' }).first().click();
  await titled('New Branch').waitFor();
  await page.locator('.quick-input-message', { hasText: 'main is protected' }).waitFor();
  await workbench.picture('43-branch');
  await answerInput('plumbline/quiet');
  assert.match(await pageOpenedBy('Commit and Create Pull Request'), /source_branch%5D=plumbline%2Fquiet/);
  assert.equal(await at(origin, 'plumbline/quiet', '%B'), 'Update shop\n\nIt was too loud.');
  assert.equal(await at(folder, 'HEAD'), 'Mara: Log everything');
});

flow(session, 'a sync of an edited application commits and pushes first, then applies what was pushed', '44-synced', async () => {
  await writeSettings({}, 'environment');
  assert.match(await workbench.askInMenu(/^application shop, prod/, /^Sync…/), /uncommitted edits/);
  await workbench.answer(/^Commit First/);
  await titled('Commit Changes').waitFor();
  await answerInput('Log warnings');
  await workbench.answer('Commit and Push');
  await workbench.question('to namespace shop');
  await workbench.picture('44-question');
  await workbench.answer('Sync');
  await untilAt(origin, 'main', 'Mara: Log warnings');
  await until('the live level', async () => {
    const level = await cluster.kubectl([
      '-n',
      'shop',
      'get',
      'configmap',
      'settings',
      '--ignore-not-found',
      '-o',
      'jsonpath={.data.level}',
    ]);
    return level === 'warn' ? undefined : level;
  });
  await workbench.row(/^application shop, prod, synced/i);
});
