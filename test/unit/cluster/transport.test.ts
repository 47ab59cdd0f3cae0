import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { AppError } from '../../../src/base/errors.ts';
import type { ApiCall } from '../../../src/engine/cluster/transport.ts';
import { Credentials } from '../../../src/engine/cluster/credentials.ts';
import { Transport } from '../../../src/engine/cluster/transport.ts';
import { faultyServer, json, tunnelProxy } from './support.ts';

function call(method: ApiCall['method'], more: Partial<ApiCall> = {}): ApiCall {
  const subject = { verb: method.toLowerCase(), group: '', resource: 'configmaps', namespace: 'default' };
  return { method, path: '/api/v1/namespaces/default/configmaps', subject, signal: new AbortController().signal, ...more };
}

async function outcome(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    return error instanceof AppError ? error.code : (error as Error).name;
  }
}

test('sends and reads JSON, also compressed, with the credentials and the warnings', async (t) => {
  const { transport } = await faultyServer(t, (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const { authorization, accept } = request.headers;
      const answer = gzipSync(JSON.stringify({ authorization, accept, type: request.headers['content-type'], body }));
      response.writeHead(201, { 'content-type': 'application/json', 'content-encoding': 'gzip', warning: '299 - "mind this"' }).end(answer);
    });
  });
  assert.deepEqual(await transport.send(call('PATCH', { body: { a: 'ü' }, contentType: 'application/merge-patch+json' })), {
    json: { authorization: 'Bearer t', accept: 'application/json', type: 'application/merge-patch+json', body: '{"a":"ü"}' },
    warnings: ['mind this'],
  });
});

test('what changes nothing is repeated, what may have changed something is not; a busy server is waited for', async (t) => {
  const answers: Record<string, number[]> = {
    get: [503, 200],
    dry: [502, 200],
    post: [503],
    busy: [429, 429, 201],
    long: [429],
    always: [503],
  };
  const { transport, asked } = await faultyServer(
    t,
    (request, response) => {
      const name = (request.url ?? '').slice(1);
      const left = answers[name] ?? [];
      const status = (left.length > 1 ? left.shift() : left[0]) ?? 404;
      json(response, status, {}, status === 429 ? { 'retry-after': name === 'long' ? '3600' : '0' } : {});
    },
    { times: { maxRetryAfterMs: 5_000 } },
  );
  const results = await Promise.all([
    outcome(transport.send(call('GET', { path: '/get' }))),
    outcome(transport.send(call('PATCH', { path: '/dry', isDryRun: true, body: {} }))),
    outcome(transport.send(call('POST', { path: '/post', body: {} }))),
    outcome(transport.send(call('POST', { path: '/busy', body: {} }))),
    outcome(transport.send(call('GET', { path: '/long' }))),
    outcome(transport.send(call('GET', { path: '/always' }))),
  ]);
  const ok = { json: {}, warnings: [] };
  const count = (name: string): number => asked.filter((one) => one.endsWith(`/${name}`)).length;
  assert.deepEqual(
    { results, counts: Object.keys(answers).map(count) },
    { results: [ok, ok, 'server-error', ok, 'too-many-requests', 'server-error'], counts: [2, 2, 1, 3, 1, 4] },
  );
});

test('a silent server, a closed connection, a cut body and a cancelled call end in their own ways', async (t) => {
  const { transport } = await faultyServer(
    t,
    (request, response) => {
      if (request.url === '/silent') return;
      if (request.url === '/cut') {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' }).write('{"a":');
        setImmediate(() => response.destroy());
      } else if (request.url === '/closed') request.socket.destroy();
    },
    { times: { idleMs: 100 } },
  );
  const heard: string[] = [];
  transport.onOutcome((failure) => heard.push(failure?.code ?? 'answered'));
  const stop = new AbortController();
  const cancelled = outcome(transport.send(call('GET', { path: '/silent', signal: stop.signal })));
  stop.abort();
  assert.deepEqual(
    [
      await outcome(transport.send(call('GET', { path: '/silent' }))),
      await outcome(transport.send(call('GET', { path: '/closed' }))),
      await outcome(transport.send(call('GET', { path: '/cut' }))),
      await cancelled,
      heard,
    ],
    ['timed-out', 'unreachable', 'unreachable', 'AbortError', ['timed-out', 'unreachable', 'answered', 'unreachable']],
  );
});

test('closed for a reason, nothing is sent any more', async (t) => {
  const { transport, asked } = await faultyServer(t, (_request, response) => {
    json(response, 200, {});
  });
  transport.close(new AppError('wrong-cluster'));
  assert.deepEqual([await outcome(transport.send(call('GET'))), asked], ['wrong-cluster', []]);
});

test('the gate of trust is read at every call', async (t) => {
  let isTrusted = true;
  const { transport, asked } = await faultyServer(
    t,
    (_request, response) => {
      json(response, 200, {});
    },
    { isTrusted: () => isTrusted },
  );
  await transport.send(call('GET'));
  isTrusted = false;
  assert.deepEqual([await outcome(transport.send(call('GET'))), asked.length], ['workspace-untrusted', 1]);
});

test('a proxy of the kubeconfig is tunnelled through, with its connections kept', async (t) => {
  const { proxyUrl, seen } = await tunnelProxy(t);
  const { server, context } = await faultyServer(t, (_request, response) => {
    json(response, 200, { ok: true });
  });
  const host = { isTrusted: (): boolean => true, environment: (): Record<string, string> => ({}) };
  const transport = new Transport(
    { context: 'dev', server },
    new Credentials({ ...context, cluster: { 'proxy-url': proxyUrl } }, host),
    host,
  );
  t.after(() => {
    transport.dispose();
  });
  const answers = [await transport.send(call('GET')), await transport.send(call('GET'))].map((answer) => answer.json);
  assert.deepEqual([answers, seen], [[{ ok: true }, { ok: true }], [server.slice('http://'.length)]]);
});
