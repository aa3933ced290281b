import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { invalid, messageOf } from '../errors.ts'
import type { ImportItem, ImportReport } from '../manage/import.ts'
import { type Door, openApi } from './api.ts'
import { sideBySide } from './side-by-side.ts'
import type { Terminal } from './terminal.ts'

export interface ImportOptions extends Door {
  /** Stores what the plan says. */
  apply: boolean
  /** Mends conditions as the plan offers. */
  fix: boolean
  json: boolean
}

/** Products whose objects are taken over, each with what these are called. */
const products = { vianops: 'notifications', dataiku: 'objects' } as const
export type Product = keyof typeof products

/** Sends a file of another product's objects to the daemon and prints the plan. Exit code 1 when one was refused. */
export async function importFrom(
  product: Product,
  terminal: Terminal,
  file: string,
  options: ImportOptions,
): Promise<number> {
  const { apply, fix, json } = options
  const objects = readObjects(file)
  const report = await openApi(terminal, options).post<ImportReport>(`/import/${product}`, { objects, apply, fix })
  if (json) terminal.out(JSON.stringify(report, null, 2))
  else for (const line of describeImport(report, products[product])) terminal.out(line)
  return report.items.some(({ action }) => action === 'refuse') ? 1 : 0
}

/** The report in lines, for people. */
function describeImport({ items, applied }: ImportReport, what: string): string[] {
  const refused = items.filter(({ action }) => action === 'refuse').length
  const fixable = items.some(({ fixes }) => fixes.length > 0)
  const plan = `${items.length - refused} of ${items.length} ${what} ${applied ? 'were' : 'would be'} taken`
  const next = applied ? [] : ['Nothing was stored. Add --apply to do it.']
  if (fixable) next.push('Add --fix to mend the conditions as offered.')
  return [...items.flatMap(describeItem), `${plan}.`, ...next]
}

function describeItem(item: ImportItem): string[] {
  const place = item.index === null ? '' : ` (index ${item.index})`
  return [
    `${item.action}  "${item.name}"${place}`,
    ...(item.goesTo === null ? [] : [`  goes to  ${item.goesTo}`]),
    ...item.issues.map(({ path, message }) => `  error    ${path === '' ? '' : `${path}: `}${message}`),
    ...(item.blocked === null ? [] : [`  waits    ${item.blocked}`]),
    ...item.warnings.map((warning) => `  warning  ${warning}`),
    ...item.fixes.map(({ field, value, message }) => `  fix      ${field}: ${value}  (${message})`),
    ...item.templates.flatMap(({ field, original, liquid }) => [
      `  template ${field}`,
      ...sideBySide(['Freemarker', 'Liquid'], original, liquid ?? 'cannot be converted; see above'),
    ]),
  ]
}

/** What a file of JSON holds, or of YAML where its name says so. Throws `invalid`. */
export function readObjects(file: string): unknown {
  const isYaml = /\.ya?ml$/i.test(file)
  try {
    const text = readFileSync(file, 'utf8')
    return isYaml ? parse(text) : JSON.parse(text)
  } catch (thrown) {
    throw invalid('', `${file} cannot be read as ${isYaml ? 'YAML' : 'JSON'}: ${messageOf(thrown)}`)
  }
}
