import { type FormatValue, formatText } from './format.ts'

interface Spec {
  fill: string
  align: string
  sign: string
  width: number
  group: string
  precision: string | undefined
  type: string
}

const WIDEST = 10_000
const FIELD = /\{\{|\}\}|\{(?<name>\w*)(?:![rsa])?(?::(?<spec>[^{}]*))?\}|[{}]/g
const SPEC =
  /^(?:(?<fill>[\s\S])?(?<align>[<>^=]))?(?<sign>[-+ ])?#?(?<zero>0)?(?<width>\d*)(?<group>[,_]?)(?:\.(?<precision>\d+))?(?<type>[a-zA-Z%]?)$/u

/** Python's `text.format(…)`, without attributes and indexes in its fields. Throws where Python does. */
export function strFormat(
  text: string,
  values: readonly FormatValue[],
  named: ReadonlyMap<string, FormatValue>,
): string {
  let next = 0
  return text.replace(FIELD, (piece: string, ...match) => {
    if (piece === '{{' || piece === '}}') return piece.charAt(0)
    if (piece.length === 1) throw new Error(`format: a single ${piece} in the text`)
    const { name = '', spec = '' } = match.at(-1) as Record<string, string | undefined>
    const value = name === '' ? values[next++] : /^\d+$/.test(name) ? values[Number(name)] : named.get(name)
    if (value === undefined) throw new Error(`format: there is no value for {${name}}`)
    return show(value, readSpec(spec))
  })
}

function readSpec(text: string): Spec {
  const groups = SPEC.exec(text)?.groups
  if (groups === undefined) throw new Error(`format: "${text}" is no format`)
  const zero = groups['zero'] !== undefined && groups['align'] === undefined
  const width = Number(groups['width'] || 0)
  if (width > WIDEST) throw new Error('format: the width is too large')
  return {
    fill: groups['fill'] ?? (zero ? '0' : ' '),
    align: groups['align'] ?? (zero ? '=' : ''),
    sign: groups['sign'] ?? '',
    width,
    group: groups['group'] ?? '',
    precision: groups['precision'],
    type: groups['type'] ?? '',
  }
}

function show(value: FormatValue, spec: Spec): string {
  const [text, isText] = value
  const number = !isText && /^-?\d/.test(text)
  const body = number ? numberText(value, spec) : textBody(text, spec)
  const align = spec.align === '' ? (number ? '>' : '<') : spec.align
  const room = Math.max(0, spec.width - [...body].length)
  if (align === '^') return spec.fill.repeat(Math.floor(room / 2)) + body + spec.fill.repeat(Math.ceil(room / 2))
  if (align === '<') return body + spec.fill.repeat(room)
  const sign = align === '=' ? (/^[-+ ]/.exec(body)?.[0] ?? '') : ''
  return sign + spec.fill.repeat(room) + body.slice(sign.length)
}

function textBody(text: string, { type, precision }: Spec): string {
  if (type !== '' && type !== 's') throw new Error(`format: "${type}" needs a number, not ${JSON.stringify(text)}`)
  return precision === undefined ? text : [...text].slice(0, Number(precision)).join('')
}

function numberText(value: FormatValue, { sign, group, precision, type }: Spec): string {
  const percent = type === '%'
  const shown: FormatValue = percent ? [String(Number(value[0]) * 100), false] : value
  const conversion = percent ? 'f' : type === 'n' ? 'g' : type === '' ? (precision === undefined ? 's' : 'g') : type
  const text = formatText(`%${precision === undefined ? '' : `.${precision}`}${conversion}`, [shown], new Map())
  const [whole = '', ...rest] = text.split('.')
  const grouped = group === '' ? whole : whole.replace(/\B(?=(\d{3})+$)/g, group)
  const signed = sign === '' || sign === '-' || text.startsWith('-') ? '' : sign
  return `${signed}${[grouped, ...rest].join('.')}${percent ? '%' : ''}`
}
