import assert from 'node:assert/strict';
import { suite, suiteSetup, teardown, test } from 'mocha';
import * as vscode from 'vscode';
import { activeDiff, fileUri, textOf, until, untilMarked } from './support.ts';

// The sample's prod environment: its Deployment runs another image, its Secret has another key, a Campaign another discount.
const applicationId = 'prod/storefront';
const deployment = { applicationId, key: 'apps/Deployment/shop-prod/storefront' };
const source = 'apps/storefront/prod/storefront.yaml';

suite('drift in the editor', () => {
  suiteSetup(async () => {
    await vscode.window.showTextDocument(fileUri(source));
    await untilMarked(fileUri(source));
  });

  teardown(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  test('the Problems and the hover of a line tell both values, and link to the actions', async () => {
    const document = await vscode.workspace.openTextDocument(fileUri(source));
    await vscode.window.showTextDocument(document);
    const problems = await untilMarked(document.uri);
    const image = problems.find(({ message }) => message.includes('4.11.1-hotfix'));
    assert.ok(image !== undefined, problems.map(({ message }) => message).join('\n'));
    assert.equal(image.severity, vscode.DiagnosticSeverity.Information);
    assert.match(document.lineAt(image.range.start.line).text, /^\s+image: .*storefront:4\.12\.0$/);
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>('vscode.executeHoverProvider', document.uri, image.range.start);
    const text = hovers
      .flatMap(({ contents }) => contents)
      .map((content) => (content as vscode.MarkdownString).value)
      .join('\n');
    assert.match(text, /4\.12\.0/);
    assert.match(text, /4\.11\.1-hotfix/);
    assert.match(text, /command:plumbline\.openDiff\?.*command:plumbline\.revert\?/s);
  });

  test('the diff of an object: left live, right Git, read-only, titled by both sides', async () => {
    await vscode.commands.executeCommand('plumbline.openDiff', deployment);
    const diff = await until('a diff', activeDiff);
    assert.match(diff.label, /^Deployment\/storefront: \S+ live ↔ Git [\da-f]{7}$/);
    assert.equal(vscode.workspace.fs.isWritableFileSystem(diff.left.scheme) ?? false, false);
    const [left, right] = [await textOf(diff.left), await textOf(diff.right)];
    assert.match(left, /image: .*:4\.11\.1-hotfix/);
    assert.match(right, /image: .*:4\.12\.0/);
    assert.doesNotMatch(left, /managedFields|resourceVersion|^status:/m);
  });

  test('all fields on demand, in the documents that are open', async () => {
    await vscode.commands.executeCommand('plumbline.openDiff', deployment);
    const diff = await until('a diff', activeDiff);
    const before = await textOf(diff.left);
    await vscode.commands.executeCommand('plumbline.showAllFields');
    const all = await until('more fields', async () => {
      const text = await textOf(diff.left);
      return text.length > before.length ? text : undefined;
    });
    assert.match(all, /imagePullPolicy: IfNotPresent/);
    await vscode.commands.executeCommand('plumbline.showRelevantFields');
    await until('fewer fields', async () => ((await textOf(diff.left)) === before ? true : undefined));
  });

  test('values of a Secret are masked on every side', async () => {
    const secret = { applicationId, key: '/Secret/shop-prod/storefront' };
    for (const command of ['plumbline.openDiff', 'plumbline.compare.liveWorkingTree', 'plumbline.compare.headWorkingTree']) {
      await vscode.commands.executeCommand(command, secret);
      const diff = await until('a diff', activeDiff);
      for (const text of [await textOf(diff.left), await textOf(diff.right)]) {
        assert.match(text, /session-key/);
        assert.doesNotMatch(text, /rotated-by-hand|cm90YXRlZC1ieS1oYW5k/);
      }
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    }
  });

  test('a whole application opens as one multi-diff', async () => {
    await vscode.commands.executeCommand('plumbline.openDiff', { applicationId });
    const label = await until('a multi-diff', () => {
      const tab = vscode.window.tabGroups.activeTabGroup.activeTab;
      return tab?.label.startsWith('storefront:') ? tab.label : undefined;
    });
    assert.match(label, /^storefront: \S+ live ↔ Git [\da-f]{7}/);
  });

  test('an unsaved edit is a side of its own', async () => {
    const document = await vscode.workspace.openTextDocument(fileUri(source));
    await vscode.window.showTextDocument(document);
    const line = document
      .getText()
      .split('\n')
      .findIndex((text) => text.startsWith('  replicas:'));
    const edit = new vscode.WorkspaceEdit();
    edit.replace(document.uri, document.lineAt(line).range, '  replicas: 41');
    await vscode.workspace.applyEdit(edit);
    try {
      await vscode.commands.executeCommand('plumbline.compare.headWorkingTree', deployment);
      const diff = await until('a diff', activeDiff);
      await until('the edit in the working tree', async () => (/replicas: 41/.test(await textOf(diff.right)) ? true : undefined));
      assert.doesNotMatch(await textOf(diff.left), /replicas: 41/);
    } finally {
      await vscode.window.showTextDocument(document);
      await vscode.commands.executeCommand('workbench.action.files.revert');
    }
  });

  test('the source line of a field', async () => {
    await vscode.commands.executeCommand('plumbline.openSource', {
      ...deployment,
      fieldId: 'spec.template.spec.containers[name=web].image',
    });
    const editor = vscode.window.activeTextEditor;
    assert.equal(editor?.document.uri.path, fileUri(source).path);
    assert.match(editor.document.lineAt(editor.selection.start.line).text, /^\s+image: /);
  });

  test('the live object and its events are documents', async () => {
    await vscode.commands.executeCommand('plumbline.showLiveYaml', deployment);
    await until('live YAML', () =>
      /^kind: Deployment$/m.test(vscode.window.activeTextEditor?.document.getText() ?? '') ? true : undefined,
    );
    assert.equal(vscode.window.activeTextEditor?.document.languageId, 'yaml');
    await vscode.commands.executeCommand('plumbline.showEvents', deployment);
    await until('events', () => (/ScalingReplicaSet/.test(vscode.window.activeTextEditor?.document.getText() ?? '') ? true : undefined));
  });

  test('a URI that nobody made has an empty document', async () => {
    assert.equal(await textOf(vscode.Uri.parse('plumbline:/x/y.yaml?%7B%22type%22%3A%22side%22%7D')), '');
  });
});
