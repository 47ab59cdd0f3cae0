import assert from 'node:assert/strict';
import { test } from 'node:test';
import { substitute, variablesIn } from '../../../src/engine/render/envsubst.ts';

const variables: Readonly<Record<string, string>> = { name: 'Shop', path: 'a/b/c.tar.gz', empty: '', n: '3' };
const replaced = (text: string): string => substitute(text, (name) => variables[name]);

test('variables, defaults, escapes, cases, parts and replacements', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['a ${name} b ${n}', 'a Shop b 3'],
    ['${unknown}|${empty}|', '||'],
    ['${unknown:=x}${unknown:-y}${unknown=z}${empty:-${name}}', 'xyzShop'],
    ['${name:=x}', 'Shop'],
    ['$${name} $name $', '${name} $name $'],
    ['${name^^} ${name,,} ${name,} ${name:1} ${name:1:2} ${#name}', 'SHOP shop shop hop ho 4'],
    ['${path#*/} ${path##*/} ${path%.*} ${path%%.*}', 'b/c.tar.gz c.tar.gz a/b/c.tar a/b/c'],
    ['${name/o/0} ${name//h/H} ${name/#S/s} ${name/%p/P}', 'Sh0p SHop shop ShoP'],
    ['${not closed', '${not closed'],
    ['${1x} ${}', '${1x} ${}'],
  ];
  assert.deepEqual(
    cases.map(([text]) => replaced(text)),
    cases.map(([, after]) => after),
  );
  assert.deepEqual(variablesIn('${a} ${b:=${c}} $${d}'), ['a', 'b', 'c']);
});
