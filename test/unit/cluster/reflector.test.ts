import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test, type TestContext } from 'node:test';
import { defaultReflectorTimes, Reflector, type ReflectorSpec, type ReflectorTimes } from '../../../src/engine/cluster/reflector.ts';
import type { ResourceInfo } from '../../../src/engine/model/resourceInfo.ts';
import { faultyServer, json } from './support.ts';

const INFO: ResourceInfo = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  isNamespaced: true,
  verbs: ['list', 'watch'],
  hasStatus: false,
  hasScale: false,
  servedBy: 'builtin',
  isPreferred: true,
};
const TIMES: ReflectorTimes = { ...defaultReflectorTimes, backoffMinMs: 5, backoffMaxMs: 20, quietMs: 150, failedRetryMs: 20, pollMs: 10 };

interface Script {
  /** the answer to the n-th list, from 0 */
  readonly list: (index: number, query: URLSearchParams, response: ServerResponse) => void;
  /** the answer to the n-th watch, from 0 */
  readonly watch: (index: number, query: URLSearchParams, response: ServerResponse) => void;
}

function object(name: string, resourceVersion: string): object {
  return { metadata: { name, namespace: 'default', uid: name, resourceVersion } };
}

function list(response: ServerResponse, resourceVersion: string, ...items: object[]): void {
  json(response, 200, { kind: 'ConfigMapList', metadata: { resourceVersion }, items });
}

function event(type: string, body: object): string {
  return `${JSON.stringify({ type, object: body })}\n`;
}

function begin(response: ServerResponse, ...texts: string[]): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  for (const text of texts) response.write(text);
}

/** Runs a reflector against a script until `done` is told. */
async function reflect(
  t: TestContext,
  script: Script,
  done: (told: readonly string[]) => boolean,
  spec: Partial<ReflectorSpec> = {},
  times: Partial<ReflectorTimes> = {},
  onTold: (reflector: Reflector, text: string) => void = () => undefined,
): Promise<{ told: string[]; asked: string[] }> {
  let lists = 0;
  let watches = 0;
  const { transport, server, asked } = await faultyServer(t, (request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://x');
    if (searchParams.has('watch')) script.watch(watches++, searchParams, response);
    else script.list(lists++, searchParams, response);
  });
  const told: string[] = [];
  const stop = new AbortController();
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const tell = (text: string): void => {
    told.push(text);
    onTold(reflector, text);
    if (done(told)) resolve(undefined);
  };
  const name = (one: { metadata: { name?: unknown } }): string => String(one.metadata.name);
  const reflector = new Reflector(
    { info: INFO, namespace: 'default', isMetadataOnly: false, isPolled: false, ...spec },
    transport,
    { context: 'dev', server },
    {
      upsert: (one) => {
        tell(`upsert ${name(one)}`);
      },
      remove: (one) => {
        tell(`remove ${name(one)}`);
      },
      retain: (places) => {
        tell(`retain ${[...places].join(' ')}`);
      },
      report: (state, reason) => {
        tell(reason === undefined ? state : `${state} ${reason.code}`);
      },
      news: () => undefined,
    },
    () => Promise.resolve(),
    { ...TIMES, ...times },
  );
  const running = reflector.run(stop.signal);
  await promise;
  stop.abort();
  await running;
  return { told, asked: asked.map((one) => one.replace(/timeoutSeconds=\d+/, 'timeoutSeconds=N')) };
}

const ends =
  (last: string) =>
  (told: readonly string[]): boolean =>
    told.at(-1) === last;

test('lists in pages, watches from the list, follows bookmarks, and resumes at the last revision', async (t) => {
  const { told, asked } = await reflect(
    t,
    {
      list: (index, _query, response) => {
        if (index === 0) json(response, 200, { metadata: { resourceVersion: '9', continue: 'more' }, items: [object('a', '1')] });
        else list(response, '10', object('b', '2'));
      },
      watch: (index, _query, response) => {
        if (index === 0) begin(response, event('MODIFIED', object('a', '11')), event('BOOKMARK', { metadata: { resourceVersion: '20' } }));
        if (index === 1) begin(response, event('DELETED', object('b', '21')));
        response.end();
      },
    },
    ends('remove b'),
    {},
    { watchMinSeconds: 0, watchMaxSeconds: 0 },
  );
  const watch = '/api/v1/namespaces/default/configmaps?watch=1&allowWatchBookmarks=true&timeoutSeconds=N&resourceVersion=';
  assert.deepEqual(
    { told, asked },
    {
      told: ['upsert a', 'upsert b', 'retain default/a default/b', 'synced', 'upsert a', 'synced', 'remove b'],
      asked: [
        'GET /api/v1/namespaces/default/configmaps?limit=500',
        'GET /api/v1/namespaces/default/configmaps?limit=500&continue=more',
        `GET ${watch}10`,
        `GET ${watch}20`,
      ],
    },
  );
});

