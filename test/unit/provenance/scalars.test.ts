import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolvePlain } from '../../../src/engine/provenance/scalars.ts';

test('plain scalars as go-yaml v2 reads them', () => {
  const cases: [string, string | number | boolean | null][] = [
    ['yes', true],
    ['Off', false],
    ['y', true],
    ['yEs', 'yEs'],
    ['~', null],
    ['', null],
    ['0777', 511],
    ['0o17', 15],
    ['0x1F', 31],
    ['0b101', 5],
    ['-0x10', -16],
    ['1_000', 1000],
    ['09', 9],
    ['1e3', 1000],
    ['.5', 0.5],
    ['1.', 1],
    ['1:30', '1:30'],
    ['2001-01-01', '2001-01-01'],
    ['100m', '100m'],
    ['1.2.3', '1.2.3'],
    ['_', '_'],
    ['-', '-'],
    ['=', '='],
  ];
  assert.deepEqual(
    cases.map(([source]) => [source, resolvePlain(source)]),
    cases,
  );
});
