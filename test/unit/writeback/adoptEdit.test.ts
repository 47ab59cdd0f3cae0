import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAppError } from '../../../src/base/errors.ts';
import type { JsonValue } from '../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import type { RenderedObject } from '../../../src/engine/model/render.ts';
import { type FieldEdit, fieldEdit, imagePolicyOf, offsetOf } from '../../../src/engine/writeback/adoptEdit.ts';
import { impactOf } from '../../../src/engine/writeback/impact.ts';
import { applySplice } from '../../../src/engine/writeback/yamlEdit.ts';

/** The text after an edit at one of its lines (from 0), or the code of the refusal. */
function edited(text: string, line: number, edit: Partial<FieldEdit> & Pick<FieldEdit, 'leaf' | 'value'>): string {
  const written = text.split('\n')[line] ?? '';
  const from = offsetOf(text, line, written.search(/[^\s-]/));
  const to = offsetOf(text, line, written.replace(/\r$/, '').length);
  try {
    return applySplice(text, fieldEdit(text, { from, to, role: 'manifest', up: [], down: [], before: edit.leaf, ...edit }));
  } catch (error) {
    return isAppError(error) ? error.code : String(error);
  }
}

const adopted = (text: string, line: number, leaf: JsonValue, value: JsonValue): string => edited(text, line, { leaf, value });

describe('fieldEdit', () => {
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
        adopted('replicas: {{ .Values.replicas }}\n', 0, 2, 5),
        adopted('data: ENC[AES256]\nsops: {version: "3"}\n', 0, 'a', 'b'),
      ],
      ['adopt-composed', 'edit-not-exact', 'edit-encrypted'],
    );
  });

  it('replaces, adds and removes lists, keys and items, in a patch inside a block too', () => {
    const kustomization =
      'patches:\n  - patch: |-\n      kind: Deployment\n      spec:\n        replicas: 3 # three\n        paused: true\n';
    assert.deepEqual(
      [
        edited('args:\n  - a # first\n  - b\n', 1, { leaf: 'a', value: ['c'], up: ['0'], before: ['a', 'b'] }),
        edited('labels:\n  app: web\nx: 1\n', 1, { leaf: 'web', value: 'b', up: ['app'], down: ['team'], before: undefined }),
        edited('env:\n  - name: A\n    value: x\n', 2, {
          leaf: 'x',
          value: { name: 'B', value: 'y' },
          up: ['0', 'value'],
          down: [null],
          before: undefined,
        }),
        edited('spec:\n  replicas: 2\n  paused: true\n', 1, { leaf: 2, value: undefined }),
        adopted(kustomization, 4, 3, 5),
        edited(kustomization, 4, { leaf: 3, value: undefined }),
        edited('welcome\n', 0, { leaf: 'welcome\n', value: 'hello\nall\n', role: 'generator file' }),
        edited('A=1\nB=2\n', 1, { leaf: '2', value: '3', role: 'generator file' }),
      ],
      [
        'args:\n  - c # first\n',
        'labels:\n  app: web\n  team: b\nx: 1\n',
        'env:\n  - name: A\n    value: x\n  - name: B\n    value: "y"\n',
        'spec:\n  paused: true\n',
        kustomization.replace('replicas: 3', 'replicas: 5'),
        kustomization.replace('        replicas: 3 # three\n', ''),
        'hello\nall\n',
        'A=1\nB=3\n',
      ],
    );
  });

  it('sees that image automation writes a line', () => {
    assert.deepEqual(
      [imagePolicyOf('image: a:1 # {"$imagepolicy": "flux-system:app"}\nb: 1\n', 0), imagePolicyOf('image: a:1 # pinned\n', 0)],
      ['flux-system:app', undefined],
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
    const meant: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c-abcdefgh12' }, data: { a: '5', b: '2' } };
    assert.deepEqual(impactOf('prod/shop', before, after, { objects: new Map([[0, meant]]), added: new Set() }), {
      isBroken: false,
      isReached: true,
      affected: [
        { applicationId: 'prod/shop', object: 'ConfigMap/c-abcdefgh12', paths: ['/data/a'], kind: 'intended' },
        { applicationId: 'prod/shop', object: 'ConfigMap/c-abcdefgh12', paths: ['/metadata/name'], kind: 'derived' },
        { applicationId: 'prod/shop', object: 'ConfigMap/c-abcdefgh12', paths: ['/data/b'], kind: 'other' },
      ],
    });
    assert.deepEqual(impactOf('prod/shop', before, { objects: [], errors: [] }), { isBroken: true, isReached: false, affected: [] });
  });
});
