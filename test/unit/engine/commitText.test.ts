import assert from 'node:assert/strict';
import { test } from 'node:test';
import { declaresSecret, maskPatch, secretValuesOf } from '../../../src/engine/commits/commitSecrets.ts';
import { freeBranch, matchesBranch } from '../../../src/engine/commits/commitText.ts';
import { parsePatches } from '../../../src/engine/git/patches.ts';
import type { RenderResult } from '../../../src/engine/model/render.ts';

test('branches that a pattern protects', () => {
  const cases = [
    ['main', ['main'], true],
    ['mainline', ['main'], false],
    ['release/1.2', ['release/*'], true],
    ['release/1.2/fix', ['release/*'], false],
    ['release/1.2/fix', ['release/**'], true],
    ['v1x2', ['v1.2'], false],
    ['v12', ['v1?'], true],
    ['main', ['', 'dev'], false],
  ] as const;
  assert.deepEqual(
    cases.map(([branch, patterns]) => [branch, patterns, matchesBranch(branch, patterns)]),
    cases,
  );
});

test('a name for a branch is short, plain and free', () => {
  assert.deepEqual(
    [
      freeBranch('update-shop', new Set()),
      freeBranch('update-shop', new Set(['plumbline/update-shop', 'plumbline/update-shop-2'])),
      freeBranch('Über / a..b', new Set()),
      freeBranch('///', new Set()),
    ],
    ['plumbline/update-shop', 'plumbline/update-shop-3', 'plumbline/ber-a-b', 'plumbline/change'],
  );
});

test('a patch shows no value of a Secret: in base64, decoded, by lines, inside of other text', () => {
  const secret = (data: Record<string, string>): RenderResult['objects'][number] => ({
    object: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data },
  });
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const render = (...objects: RenderResult['objects']): RenderResult => ({
    objects,
    errors: [],
    reads: [],
    key: '',
    isFromCache: false,
    elapsedMs: 0,
  });
  const values = secretValuesOf([
    render(secret({ password: base64('hunter2'), pin: base64('42'), key: base64('-----BEGIN\nabcdef\n') })),
    render(secret({ password: base64('correct horse') })),
  ]);
  const patch = [
    'diff --git a/hunter2.yaml b/hunter2.yaml',
    '--- a/hunter2.yaml',
    '+++ b/hunter2.yaml',
    '@@ -1,4 +1,4 @@ password: hunter2',
    ' replicas: 42',
    '-password: "hunter2"',
    '+password: correct horse',
    `+encoded: ${base64('correct horse')}`,
    '+url: postgres://me:hunter2@db',
    '+PIN=42',
    '+port: 4200',
    '+  abcdef',
    '+  - hunter2',
  ].join('\n');
  assert.equal(
    maskPatch(patch, values),
    [
      'diff --git a/hunter2.yaml b/hunter2.yaml',
      '--- a/hunter2.yaml',
      '+++ b/hunter2.yaml',
      '@@ -1,4 +1,4 @@ password: ••••••',
      ' replicas: ••••••',
      '-password: ••••••',
      '+password: ••••••',
      '+encoded: ••••••',
      '+url: postgres://me:••••••@db',
      '+PIN=••••••',
      '+port: 4200',
      '+  ••••••',
      '+  - ••••••',
    ].join('\n'),
  );
});

test('a file that declares a Secret is known by its text, whatever its style', () => {
  const texts = [
    ['kind: Secret\n', true],
    ['  kind: "Secret" # comment\n', true],
    ['{"apiVersion": "v1",\n "kind": "Secret", "data": {}}', true],
    ['{"apiVersion": "v1", "kind": "Secret", "data": {}}', true],
    ['kind: SealedSecret\n', false],
    ['kind: SecretStore\n', false],
    ['note: kind is Secret\n', false],
  ] as const;
  assert.deepEqual(
    texts.map(([text]) => [text, declaresSecret(text)]),
    texts,
  );
});

test('patches are told apart file by file', () => {
  const id = '1'.repeat(40);
  const raw = `:100644 100644 ${id} ${id} M\0a b.yaml\0:000000 100644 ${id} ${id} A\0new.png\0:100644 000000 ${id} ${id} D\0old.yaml\0`;
  const text = [
    'diff --git a/a b.yaml b/a b.yaml\n--- a/a b.yaml\n+++ b/a b.yaml\n@@ -1 +1 @@\n-diff --git x\n+y\n',
    'diff --git a/new.png b/new.png\nBinary files /dev/null and b/new.png differ\n',
    'diff --git a/old.yaml b/old.yaml\ndeleted file mode 100644\n',
  ];
  assert.deepEqual(parsePatches(`${raw}\0${text.join('')}`), [
    { path: 'a b.yaml', status: 'modified', patch: text[0] },
    { path: 'new.png', status: 'added', patch: undefined },
    { path: 'old.yaml', status: 'deleted', patch: text[2] },
  ]);
});