test('a bookmark that skips events is not believed when the watch breaks after it', async (t) => {
  const { asked } = await reflect(
    t,
    {
      list: (_index, _query, response) => {
        list(response, '10', object('a', '2'));
      },
      watch: (index, _query, response) => {
        const lie = event('BOOKMARK', { metadata: { resourceVersion: '20' } });
        if (index === 0) {
          begin(response, event('MODIFIED', object('a', '11')), lie);
          setTimeout(() => response.destroy(), 20);
        } else if (index === 1) {
          begin(response, lie);
          response.end();
        } else begin(response, event('MODIFIED', object('late', '15')));
      },
    },
    ends('upsert late'),
  );
  const versions = asked.slice(1).map((one) => new URL(one.slice(4), 'http://x').searchParams.get('resourceVersion'));
  assert.deepEqual(versions, ['10', '11', '11']);
});

test('an expired revision, told by status or in the stream, leads to a new list', async (t) => {
  const expired = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' };
  const { told } = await reflect(
    t,
    {
      list: (index, _query, response) => {
        list(response, String(index), object(`list-${index}`, String(index)));
      },
      watch: (index, _query, response) => {
        if (index === 0) json(response, 410, expired);
        else if (index === 1) {
          begin(response, event('ERROR', expired));
          response.end();
        } else begin(response, event('ADDED', object('end', '9')));
      },
    },
    ends('upsert end'),
  );
  const round = (index: number): string[] => [`upsert list-${index}`, `retain default/list-${index}`, 'synced'];
  assert.deepEqual(told, [...round(0), ...round(1), ...round(2), 'upsert end']);
});

test('a token that expires between pages: the list begins anew in one piece', async (t) => {
  const { told, asked } = await reflect(
    t,
    {
      list: (index, _query, response) => {
        if (index === 0) json(response, 200, { metadata: { resourceVersion: '1', continue: 'old' }, items: [object('gone', '1')] });
        else if (index === 1) json(response, 410, { kind: 'Status', code: 410, reason: 'Expired' });
        else list(response, '5', object('kept', '4'));
      },
      watch: (_index, _query, response) => {
        begin(response);
      },
    },
    ends('synced'),
  );
  assert.deepEqual(
    [told, asked[2]],
    [['upsert gone', 'upsert kept', 'retain default/kept', 'synced'], 'GET /api/v1/namespaces/default/configmaps'],
  );
});

test('half an event is not applied; events split over chunks are; silence is not trusted', async (t) => {
  const whole = event('ADDED', object('split', '3'));
  const { told, asked } = await reflect(
    t,
    {
      list: (_index, _query, response) => {
        list(response, '1');
      },
      watch: (index, _query, response) => {
        if (index === 0) {
          begin(response, event('ADDED', object('first', '2')), whole.slice(0, 30));
          setTimeout(() => response.destroy(), 20);
        } else if (index === 1) {
          begin(response, whole.slice(0, 30));
          setTimeout(() => response.write(whole.slice(30)), 20);
        } else begin(response, event('ADDED', object('after-silence', '4')));
      },
    },
    ends('upsert after-silence'),
  );
  const versions = asked.slice(1).map((one) => new URL(one.slice(4), 'http://x').searchParams.get('resourceVersion'));
  assert.deepEqual(
    [told, versions],
    [
      ['retain ', 'synced', 'upsert first', 'synced', 'upsert split', 'synced', 'upsert after-silence'],
      ['1', '2', '3'],
    ],
  );
});

test('lines that are no events: once resumed, twice listed anew', async (t) => {
  const { told } = await reflect(
    t,
    {
      list: (index, _query, response) => {
        list(response, String(index), object(`list-${index}`, '1'));
      },
      watch: (index, _query, response) => {
        begin(response, index < 2 ? 'not json\n' : event('ADDED', object('end', '9')));
      },
    },
    ends('upsert end'),
  );
  assert.deepEqual(told, [
    'upsert list-0',
    'retain default/list-0',
    'synced',
    'synced',
    'upsert list-1',
    'retain default/list-1',
    'synced',
    'upsert end',
  ]);
});

