import type { Fix } from './notification.ts'

const REFERENCE = /\b(query_results?)\s*(?:\[\s*(["'])((?:(?!\2)[^\\])*)\2\s*\]|\.get\(\s*(["'])((?:(?!\4)[^\\])*)\4)/g

export interface ColumnAdvice {
  warnings: string[]
  fixes: Fix[]
}

/** Columns of the first row that a condition names. */
export function columnsNamed(condition: string): string[] {
  const names = [...condition.matchAll(REFERENCE)].map((match) => match[3] ?? match[5] ?? '')
  return [...new Set(names)]
}

/**
 * What there is to say of a condition that tests columns its query does not return, and the change that mends it.
 * `returned` is null when the columns cannot be told without the database: then there is nothing to say.
 */
export function adviseOnColumns(condition: string, returned: string[] | null): ColumnAdvice {
  const advice: ColumnAdvice = { warnings: [], fixes: [] }
  if (returned === null || returned.length === 0) return advice
  let mended = condition
  const meant: string[] = []
  for (const name of columnsNamed(condition)) {
    if (returned.includes(name)) continue
    const alike = returned.filter((column) => column.toLowerCase() === name.toLowerCase())
    const only = returned.length === 1 ? returned[0] : alike.length === 1 ? alike[0] : undefined
    advice.warnings.push(warning(name, returned, only, alike.length === 1))
    if (only === undefined) continue
    mended = renameColumn(mended, name, only)
    meant.push(only)
  }
  if (mended !== condition)
    advice.fixes.push({
      field: 'condition',
      value: mended,
      message: `test the returned column "${meant.join('", "')}"`,
    })
  return advice
}

function warning(name: string, returned: string[], only: string | undefined, alike: boolean): string {
  const start = `condition: tests the column "${name}", which the query does not return`
  if (only === undefined) return `${start}; it returns ${returned.map((column) => `"${column}"`).join(', ')}`
  if (alike) return `${start}; "${only}", the same but for letter case, is used instead`
  return `${start}; its only column "${only}" is used instead`
}

function renameColumn(condition: string, from: string, to: string): string {
  return condition.replace(REFERENCE, (whole: string, ...groups: (string | undefined)[]) => {
    if ((groups[2] ?? groups[4]) !== from) return whole
    const quoted = (groups[1] ?? groups[3] ?? '"') + from
    return whole.replace(quoted, () => (groups[1] ?? groups[3] ?? '"') + to)
  })
}
