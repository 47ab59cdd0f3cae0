import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAppError } from '../../../src/base/errors.ts';
import { type Arguments, parseArguments } from '../../../src/cli/arguments.ts';
import { helpText } from '../../../src/cli/help.ts';
import { sentence } from '../../../src/cli/messages.ts';
import { createPainter, wantsColor } from '../../../src/cli/style.ts';
import { nearest } from '../../../src/base/nearest.ts';

const defaults: Arguments = {
  command: 'diff',
  apps: [],
  objects: [],
  fields: [],
  allowed: [],
  prunes: false,
  takesOver: false,
  appliesWorkingTree: false,
  waits: false,
  timeoutSeconds: 300,
  repo: '/repo',
  output: 'text',
  isConfirmed: false,
  noColor: false,
};

const good: readonly { readonly line: string; readonly parsed: Arguments }[] = [
  { line: 'diff', parsed: defaults },
  { line: 'diff --app a --app=b -o json', parsed: { ...defaults, apps: ['a', 'b'], output: 'json' } },
  {
    line: 'diff --path charts/web --context prod-eu -n shop --kubeconfig k',
    parsed: { ...defaults, path: 'charts/web', context: 'prod-eu', namespace: 'shop', kubeconfig: 'k' },
  },
  { line: '--repo ../x apps', parsed: { ...defaults, command: 'apps', repo: '../x' } },
  { line: 'render --revision v1.2 --no-color', parsed: { ...defaults, command: 'render', revision: 'v1.2', noColor: true } },
  {
    line: 'revert --app a --object Deployment/web --field spec.replicas --yes',
    parsed: { ...defaults, command: 'revert', apps: ['a'], objects: ['Deployment/web'], fields: ['spec.replicas'], isConfirmed: true },
  },
  {
    line: 'sync --app a --prune --allow PersistentVolumeClaim/data --wait --timeout 60 -y',
    parsed: {
      ...defaults,
      command: 'sync',
      apps: ['a'],
      prunes: true,
      allowed: ['PersistentVolumeClaim/data'],
      waits: true,
      timeoutSeconds: 60,
      isConfirmed: true,
    },
  },
  { line: 'plan --prune', parsed: { ...defaults, command: 'plan', prunes: true } },
  {
    line: 'rollback --app a --to v1 --method revert --mainline 1 --push --sync --wait',
    parsed: {
      ...defaults,
      command: 'rollback',
      apps: ['a'],
      waits: true,
      rollback: { to: 'v1', method: 'revert', mainline: 1, pushes: true, syncs: true },
    },
  },
  {
    line: 'rollback --app a',
    parsed: { ...defaults, command: 'rollback', apps: ['a'], rollback: { method: 'restore', pushes: false, syncs: false } },
  },
  { line: 'history', parsed: { ...defaults, command: 'history' } },
  { line: '', parsed: { ...defaults, command: 'help' } },
  { line: '--help', parsed: { ...defaults, command: 'help' } },
  { line: 'diff --help', parsed: { ...defaults, command: 'help', about: 'diff' } },
  { line: 'help revert', parsed: { ...defaults, command: 'help', about: 'revert' } },
  { line: '--version', parsed: { ...defaults, command: 'version' } },
];

for (const { line, parsed } of good) {
  test(`plumbline ${line}`, () => {
    assert.deepEqual(parseArguments(words(line), '/repo'), parsed);
  });
}

