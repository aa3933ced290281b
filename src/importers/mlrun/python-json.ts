import { floatText } from '../../language/expression/print.ts'
import type { Value } from '../../language/expression/value.ts'

/**
 * What Python's `json.dumps(value, sort_keys=True)` gives: of it MLRun makes the names under which it conceals secrets. Values are
 * those that JSON can hold.
 */
export function pythonJson(value: Value): string {
  if (value === null) return 'null'
  switch (typeof value) {
    case 'string':
      return asciiText(value)
    case 'number':
      return floatText(value)
    case 'bigint':
    case 'boolean':
      return String(value)
    default:
  }
  if (value.kind === 'list') return `[${value.items.map(pythonJson).join(', ')}]`
  if (value.kind !== 'dict') throw new Error(`JSON holds no ${value.kind}.`)
  const entries = [...value.entries.values()].map(([key, item]) => [String(key), item] as const)
  entries.sort(([one], [other]) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
  return `{${entries.map(([key, item]) => `${asciiText(key)}: ${pythonJson(item)}`).join(', ')}}`
}

function asciiText(text: string): string {
  const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, escaped)
}
