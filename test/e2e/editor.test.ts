import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import { helm } from '../tools/binaries.ts';
import { makeEditorRepo } from './editorRepo.ts';
import { recordMark } from './markFrames.ts';
import { flow, startSession } from './session.ts';
import { until } from './workbench.ts';

// The API server alone: a base with two overlays and a chart, all in sync before the first flow.
const session = await startSession({
  prepare: async (cluster, dir) => {
    const { folder } = await makeEditorRepo(cluster, dir);
    const chart = join(folder, 'charts/till');
    const values = { eu: ['-f', join(chart, 'values-eu.yaml')], us: [] };
    for (const [region, args] of Object.entries(values)) {
      await cluster.kubectl(['apply', '-n', region, '-f', '-'], await helm(['template', 'till', chart, ...args]));
    }
    return { folder };
  },
  // A browser's VS Code saves by itself after a second.
  settings: { 'files.autoSave': 'off' },
});
after(() => session.end());
const { cluster, folder, themes, workbench } = session;
const { page } = workbench;

flow(session, 'one line of a base tells what live has in every environment', '30-combined', async () => {
  await workbench.openPlumbline();
  await workbench.widenSidebar(440);
  for (const name of ['till', 'window'])
    for (const region of ['eu', 'us']) await workbench.row(new RegExp(`^application ${name}, prod-${region}, synced`, 'i'));
  await cluster.kubectl(['-n', 'eu', 'scale', 'deployment/window', '--replicas=5']);
  await cluster.kubectl(['-n', 'us', 'scale', 'deployment/window', '--replicas=4']);
  await cluster.kubectl(['-n', 'us', 'patch', 'configmap/till-receipt', '--type=merge', '-p', '{"data":{"greeting":"howdy"}}']);
  await cluster.kubectl(['-n', 'eu', 'set', 'image', 'deployment/window', 'window=registry.example/window:1.2']);
  await cluster.kubectl(['-n', 'us', 'set', 'env', 'deployment/window', 'REGION=mars']);
  await workbench.openFile('window/base/window.yaml');
  await workbench.untilNote('replicas:', /^live: 5 in prod-eu, 4 in prod-us$/);
  await themes.pictures('combined');
});

