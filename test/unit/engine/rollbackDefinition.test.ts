import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restoredEntry } from '../../../src/engine/rollbacks/rollbackDefinition.ts';

const head = 'apiVersion: plumbline.dev/v1alpha1\nkind: Config\nenvironments:\n  prod: {context: a}\n  dev: {context: b}\napplications:\n';
const shop = { name: 'shop', destination: { environment: 'prod', context: 'a', namespace: 'shop' } };

const cases: readonly { readonly name: string; readonly now: string; readonly then: string; readonly result: string | undefined }[] = [
  {
    name: 'an entry in flow, comments and the other entries stay',
    now: '  # shops\n  - {name: shop, environment: prod, path: new} # here\n  - {name: shop, environment: dev, path: dev}\n',
    then: '  - {name: other, environment: prod, path: o}\n  - {name: shop, environment: prod, path: old}\n',
    result: '  # shops\n  - {name: shop, environment: prod, path: old} # here\n  - {name: shop, environment: dev, path: dev}\n',
  },
  {
    name: 'an entry in block, indented less',
    now: '- name: shop\n  environment: prod\n  path: new\n- name: shop\n  environment: dev\n  path: dev\n',
    then: '    - name: shop\n      environment: prod\n      path: old\n      helm:\n        values: {a: 1}\n',
    result: '- name: shop\n  environment: prod\n  path: old\n  helm:\n    values: {a: 1}\n- name: shop\n  environment: dev\n  path: dev\n',
  },
  {
    name: 'an entry in block that stood in flow then',
    now: '  - name: shop\n    environment: prod\n    path: new\n',
    then: '  - {name: shop, environment: prod, path: old}\n',
    result: '  - {name: shop, environment: prod, path: old}\n',
  },
  {
    name: 'an alias that is not there any more',
    now: '  - {name: shop, environment: prod, path: new}\n',
    then: '  - {name: other, environment: prod, path: &p old}\n  - {name: shop, environment: prod, path: *p}\n',
    result: undefined,
  },
  {
    name: 'an entry that others take an anchor from',
    now: '  - {name: shop, environment: prod, path: &p new}\n  - {name: other, environment: prod, path: *p}\n',
    then: '  - {name: shop, environment: prod, path: old}\n',
    result: undefined,
  },
  { name: 'no entry then', now: '  - {name: shop, environment: prod, path: new}\n', then: '  []\n', result: undefined },
];

for (const { name, now, then, result } of cases) {
  test(`the entry of an application is brought back: ${name}`, () => {
    assert.equal(restoredEntry(head + now, head + then, shop), result === undefined ? undefined : head + result);
    const crlf = (text: string): string => text.replaceAll('\n', '\r\n');
    assert.equal(restoredEntry(crlf(head + now), head + then, shop), result === undefined ? undefined : crlf(head + result));
  });
}
