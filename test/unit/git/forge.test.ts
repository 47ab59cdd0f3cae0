import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remoteAddress, requestUrl, shownUrl } from '../../../src/engine/git/forge.ts';
import { pushFailure } from '../../../src/engine/git/push.ts';
import type { ForgeKind } from '../../../src/engine/model/settings.ts';

const addresses: readonly (readonly [string, string | undefined])[] = [
  ['https://github.com/acme/shop.git', 'github.com acme/shop'],
  ['https://ada:secret@github.com/acme/shop/', 'github.com acme/shop'],
  ['ssh://git@gitlab.example.org:2222/group/sub/shop.git', 'gitlab.example.org group/sub/shop'],
  ['git@GitHub.com:acme/shop.git', 'github.com acme/shop'],
  ['gitlab.com:group/shop', 'gitlab.com group/shop'],
  ['https://git.example.org:8443/acme/shop.git', 'git.example.org:8443 acme/shop'],
  ['git@example.org:/srv/shop.git', 'example.org srv/shop'],
  ['/srv/git/shop.git', undefined],
  ['../shop.git', undefined],
  ['file:///srv/git/shop.git', undefined],
  ['C:\\repos\\shop.git', undefined],
];

test('host and path of a remote by its URL', () => {
  const found = addresses.map(([url]) => {
    const address = remoteAddress(url);
    return [url, address === undefined ? undefined : `${address.host} ${address.path}`];
  });
  assert.deepEqual(found, addresses);
});

const hosts: Readonly<Record<string, ForgeKind>> = { 'git.example.org': 'gitlab', 'ghe.example.org': 'github' };
const pages: readonly (readonly [string, string | undefined])[] = [
  ['git@github.com:acme/shop.git', 'https://github.com/acme/shop/compare/main...fix%2F%C3%BC?quick_pull=1&title=Set%20a%20%26%20b'],
  [
    'ssh://git@ghe.example.org/acme/shop',
    'https://ghe.example.org/acme/shop/compare/main...fix%2F%C3%BC?quick_pull=1&title=Set%20a%20%26%20b',
  ],
  [
    'https://git.example.org/group/sub/shop.git',
    'https://git.example.org/group/sub/shop/-/merge_requests/new?merge_request%5Bsource_branch%5D=fix%2F%C3%BC&merge_request%5Btarget_branch%5D=main&merge_request%5Btitle%5D=Set%20a%20%26%20b',
  ],
  ['https://bitbucket.org/acme/shop.git', 'https://bitbucket.org/acme/shop/pull-requests/new?source=fix%2F%C3%BC&dest=main'],
  ['https://codeberg.org/acme/shop.git', 'https://codeberg.org/acme/shop/compare/main...fix%2F%C3%BC'],
  ['https://unknown.example.org/acme/shop.git', undefined],
  ['/srv/git/shop.git', undefined],
];

test('the page that creates a pull or merge request', () => {
  assert.deepEqual(
    pages.map(([url]) => [url, requestUrl(url, 'fix/ü', 'main', 'Set a & b', hosts)]),
    pages,
  );
});

test('the address of a remote is shown without who signs in', () => {
  const urls = ['https://ada:secret@git.example.org/acme/shop.git', 'git@github.com:acme/shop.git', 'ssh://git@git.example.org/shop'];
  assert.deepEqual(urls.map(shownUrl), [
    'https://git.example.org/acme/shop.git',
    'git@github.com:acme/shop.git',
    'ssh://git.example.org/shop',
  ]);
});

test('why a push failed', () => {
  const cases = [
    ['!\trefs/heads/main:refs/heads/main\t[rejected] (fetch first)', 'rejected', 'push-rejected'],
    ['!\trefs/heads/main:refs/heads/main\t[rejected] (non-fast-forward)', 'rejected', 'push-rejected'],
    ['!\trefs/heads/main:refs/heads/main\t[remote rejected] (protected branch hook declined)', 'failed', 'push-refused'],
    ['fatal: could not read Username for "https://example.org": terminal prompts disabled', 'failed', 'push-sign-in'],
    ['fatal: something else', 'failed', 'push-failed'],
  ] as const;
  assert.deepEqual(
    cases.map(([output]) => {
      const { outcome, reason } = pushFailure('origin', output);
      return [output, outcome, reason?.code];
    }),
    cases,
  );
});
