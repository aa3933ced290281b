import { pythonFloat } from './print.ts'

/** A value as it prints, and whether it is a text. */
export type FormatValue = readonly [text: string, isText: boolean]

interface Directive {
  flags: string
  width: number
  precision: number | undefined
  conversion: string
}

const WIDEST = 10_000
const DIRECTIVE =
  /%(?:\((?<name>[^)]*)\))?(?<flags>[-+ 0#]*)(?<width>\d*)(?:\.(?<precision>\d+))?(?<conversion>[a-zA-Z%])/g

/** Python's `%` on a text. Throws where Python does. */
export function formatText(
  format: string,
  values: readonly FormatValue[],
  named: ReadonlyMap<string, FormatValue>,
): string {
  let used = 0
  const text = format.replace(DIRECTIVE, (...match) => {
    const groups = match.at(-1) as Record<string, string | undefined>
    const conversion = groups['conversion'] ?? ''
    if (conversion === '%') return '%'
    const name = groups['name']
    const value = name === undefined ? values[used++] : named.get(name)
    if (value === undefined)
      throw new Error(
        name === undefined ? 'format: not enough values for the text' : `format: no value named "${name}"`,
      )
    const width = Number(groups['width'] || 0)
    const precision = groups['precision'] === undefined ? undefined : Number(groups['precision'])
    if (width > WIDEST || (precision ?? 0) > WIDEST) throw new Error('format: the width is too large')
    return pad(
      convert(value, { flags: groups['flags'] ?? '', width, precision, conversion }),
      groups['flags'] ?? '',
      width,
    )
  })
  if (used < values.length && named.size === 0) throw new Error('format: not all values were used by the text')
  return text
}

function convert([text, isText]: FormatValue, { flags, precision, conversion }: Directive): string {
  if (conversion === 's' || conversion === 'r' || conversion === 'a') {
    const shown = conversion === 's' || !isText ? text : `'${text}'`
    return precision === undefined ? shown : [...shown].slice(0, precision).join('')
  }
  const number = text === 'true' || text === 'True' ? 1 : text === 'false' || text === 'False' ? 0 : Number(text)
  if (isText || Number.isNaN(number))
    throw new Error(`format: %${conversion} needs a number, not ${JSON.stringify(text)}`)
  const body = numberText(text, number, precision, conversion)
  if (body.startsWith('-')) return body
  return flags.includes('+') ? `+${body}` : flags.includes(' ') ? ` ${body}` : body
}

function numberText(text: string, number: number, precision: number | undefined, conversion: string): string {
  switch (conversion) {
    case 'd':
    case 'i':
    case 'u':
      return /^-?\d+$/.test(text) ? text : String(BigInt(Math.trunc(number)))
    case 'f':
    case 'F':
      return number.toFixed(Math.min(precision ?? 6, 100))
    case 'e':
    case 'E': {
      const [mantissa, exponent] = number.toExponential(Math.min(precision ?? 6, 100)).split('e')
      return cased(`${mantissa}e${exponentText(Number(exponent))}`, conversion)
    }
    case 'g':
    case 'G':
      return cased(general(number, precision ?? 6), conversion)
    case 'x':
    case 'X':
      return cased(Math.trunc(number).toString(16), conversion)
    case 'o':
      return Math.trunc(number).toString(8)
    case 'c':
      return String.fromCodePoint(number)
    default:
      throw new Error(`format: there is no conversion %${conversion}`)
  }
}

function general(number: number, precision: number): string {
  const digits = Math.min(Math.max(precision, 1), 100)
  const [mantissa = '', exponent = '0'] = number.toExponential(digits - 1).split('e')
  const power = Number(exponent)
  const trim = (value: string) => (value.includes('.') ? value.replace(/\.?0+$/, '') : value)
  if (!Number.isFinite(number)) return pythonFloat(number)
  if (power < -4 || power >= digits) return `${trim(mantissa)}e${exponentText(power)}`
  return trim(number.toFixed(Math.max(0, digits - 1 - power)))
}

function exponentText(power: number): string {
  return `${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}

function cased(text: string, conversion: string): string {
  return conversion === conversion.toUpperCase() ? text.toUpperCase() : text
}

function pad(text: string, flags: string, width: number): string {
  if (flags.includes('-')) return text.padEnd(width)
  if (!flags.includes('0') || !/^[-+ ]?\d/.test(text)) return text.padStart(width)
  const sign = /^[-+ ]/.exec(text)?.[0] ?? ''
  return sign + text.slice(sign.length).padStart(width - sign.length, '0')
}
