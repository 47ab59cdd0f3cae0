import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRepoSpec } from '../../../src/engine/git/repoSpec.ts';

/** URL → what git fetches, folder, ref; the cases of Kustomize's repospec_test.go and examples/remoteBuild.md. */
const cases: readonly (readonly [string, readonly [string, string, string | undefined] | undefined])[] = [
  ['https://github.com/org/repo//path/to?ref=v1', ['https://github.com/org/repo', 'path/to', 'v1']],
  ['github.com/org/repo?ref=main', ['https://github.com/org/repo', '', 'main']],
  ['github.com/org/repo/deep/folder', ['https://github.com/org/repo', 'deep/folder', undefined]],
  ['GitHub.com:org/repo', ['https://github.com/org/repo', '', undefined]],
  ['git@github.com:org/repo.git//base?ref=v2', ['git@github.com:org/repo.git', 'base', 'v2']],
  ['git@github.com/org/repo', ['git@github.com:org/repo', '', undefined]],
  ['ssh://git@github.com/org/repo//b', ['git@github.com:org/repo', 'b', undefined]],
  ['git@host.example:org/repo.git/base?version=1.0', ['git@host.example:org/repo.git', 'base', '1.0']],
  ['ssh://git@host.example:2222/org/repo.git', ['ssh://git@host.example:2222/org/repo.git', '', undefined]],
  ['git::https://host.example/org/repo//a', ['https://host.example/org/repo', 'a', undefined]],
  ['https://me@dev.azure.com/org/project/_git/repo/some/path?ref=x', ['https://me@dev.azure.com/org/project/_git/repo', 'some/path', 'x']],
  ['https://gitlab.example/group/sub/repo.git//k?ref=a&version=b', ['https://gitlab.example/group/sub/repo.git', 'k', 'a']],
  ['file:///srv/repo//overlays/prod?ref=main', ['file:///srv/repo', 'overlays/prod', 'main']],
  ['file:///srv/git/repo.git/base', ['file:///srv/git/repo.git', 'base', undefined]],
  ['file:///srv/git/plain', ['file:///srv/git/plain', '', undefined]],
  ['https://github.com/org/repo//../../etc', undefined],
  ['https://github.com/org', undefined],
  ['/abs/path//x', undefined],
  ['../local/base', undefined],
  ['host.example/org/repo', undefined],
];

for (const [url, expected] of cases) {
  test(`Git URL ${url}`, () => {
    const spec = parseRepoSpec(url);
    assert.deepEqual(spec === undefined ? undefined : [spec.cloneUrl, spec.path, spec.ref], expected);
  });
}

test('a timeout is whole seconds or a duration, submodules only when asked for', () => {
  const query = (text: string): unknown => {
    const { timeoutMs, wantsSubmodules } = parseRepoSpec(`https://h.example/o/r?${text}`) ?? {};
    return [timeoutMs, wantsSubmodules];
  };
  assert.deepEqual(['timeout=90', 'timeout=1m30s', 'timeout=soon', 'submodules=true', 'submodules=0'].map(query), [
    [90_000, false],
    [90_000, false],
    [undefined, false],
    [undefined, true],
    [undefined, false],
  ]);
});