const bad: readonly { readonly line: string; readonly says: string }[] = [
  { line: 'dif', says: "There is no command 'dif'. Did you mean 'diff'?" },
  {
    line: 'deploy',
    says: "There is no command 'deploy'. Commands: apps, render, diff, ignored, plan, sync, history, rollback, revert. See plumbline --help.",
  },
  { line: 'diff --contxt x', says: "There is no option '--contxt'. Did you mean '--context'?" },
  { line: 'diff --frobnicate', says: "There is no option '--frobnicate'. See plumbline --help." },
  { line: 'diff -x', says: "There is no option '-x'. See plumbline --help." },
  { line: 'diff --output yaml', says: "Option --output does not take 'yaml'. Use one of: text, json." },
  { line: 'diff --app', says: 'Option --app needs a value: --app NAME.' },
  { line: 'diff --app --yes', says: 'Option --app needs a value: --app NAME.' },
  { line: 'revert --yes=no', says: 'Option --yes takes no value.' },
  { line: 'diff --yes', says: 'Option --yes means nothing to `plumbline diff`; it belongs to: sync, rollback, revert.' },
  { line: 'diff shop', says: "Unexpected argument 'shop'. `plumbline diff` takes options only; see plumbline diff --help." },
  { line: 'diff --path a --app b', says: 'Options --path and --app cannot be given together.' },
  { line: 'diff --namespace b', says: 'Option --namespace is only for --path.' },
  { line: 'sync --wait --timeout 0', says: "Option --timeout does not take '0'. Use one of: whole seconds from 1 on." },
  { line: 'sync --timeout 60', says: 'Option --timeout is only for --wait.' },
  { line: 'plan --yes', says: 'Option --yes means nothing to `plumbline plan`; it belongs to: sync, rollback, revert.' },
  { line: 'rollback --to v1 --method undo', says: "Option --method does not take 'undo'. Use one of: restore, revert." },
  { line: 'rollback --to v1 --mainline 1', says: 'Option --mainline is only for --method revert.' },
  { line: 'rollback --to v1 --sync --new-branch b', says: 'Options --sync and --new-branch cannot be given together.' },
  { line: 'rollback --to v1 --wait', says: 'Option --wait is only for --sync.' },
  { line: 'rollback --push', says: 'Option --push is only for --to.' },
  { line: 'revert --field spec.replicas', says: 'Option --field needs exactly one --object, whose fields it names.' },
];

for (const { line, says } of bad) {
  test(`plumbline ${line} is refused`, () => {
    assert.throws(
      () => parseArguments(words(line), '/repo'),
      (error) => {
        assert(isAppError(error));
        assert.equal(sentence(error.code, error.details), says);
        return true;
      },
    );
  });
}

function words(line: string): readonly string[] {
  return line === '' ? [] : line.split(' ');
}

test('the nearest word is found within a third of its letters', () => {
  const words = ['storefront', 'catalog', 'prod/catalog'];
  assert.deepEqual(
    ['storefrnt', 'stroefront', 'catlog', 'prod/catalg', 'checkout'].map((word) => nearest(word, words)),
    ['storefront', 'storefront', 'catalog', 'prod/catalog', undefined],
  );
});

test('help lists every command, its options and the exit statuses', () => {
  assert.match(
    helpText(),
    /Commands:\n {2}apps .*\n {2}render .*\n {2}diff .*\n {2}ignored .*\n {2}plan .*\n {2}sync .*\n {2}history .*\n {2}rollback .*\n {2}revert /,
  );
  assert.match(helpText('revert'), /--field PATH/);
  assert.doesNotMatch(helpText('apps'), /--(field|path|namespace|yes)\b/);
  for (const code of [0, 1, 2, 3, 4, 5, 6, 7, 130]) assert.match(helpText('diff'), new RegExp(`^ {2}${code} `, 'm'));
});

test('colours: a terminal only, and never against NO_COLOR', () => {
  const answers = [
    wantsColor(true, false, {}),
    wantsColor(false, false, {}),
    wantsColor(true, true, {}),
    wantsColor(true, false, { NO_COLOR: '1' }),
    wantsColor(true, false, { TERM: 'dumb' }),
    wantsColor(false, false, { FORCE_COLOR: '1' }),
  ];
  assert.deepEqual(answers, [true, false, false, false, false, true]);
  assert.equal(createPainter(false)('bad', 'x'), 'x');
});
