import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { AppError } from '../../../src/base/errors.ts';
import { Emitter } from '../../../src/base/events.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { ChangedKinds } from '../../../src/engine/cluster/changedKinds.ts';
import type { GroupVersionKind } from '../../../src/engine/model/objects.ts';
import type { ResourceInfo } from '../../../src/engine/model/resourceInfo.ts';
import type { SchemaDocument, SchemaNode, TypeSchema } from '../../../src/engine/model/schema.ts';

const info = (kind: string): ResourceInfo => ({
  group: 'shop.example',
  version: 'v1',
  kind,
  plural: `${kind.toLowerCase()}s`,
  isNamespaced: true,
  verbs: ['list', 'watch'],
  hasStatus: true,
  hasScale: false,
  servedBy: 'crd',
  isPreferred: true,
});

/** What a server publishes of a kind: the default of its field. */
function schema(size: number, origin: SchemaDocument['origin'] = 'crd'): TypeSchema {
  const node: SchemaNode = { type: 'object', properties: { size: { type: 'integer', default: size } } };
  return { document: { groupVersion: 'shop.example/v1', hash: String(size), origin, kinds: {}, definitions: {} }, node };
}

type Served = Readonly<Record<string, TypeSchema | undefined>>;

const RETRY_MS = 2_000;

/** Publishes schemas, tells of them, and returns which kinds that had listed again. */
type Publish = (served: Served | 'failing', groupVersion?: string) => Promise<readonly string[]>;

/** Follows two kinds that were listed by these schemas. */
function follow(t: TestContext, listedBy: Served): Publish {
  const emitter = new Emitter<ReadonlySet<string>>();
  let known = listedBy;
  let published: Served | 'failing' = listedBy;
  let listed: string[] = [];
  const changed = new ChangedKinds({
    schemas: {
      onDidChange: emitter.event,
      known: ({ kind }: GroupVersionKind) => known[kind],
      schemaOf: ({ kind }: GroupVersionKind) => {
        if (published === 'failing') return Promise.reject(new AppError('server-error'));
        known = published;
        return Promise.resolve(published[kind]);
      },
    },
    watches: {
      definedKinds: () => ['Widget', 'Gadget'].map(info),
      listAgain: ({ kind }) => listed.push(kind),
    },
    log: silentLogger,
  });
  t.after(() => {
    changed.dispose();
    emitter.dispose();
  });
  return async (served, groupVersion = 'shop.example/v1') => {
    listed = [];
    published = served;
    if (groupVersion === 'nobody tells') t.mock.timers.tick(RETRY_MS);
    else emitter.fire(new Set([groupVersion]));
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    return listed;
  };
}

test('a kind is listed again when its own schema is another, and not when only others of its group changed', async (t) => {
  const publish = follow(t, { Widget: schema(1), Gadget: schema(1) });
  assert.deepEqual(
    [
      await publish({ Widget: schema(1), Gadget: schema(1) }),
      await publish({ Widget: schema(2), Gadget: schema(1) }),
      await publish({ Widget: schema(2), Gadget: schema(1) }),
      await publish({ Widget: schema(3), Gadget: schema(3) }),
    ],
    [[], ['Widget'], [], ['Widget', 'Gadget']],
  );
});

test('a schema that was gone for a while is compared with the one before; kinds of no definition are left alone', async (t) => {
  const publish = follow(t, { Widget: schema(1), Gadget: schema(1, 'unknown') });
  const gone = await publish({ Gadget: schema(2, 'unknown') });
  assert.deepEqual([gone, await publish({ Widget: schema(2), Gadget: schema(3, 'unknown') })], [[], ['Widget']]);
});

test('a schema that failed to come is asked for again without any news of it', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const publish = follow(t, { Widget: schema(1), Gadget: schema(1) });
  const failed = [await publish('failing'), await publish('failing', 'nobody tells')];
  assert.deepEqual([failed, await publish({ Widget: schema(2), Gadget: schema(1) }, 'nobody tells')], [[[], []], ['Widget']]);
});
