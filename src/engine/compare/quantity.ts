/** An exact number as `numerator / denominator`, in lowest terms, denominator > 0. */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

const SYNTAX = /^([+-]?)(\d*)(?:\.(\d*))?(?:(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE])|[eE]([+-]?\d{1,3}))?$/;

const BINARY: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };

/**
 * The exact value of a resource.Quantity, or undefined when the text is none.
 * Source: apimachinery pkg/api/resource/quantity.go.
 * @param quantity text such as `1500m`, `1.5Gi`, `1e3`, or a JSON number
 */
export function parseQuantity(quantity: string | number): Rational | undefined {
  const match = SYNTAX.exec(String(quantity));
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', suffix, exponent] = match;
  if (whole === '' && fraction === '') return undefined;
  let numerator = BigInt(whole + fraction);
  let denominator = 10n ** BigInt(fraction.length);
  const power = suffix === undefined ? Number(exponent ?? '0') : (DECIMAL[suffix] ?? 0);
  if (power >= 0) numerator *= 10n ** BigInt(power);
  else denominator *= 10n ** BigInt(-power);
  if (suffix !== undefined) numerator <<= BigInt(BINARY[suffix] ?? 0);
  if (sign === '-') numerator = -numerator;
  const divisor = greatestCommonDivisor(numerator < 0n ? -numerator : numerator, denominator);
  return { numerator: numerator / divisor, denominator: denominator / divisor };
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [large, small] = [a, b];
  while (small !== 0n) [large, small] = [small, large % small];
  return large;
}

/** Whether two quantities have the same value; false when one of them is no quantity. */
export function quantityEqual(left: string | number, right: string | number): boolean {
  if (left === right) return true;
  const a = parseQuantity(left);
  const b = parseQuantity(right);
  return a !== undefined && b !== undefined && a.numerator === b.numerator && a.denominator === b.denominator;
}
