/** A number as the sum of two floats, the second far smaller, which gives it twice the digits. */
type Pair = readonly [high: number, low: number]

/** The largest exponent: a number below 2 to this power can still be split. */
const MOST = 900
const SPLITTER = 2 ** 27 + 1

/**
 * The power of a float for whole exponents up to 900, correct to the last digit; undefined beyond. Engines differ in the
 * last digits of theirs.
 */
export function wholePower(base: number, exponent: number): number | undefined {
  const size = Math.abs(exponent)
  if (!Number.isInteger(exponent) || size > MOST || base === 0 || !Number.isFinite(base)) return undefined
  const scale = Math.floor(Math.log2(Math.abs(base)))
  let square: Pair = [Math.abs(base) / 2 ** scale, 0]
  let power: Pair = [1, 0]
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power = times(power, square)
    if (rest > 1) square = times(square, square)
  }
  const result = shifted(exponent < 0 ? inverse(power) : power[0], scale * exponent)
  return base < 0 && size % 2 === 1 ? -result : result
}

function times([a, aLow]: Pair, [b, bLow]: Pair): Pair {
  const high = a * b
  const low = lost(a, b, high) + (a * bLow + aLow * b)
  const sum = high + low
  return [sum, low - (sum - high)]
}

/** What the product of two floats lost when it was rounded. */
function lost(a: number, b: number, product: number): number {
  const [aHigh, aLow] = split(a)
  const [bHigh, bLow] = split(b)
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow)
}

function split(value: number): Pair {
  const wide = SPLITTER * value
  const high = wide - (wide - value)
  return [high, value - high]
}

function inverse([high, low]: Pair): number {
  const first = 1 / high
  const product = first * high
  const missing = 1 - product - lost(first, high, product) - first * low
  return first + first * missing
}

/** A float times two to the power, in steps that neither overflow nor vanish before the last. */
function shifted(value: number, by: number): number {
  let [result, rest] = [value, by]
  while (Math.abs(rest) > 1000 && result !== 0 && Number.isFinite(result)) {
    const step = rest > 0 ? 1000 : -1000
    result *= 2 ** step
    rest -= step
  }
  return result * 2 ** Math.max(-1000, Math.min(1000, rest))
}
