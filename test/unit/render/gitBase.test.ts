import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type GitBase, parseGitBase } from '../../../src/engine/render/gitBase.ts';

const ROWS: readonly (readonly [string, GitBase | undefined])[] = [
  ['https://github.com/org/repo//deploy/base?ref=v1.2', { cloneUrl: 'https://github.com/org/repo', path: 'deploy/base', ref: 'v1.2' }],
  ['https://github.com/org/repo/deploy', { cloneUrl: 'https://github.com/org/repo', path: 'deploy' }],
  ['https://github.com/org/repo', { cloneUrl: 'https://github.com/org/repo', path: '' }],
  ['github.com/org/repo/a/b?version=main', { cloneUrl: 'https://github.com/org/repo', path: 'a/b', ref: 'main' }],
  ['git@github.com:org/repo.git//x', { cloneUrl: 'git@github.com:org/repo.git', path: 'x' }],
  ['git@github.com:org/repo?ref=main', { cloneUrl: 'git@github.com:org/repo', path: '', ref: 'main' }],
  ['ssh://git@example.org:2222/a/b/c.git/d?ref=x', { cloneUrl: 'ssh://git@example.org:2222/a/b/c.git', path: 'd', ref: 'x' }],
  ['git::https://example.org/a/b//c', { cloneUrl: 'https://example.org/a/b', path: 'c' }],
  ['https://dev.azure.com/org/project/_git/repo/k8s', { cloneUrl: 'https://dev.azure.com/org/project/_git/repo', path: 'k8s' }],
  ['https://example.org/group/sub/repo.git', { cloneUrl: 'https://example.org/group/sub/repo.git', path: '' }],
  ['https://github.com/org/repo//../../etc', undefined],
  ['https://github.com/org/repo?ref=--upload-pack=x', undefined],
  ['file:///etc/repo', undefined],
  ['ext::sh -c x', undefined],
  ['../base', undefined],
  ['https://example.org', undefined],
];

describe('parseGitBase', () => {
  for (const [url, expected] of ROWS) {
    it(url, () => {
      assert.deepEqual(parseGitBase(url), expected);
    });
  }
});
