import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proxyFromEnvironment } from '../../../src/engine/cluster/proxyEnvironment.ts';

test('the proxy is chosen as kubectl chooses it', () => {
  const proxy = { HTTPS_PROXY: 'http://proxy:3128' };
  const cases: [string, Record<string, string>, string | undefined][] = [
    ['https://api.example:6443', proxy, 'http://proxy:3128'],
    ['https://api.example', { https_proxy: 'proxy:3128' }, 'http://proxy:3128'],
    ['http://api.example', proxy, undefined],
    ['https://127.0.0.1:6443', proxy, undefined],
    ['https://localhost:6443', proxy, undefined],
    ['https://[::1]:6443', proxy, undefined],
    ['https://api.example', { ...proxy, NO_PROXY: '*' }, undefined],
    ['https://api.example', { ...proxy, NO_PROXY: 'x,example' }, undefined],
    ['https://api.example', { ...proxy, NO_PROXY: '.example' }, undefined],
    ['https://example', { ...proxy, NO_PROXY: '.example' }, 'http://proxy:3128'],
    ['https://badexample', { ...proxy, NO_PROXY: 'example' }, 'http://proxy:3128'],
    ['https://api.example:6443', { ...proxy, no_proxy: 'api.example:6443' }, undefined],
    ['https://api.example:6443', { ...proxy, NO_PROXY: 'api.example:443' }, 'http://proxy:3128'],
    ['https://10.1.2.3', { ...proxy, NO_PROXY: '10.0.0.0/8' }, undefined],
    ['https://11.1.2.3', { ...proxy, NO_PROXY: '10.0.0.0/8' }, 'http://proxy:3128'],
    ['https://[fd00::1]', { ...proxy, NO_PROXY: 'fd00::/8' }, undefined],
    ['https://10.1.2.3', { ...proxy, NO_PROXY: '10.1.2.3' }, undefined],
  ];
  assert.deepEqual(
    cases.map(([server, environment]) => proxyFromEnvironment(server, environment)),
    cases.map(([, , expected]) => expected),
  );
});