flow(session, 'nothing flickers while typing: in every frame the mark is there, and it follows its line', '31-typed', async () => {
  await workbench.goToLine(1);
  await page.keyboard.press('End');
  const stop = await recordMark(page, 'replicas:');
  for (const word of ['one', 'two', 'three']) {
    await page.keyboard.press('Enter');
    await page.keyboard.type(`# ${word}`);
  }
  await workbench.untilText(/# three/);
  for (let line = 0; line < 3; line += 1) {
    await page.keyboard.press('Control+Shift+k');
    await page.keyboard.press('ArrowUp');
  }
  await until('the lines gone', async () => {
    const lines = await page.locator('.editor-instance .view-line').allInnerTexts();
    return lines.some((line) => /one|two|three/.test(line)) ? lines.join(' / ') : undefined;
  });
  const frames = await stop();
  const holes = frames.filter(({ top, note, hasIcon }) => top === undefined || note?.includes('live: 5 in prod-eu') !== true || !hasIcon);
  assert.deepEqual(holes, []);
  const tops = [...new Set(frames.flatMap(({ top }) => top ?? []))].sort((left, right) => left - right);
  const [first = 0, second = 0] = tops;
  const height = second - first;
  assert.ok(tops.length >= 4 && height > 10, tops.join());
  assert.deepEqual(
    tops.map((top) => (top - first) / height),
    tops.map((_, index) => index),
  );
  await workbench.command('File: Revert File');
  await workbench.untilText(/# The shop window\./);
});

flow(session, 'hover: both environments, how it was changed, the words of the API, the last commit, the actions', '31-hover', async () => {
  const text = await workbench.hover('replicas: 2', /Number of desired pods/);
  assert.match(text, /prod-eu[\s\S]*Git\s+2\s+live\s+5[\s\S]*Changed by hand with kubectl scale\./);
  assert.match(text, /prod-us[\s\S]*Git\s+2\s+live\s+4/);
  assert.match(text, /Number of desired pods/);
  assert.match(text, /Open the shop · Mara/);
  assert.match(text, /Open Diff · Three Sides · Adopt Live Value · .*Revert Live to Git/);
  await themes.pictures('hover-of-two');
});

const marked: readonly [what: string, file: string, line: string, note: RegExp][] = [
  ['an images entry', 'window/overlays/eu/kustomization.yaml', 'newTag:', /^live: .*window:1\.2 · kubectl-set/],
  ['a JSON patch inside YAML', 'window/overlays/us/kustomization.yaml', 'value: us', /^live: mars · kubectl-set/],
  ['values of a chart', 'charts/till/values.yaml', 'greeting:', /^live: howdy · kubectl-patch/],
];
for (const [index, [what, file, line, note]] of marked.entries()) {
  flow(session, `the mark stands on ${what}`, `32-line-${String(index + 1)}`, async () => {
    await workbench.closeEditors();
    await workbench.openFile(file);
    await workbench.untilNote(line, note);
  });
}

flow(session, 'the lamp on a marked line offers what can be done with it', '33-actions', async () => {
  await workbench.goToLine(2);
  const actions = await workbench.quickFixes();
  for (const action of [
    /^Revert live greeting to Git in prod-us/,
    /^Adopt live greeting from prod-us/,
    /^Open diff of ConfigMap\/till-receipt/,
  ]) {
    assert.ok(
      actions.some((label) => action.test(label)),
      `${action.source}: ${actions.join(' | ')}`,
    );
  }
  await themes.pictures('actions');
});

flow(session, 'adopt: the edit is shown before it is made, and changes nothing but the value', '34-adopted', async () => {
  await workbench.chooseFix(/^Adopt live greeting/);
  assert.match(await workbench.question(), /charts\/till\/values\.yaml:2/);
  await themes.pictures('adopt');
  await workbench.answer('Apply');
  await workbench.untilText(/^# Words on the receipt\.\ngreeting: howdy\nfooter: thanks/m);
  await page.keyboard.press('Control+s');
  await until('the saved file', async () => {
    const text = await readFile(join(folder, 'charts/till/values.yaml'), 'utf8');
    return text === '# Words on the receipt.\ngreeting: howdy\nfooter: thanks\n' ? undefined : text;
  });
});

flow(session, 'typing in a base tells at once which applications would change, before anything is saved', '35-effects', async () => {
  await workbench.closeEditors();
  await workbench.openFile('window/base/window.yaml');
  await workbench.goToLine(7);
  await page.keyboard.press('End');
  await page.keyboard.press('Backspace');
  await page.keyboard.type('3');
  // One application after the other is told of.
  const both = /your edits change 1 object in prod-eu\/window, 1 object in prod-us\/window/;
  const lens = page.locator('.codelens-decoration', { hasText: both });
  await lens.waitFor({ timeout: 60_000 });
  await lens.getByRole('button').first().waitFor();
  assert.match(await readFile(join(folder, 'window/base/window.yaml'), 'utf8'), /replicas: 2/);
});

flow(session, 'three sides of one object: live, Git and the working tree in one view', '36-three-sides', async () => {
  await workbench.command('Plumbline: Show What the Edits Change');
  await page.locator('.quick-input-widget .monaco-list-row').first().waitFor();
  await themes.pictures('effects');
  await workbench.pick('Deployment/window');
  const names = page.locator('.multiDiffEntry .file-path');
  await until('two pairs', async () => ((await names.count()) === 2 ? undefined : (await names.allInnerTexts()).join(' | ')));
  const entries = (await page.locator('.multiDiffEntry').allInnerTexts()).join('\n');
  for (const pair of ['live ↔ Git', 'Git ↔ working tree']) assert.ok(entries.includes(pair), entries);
  await workbench.restMouse();
  await themes.pictures('three-sides');
  await workbench.command('View: Close Editor');
  await workbench.command('File: Revert File');
  await workbench.untilText(/replicas: 2/);
  await page.locator('.codelens-decoration', { hasText: /your edits change/ }).waitFor({ state: 'detached' });
});

flow(session, 'definition and references lead from file to file', '37-references', async () => {
  await workbench.closeEditors();
  await workbench.openFile('window/overlays/eu/kustomization.yaml');
  await workbench.goToLine(2);
  await page.keyboard.press('End');
  await page.keyboard.press('F12');
  await workbench.untilText(/^ *- window\.yaml/m);
  await workbench.goToLine(2);
  await page.keyboard.press('End');
  await page.keyboard.press('F12');
  await workbench.untilText(/^kind: Deployment/m);
  await page.keyboard.press('Shift+F12');
  await page.locator('.reference-zone-widget, .zone-widget').first().waitFor();
});

flow(session, 'what the API server refuses stands on its line after a save', '38-refused', async () => {
  await page.keyboard.press('Escape');
  await workbench.closeEditors();
  await workbench.openFile('window/base/window.yaml');
  await workbench.goToLine(7);
  await page.keyboard.press('End');
  await page.keyboard.insertText('\n  replicaz: 3');
  await page.keyboard.press('Control+s');
  await until('a problem', async () => {
    const problems = (await workbench.problems()).join('\n');
    return /would refuse Deployment\/window .*replicaz: field not declared[\s\S]*?Ln 8,/.test(problems) ? undefined : problems;
  });
  await themes.pictures('problems');
  await workbench.closePanel();
});

flow(session, 'plumbline.yaml: keys are completed', '39-reverted', async () => {
  await workbench.openFile('plumbline.yaml');
  await page.keyboard.press('Control+End');
  await page.keyboard.insertText('  - name: x\n    po');
  await page.keyboard.press('Control+Space');
  await page.locator('.suggest-widget .monaco-list-row', { hasText: 'policy' }).first().waitFor();
  // What is declared stands while the text is no YAML for a moment.
  await workbench.row(/^application till, prod-us, 1 drifted/);
  await themes.pictures('completion');
  await page.keyboard.press('Escape');
  await workbench.command('File: Revert File');
});

flow(session, 'by keyboard alone: from the tree to the diff, from mark to mark, and to the actions', '41-keyboard', async () => {
  await workbench.closeEditors();
  await workbench.command('Plumbline: Focus on Applications View');
  const focused = page.locator('.part.sidebar .monaco-list.element-focused .monaco-list-row.focused').first();
  const press = async (key: string, expected: RegExp): Promise<void> => {
    await page.keyboard.press(key);
    await until(`${key} leads to ${expected.source}`, async () => {
      const label = (await focused.getAttribute('aria-label')) ?? '';
      return expected.test(label) ? undefined : label;
    });
  };
  await press('Home', /^Needs Attention/);
  await press('ArrowDown', /^application till, prod-us, 1 drifted/);
  await page.keyboard.press('ArrowRight');
  await workbench.row(/^ConfigMap\/till-receipt/);
  await press('ArrowDown', /^ConfigMap\/till-receipt/);
  await page.keyboard.press('Enter');
  const { original, modified } = await workbench.diffSides();
  assert.deepEqual([/greeting: howdy/.test(original), /greeting: hello/.test(modified)], [true, true]);
  // The accessible view of the changes.
  await page.keyboard.press('F7');
  await page.locator('.diff-review-row:focus').waitFor();
  await page.locator('.diff-review', { hasText: 'greeting: howdy' }).waitFor();
  await page.keyboard.press('Escape');
  await workbench.closeEditors();
  await workbench.openFile('window/overlays/us/kustomization.yaml');
  await workbench.untilNote('value: us', /^live: mars/);
  await workbench.nextProblem(/value is mars in window/);
  await page.keyboard.press('Escape');
  assert.match((await workbench.quickFixes()).join(), /Revert live value to Git/);
});

flow(session, 'by keyboard alone: from the mark to its hover, the action, the question, and the revert', '42-keyboard', async () => {
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  await page.keyboard.press('Control+i');
  await page.locator('.monaco-resizable-hover', { hasText: /mars[\s\S]*Revert Live to Git/ }).waitFor();
  await page.keyboard.press('Escape');
  const actions = await workbench.quickFixes();
  const index = actions.findIndex((label) => /^Revert live value to Git/.test(label));
  for (let step = 0; step < index; step += 1) await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  assert.match(await workbench.question(), /Revert 1 field of 1 object in namespace us[\s\S]*mars → us/);
  await page.keyboard.press('Enter');
  await workbench.untilNote('value: us', undefined);
});

flow(session, 'by keyboard alone: the three sides of an object, and from change to change', '43-keyboard', async () => {
  await workbench.closeEditors();
  await workbench.openFile('window/base/window.yaml');
  await workbench.untilNote('replicas:', /^live: 5 in prod-eu/);
  await workbench.goToLine(7);
  await page.keyboard.press('F1');
  await page.keyboard.type('Plumbline: Open Live, Last Sync and Working Tree');
  await page.locator('.quick-input-list .monaco-list-row.focused', { hasText: 'Open Live, Last Sync and Working Tree' }).first().waitFor();
  await page.keyboard.press('Enter');
  const names = page.locator('.multiDiffEntry .file-path');
  await until('two pairs', async () => ((await names.count()) === 2 ? undefined : (await names.allInnerTexts()).join(' | ')));
  const place = page.locator('[id="status.editor.selection"]');
  await until('the change', async () => {
    await page.keyboard.press('Alt+F5');
    const text = await place.innerText();
    return text.startsWith('Ln 7,') ? undefined : text;
  });
  // What screen readers read out where no row of a tree tells.
  await page.getByRole('button', { name: /^Plumbline: \d+ drifted$/ }).waitFor();
});
