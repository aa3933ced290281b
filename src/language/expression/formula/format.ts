import { formatText } from '../../jinja/format.ts'
import { allowText, type Budget, limitText } from '../budget.ts'
import { isDatetime } from '../datetime.ts'
import { fail } from '../failure.ts'
import { numeric } from '../operators.ts'
import type { Value } from '../value.ts'
import { asNumber, described, isTruthy, textOf } from './values.ts'

const DIRECTIVE = /%(?:(\d{1,3})\$)?([-#+ 0,(]*)(\d{1,5})?(?:\.(\d{1,3}))?([a-zA-Z%])/g
/** The widest field. */
const WIDEST = 1000

/** Java's `String.format`: `%s %d %f %e %x %o %b %n %%` with flags, width and precision, and `%2$s` for an argument by number. */
export function formatValues(format: string, args: readonly Value[], budget: Budget): string {
  let next = 0
  let length = 0
  const text = format.replace(
    DIRECTIVE,
    (_, number: string | undefined, flags: string, width = '', precision, conversion) => {
      if (conversion === '%') return '%'
      if (conversion === 'n') return '\n'
      if (Number(width) > WIDEST || Number(precision ?? 0) > WIDEST)
        fail('ValueError', 'format: the width is too large.')
      const at = number === undefined ? next++ : Number(number) - 1
      const value = args[at]
      if (value === undefined) return fail('ValueError', `format: there is no value ${at + 1} for ${conversion}.`)
      const dot = precision === undefined ? '' : `.${precision}`
      const piece = converted(value, { flags, width, dot, conversion })
      length += piece.length
      limitText(length)
      return piece
    },
  )
  allowText(budget, text.length)
  return text
}

interface Directive {
  flags: string
  width: string
  dot: string
  conversion: string
}

function converted(value: Value, { flags, width, dot, conversion }: Directive): string {
  const plain = flags.replace(/[,(#]/g, '')
  const written = (text: string, isText: boolean, as: string) =>
    formatText(`%${plain}${width}${as}`, [[text, isText]], new Map())
  switch (conversion) {
    case 's':
    case 'S':
    case 'b':
    case 'B': {
      const text = conversion.toLowerCase() === 'b' ? String(isTruthy(value)) : textOf(value)
      const cased = /[A-Z]/.test(conversion) ? text.toUpperCase() : text
      return written(cased, true, `${dot}s`)
    }
    case 'd':
    case 'f':
    case 'e':
    case 'E':
    case 'g':
    case 'G':
    case 'x':
    case 'X':
    case 'o': {
      const found = isDatetime(value) ? undefined : asNumber(value)
      const number = found === undefined ? undefined : numeric(found)
      if (number === undefined)
        return fail('TypeError', `format: %${conversion} needs a number, not ${described(value)}.`)
      if (!Number.isFinite(Number(number))) return written(String(number), true, 's')
      const bare = formatText(
        `%${/[+ ]/.exec(plain)?.[0] ?? ''}${dot}${conversion}`,
        [[String(number), false]],
        new Map(),
      )
      return padded(flags.includes(',') ? grouped(bare) : bare, plain, Number(width))
    }
    default:
      return fail('ValueError', `format: %${conversion} is not supported.`)
  }
}

function grouped(text: string): string {
  const [whole = '', ...rest] = text.split('.')
  return [whole.replace(/\B(?=(\d{3})+$)/g, ','), ...rest].join('.')
}

function padded(text: string, flags: string, width: number): string {
  if (flags.includes('-')) return text.padEnd(width)
  if (!flags.includes('0')) return text.padStart(width)
  const sign = /^[-+ ]/.exec(text)?.[0] ?? ''
  return sign + text.slice(sign.length).padStart(width - sign.length, '0')
}
