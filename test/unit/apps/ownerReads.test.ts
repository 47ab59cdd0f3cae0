import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, isAppError } from '../../../src/base/errors.ts';
import type { ClusterConnection } from '../../../src/engine/cluster/api.ts';
import { type KubeObject, nameOf } from '../../../src/engine/model/objects.ts';
import { OwnerReads } from '../../../src/engine/owners/ownerReads.ts';

const { signal } = new AbortController();
const connection = { context: 'prod' } as ClusterConnection;

function object(name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } };
}

/** Asks one question at times of its own; what the server says is scripted. */
class Asker {
  #nowMs = 0;
  readonly #reads = new OwnerReads(() => this.#nowMs);
  asked = 0;

  async at(seconds: number, answer: string | AppError): Promise<string> {
    this.#nowMs = seconds * 1000;
    const read = (): Promise<readonly KubeObject[]> => {
      this.asked += 1;
      return typeof answer === 'string' ? Promise.resolve([object(answer)]) : Promise.reject(answer);
    };
    try {
      const { objects, isForbidden } = await this.#reads.ask(connection, 'id', 'ConfigMap a/b', read, signal);
      const [first] = objects;
      return isForbidden === true ? 'forbidden' : first === undefined ? 'none' : nameOf(first);
    } catch (error) {
      return isAppError(error) ? `${error.code} ${String(error.details['problem'] ?? '')}`.trim() : String(error);
    }
  }
}

test('an answer holds for 15 seconds; a failing server takes nothing back for a minute, and never says that something is not there', async () => {
  const failing = new AppError('server-error', { message: 'etcd' });
  const asker = new Asker();
  const told = [
    await asker.at(0, failing),
    await asker.at(1, 'first'),
    await asker.at(10, failing),
    await asker.at(20, failing),
    await asker.at(59, 'second'),
    await asker.at(80, 'third'),
    await asker.at(140, failing),
    await asker.at(141, new AppError('not-found')),
    await asker.at(160, new AppError('forbidden')),
    await asker.at(180, 'fourth'),
  ];
  const failed = 'owner-read-failed etcd';
  assert.deepEqual(told, [failed, 'first', 'first', 'first', 'second', 'third', failed, 'none', 'forbidden', 'fourth']);
  assert.equal(asker.asked, 9);
});

test('a lost connection stays what it is, and a question that nobody waits for any more is not lost for the others', async () => {
  const asker = new Asker();
  assert.equal(await asker.at(0, new AppError('unreachable', { context: 'prod' })), 'unreachable');
  const reads = new OwnerReads(() => 0);
  const { promise, resolve } = Promise.withResolvers<readonly KubeObject[]>();
  const first = new AbortController();
  const left = reads.ask(connection, 'id', 'x', () => promise, first.signal);
  const stays = reads.ask(connection, 'id', 'x', () => Promise.reject(new Error('asked twice')), signal);
  first.abort();
  await assert.rejects(left, { name: 'AbortError' });
  resolve([object('kept')]);
  assert.equal((await stays).objects[0]?.metadata['name'], 'kept');
});
