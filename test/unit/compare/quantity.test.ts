import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseQuantity, quantityEqual } from '../../../src/engine/compare/quantity.ts';

test('quantities are compared by their exact value', () => {
  const pairs: readonly [string | number, string | number, boolean][] = [
    ['1000m', '1', true],
    ['1', 1, true],
    ['0.1', '100m', true],
    ['3072Mi', '3Gi', true],
    ['1.5Gi', '1536Mi', true],
    ['1Gi', '1073741824', true],
    ['1e3', '1k', true],
    ['1E3', '1000', true],
    ['.5', '500m', true],
    ['5.', '5', true],
    ['+1', '1', true],
    ['-1', '1', false],
    ['1G', '1Gi', false],
    ['9223372036854775807', '9223372036854775806', false],
    ['1E', '1000000000000000000', true],
    ['100n', '0.0000001', true],
    ['abc', 'abc', true],
    ['abc', '1', false],
    ['', '0', false],
    ['1Zi', '1', false],
  ];
  assert.deepEqual(
    pairs.map(([left, right]) => [left, right, quantityEqual(left, right)]),
    pairs.map((pair) => [...pair]),
  );
  assert.deepEqual(parseQuantity('250m'), { numerator: 1n, denominator: 4n });
});