test('missing rights and failing servers are reported and tried again', async (t) => {
  const { told } = await reflect(
    t,
    {
      list: (index, _query, response) => {
        if (index === 0) json(response, 403, { kind: 'Status', message: 'User "u" cannot list resource "configmaps"' });
        else if (index === 1) json(response, 404, { kind: 'Status', message: 'the server could not find the requested resource' });
        else if (index === 2) json(response, 500, { kind: 'Status', message: 'etcdserver: leader changed' });
        else list(response, '1');
      },
      watch: (_index, _query, response) => {
        begin(response);
      },
    },
    ends('synced'),
  );
  assert.deepEqual(told, ['failed forbidden', 'retain ', 'failed unknown-kind', 'retrying server-error', 'retain ', 'synced']);
});

test('a polled kind is listed again and again', async (t) => {
  const { asked } = await reflect(
    t,
    {
      list: (index, _query, response) => {
        list(response, String(index), object(`list-${index}`, '1'));
      },
      watch: (_index, _query, response) => {
        response.writeHead(500).end();
      },
    },
    (told) => told.includes('upsert list-2'),
    { isPolled: true },
  );
  assert.deepEqual(asked.slice(0, 3), Array(3).fill('GET /api/v1/namespaces/default/configmaps?limit=500'));
});

test('what is outdated is listed once more at once: after the list that runs, in the middle of a watch, and between polls', async (t) => {
  const outdatedAt = async (at: string, isPolled: boolean, last: string): Promise<readonly string[]> => {
    let lists = 0;
    let isAsked = false;
    const script: Script = {
      list: (index, _query, response) => {
        lists += 1;
        list(response, String(index), object(`list-${index}`, '1'));
      },
      watch: (_index, _query, response) => {
        begin(response, event('ADDED', object(lists < 2 ? 'watched' : 'end', '2')));
      },
    };
    const onTold = (reflector: Reflector, text: string): void => {
      if (isAsked || text !== at) return;
      isAsked = true;
      // What waits for the next poll has only just begun.
      if (isPolled)
        setTimeout(() => {
          reflector.listAgain();
        }, 20);
      else reflector.listAgain();
    };
    return (await reflect(t, script, ends(last), { isPolled }, { pollMs: 3_600_000 }, onTold)).told;
  };
  const round = (index: number, state: string): string[] => [`upsert list-${index}`, `retain default/list-${index}`, state];
  assert.deepEqual(
    [
      await outdatedAt('upsert list-0', false, 'upsert end'),
      await outdatedAt('upsert watched', false, 'upsert end'),
      await outdatedAt('polling', true, 'upsert list-1'),
    ],
    [
      [...round(0, 'synced'), ...round(1, 'synced'), 'upsert end'],
      [...round(0, 'synced'), 'upsert watched', ...round(1, 'synced'), 'upsert end'],
      [...round(0, 'polling'), ...round(1, 'polling')],
    ],
  );
});

test('Secrets are asked for as metadata with no second choice', async (t) => {
  const accepts: (string | undefined)[] = [];
  const { transport, server } = await faultyServer(t, (request, response) => {
    accepts.push(request.headers.accept);
    if (request.url?.includes('watch=') === true) begin(response, event('ADDED', object('end', '2')));
    else list(response, '1');
  });
  const stop = new AbortController();
  const noop = (): void => undefined;
  const spec = { info: { ...INFO, kind: 'Secret', plural: 'secrets' }, namespace: 'default', isMetadataOnly: true, isPolled: false };
  const seen: string[] = [];
  const sink = {
    upsert: (one: { kind: string; apiVersion: string }): void => {
      seen.push(`${one.apiVersion} ${one.kind}`);
      stop.abort();
    },
    remove: noop,
    retain: noop,
    report: noop,
    news: noop,
  };
  await new Reflector(spec, transport, { context: 'dev', server }, sink, () => Promise.resolve(), TIMES).run(stop.signal);
  const form = 'g=meta.k8s.io;v=v1';
  assert.deepEqual(
    [accepts, seen],
    [[`application/json;as=PartialObjectMetadataList;${form}`, `application/json;as=PartialObjectMetadata;${form}`], ['v1 Secret']],
  );
});
