import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAppError } from '../../../src/base/errors.ts';
import type { JsonValue } from '../../../src/engine/model/json.ts';
import type { RenderedObject } from '../../../src/engine/model/render.ts';
import { adoptEdit } from '../../../src/engine/writeback/adoptEdit.ts';
import { impactOf } from '../../../src/engine/writeback/impact.ts';

/** The text after a live value is taken over into one of its lines (from 0), or the code of the refusal. */
function adopted(text: string, line: number, before: JsonValue, live: JsonValue): string {
  const written = text.split('\n')[line] ?? '';
  const range = {
    file: 'f.yaml',
    startLine: line,
    startColumn: written.search(/[^\s-]/),
    endLine: line,
    endColumn: written.replace(/\r$/, '').length,
  };
  try {
    return adoptEdit(text, range, before, live).text;
  } catch (error) {
    return isAppError(error) ? error.code : String(error);
  }
}

describe('adoptEdit', () => {
  it('writes the whole value, or the piece of it that the line says', () => {
    assert.deepEqual(
      [
        adopted('a: 1\nreplicas: 2 # keep\n', 1, 2, 5),
        adopted('image:\n  tag: "2.0"\n', 1, 'reg/market:2.0', 'reg/market:2.1'),
        adopted('literals:\n- COLOR=red\n', 1, 'red', 'blue'),
        adopted('env:\r\n  - name: A\r\n    value: x\r\n', 2, 'x', 'z'),
        adopted('port: 80\n', 0, 'http://a:80/', 'http://a:8080/'),
      ],
      [
        'a: 1\nreplicas: 5 # keep\n',
        'image:\n  tag: "2.1"\n',
        'literals:\n- COLOR=blue\n',
        'env:\r\n  - name: A\r\n    value: z\r\n',
        'port: 8080\n',
      ],
    );
  });

  it('refuses what one edit cannot say', () => {
    assert.deepEqual(
      [
        adopted('tag: "2.0"\n', 0, 'reg/market:2.0', 'other/market:2.1'),
        adopted('list: [1]\n', 0, [1] as JsonValue, [2] as JsonValue),
        adopted('replicas: {{ .Values.replicas }}\n', 0, 2, 5),
        adopted('data: ENC[AES256]\nsops: {version: "3"}\n', 0, 'a', 'b'),
      ],
      ['adopt-composed', 'adopt-not-scalar', 'edit-not-exact', 'edit-encrypted'],
    );
  });
});

describe('impactOf', () => {
  const rendered = (name: string, data: Record<string, string>): RenderedObject => ({
    object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data },
  });

  it('tells what was intended from what follows and what else moves', () => {
    const before = { objects: [rendered('c-abcdefgh12', { a: '1', b: '2' })], errors: [] };
    const after = { objects: [rendered('c-zzcdefgh12', { a: '5', b: '3' })], errors: [] };
    assert.deepEqual(impactOf('prod/shop', before, after, { object: 0, pointer: '/data/a' }), {
      isBroken: false,
      affected: [
        { applicationId: 'prod/shop', object: 'ConfigMap/c-abcdefgh12', paths: ['/data/a'], kind: 'intended' },
        { applicationId: 'prod/shop', object: 'ConfigMap/c-abcdefgh12', paths: ['/metadata/name'], kind: 'derived' },
        { applicationId: 'prod/shop', object: 'ConfigMap/c-abcdefgh12', paths: ['/data/b'], kind: 'other' },
      ],
    });
    assert.deepEqual(impactOf('prod/shop', before, { objects: [], errors: [] }), { isBroken: true, affected: [] });
  });
});
