import { didYouMean } from '../model/nearest.ts'
import { prelude, shapesOf } from './jinja/literal.ts'
import { runJinja } from './jinja/pool.ts'
import { namesIn, type Printing, rewriteTemplate, shapesIn } from './jinja/source.ts'
import type { Tag } from './tags.ts'
import { TemplateError } from './template-error.ts'
import type { Variables } from './template-value.ts'

/** What a Jinja template refers to that it does not set itself, with lines, and what it sets and never uses. */
export interface JinjaAnalysis {
  used: Map<string, number>
  unused: string[]
}

const MOST_SOURCE = 200_000

/**
 * Renders a Jinja template in a Worker. `printing` tells how the value of an output tag is written where the template
 * is a text of JSON. Throws `TemplateError`, also when it takes longer than 250 ms or makes more than 1 MB.
 */
export async function renderJinja(
  text: string,
  variables: Variables,
  printing?: (tag: Tag) => Printing,
): Promise<string> {
  const named = Object.fromEntries(Object.entries(variables).filter(([name]) => text.includes(name)))
  const beginning = prelude(named)
  const source = beginning + rewriteTemplate(checkedLength(text), printing)
  const shapes = [...shapesOf(named), ...shapesIn(text)]
  const result = await runJinja({ kind: 'render', source, original: text, shapes, data: beginning.length })
  return result.kind === 'text' ? result.text : ''
}

/** Checks a Jinja template without running it. Throws `TemplateError` when it cannot be read. */
export async function analyzeJinja(text: string): Promise<JinjaAnalysis> {
  const names = namesIn(checkedLength(text))
  const [filters, tests] = [[...names.filters.keys()], [...names.tests.keys()]]
  const result = await runJinja({ kind: 'check', source: rewriteTemplate(text), original: text, filters, tests })
  if (result.kind === 'unknown') {
    for (const name of result.filters)
      throw new TemplateError(`there is no filter "${name}".${didYouMean(name, common)}`, names.filters.get(name))
    for (const name of result.tests) throw new TemplateError(`there is no test "${name}"`, names.tests.get(name))
  }
  const used = new Map([...names.used].filter(([name]) => !names.bound.has(name)))
  const unused = [...names.assigned.keys()].filter((name) => !names.used.has(name))
  return { used, unused }
}

/** Filters a misspelt name may have been meant to be. */
const common =
  'abs batch capitalize center default dictsort escape filesizeformat first float format groupby indent int items join last length list lower map max min reject rejectattr replace reverse round select selectattr slice sort string striptags sum title tojson trim truncate unique upper urlencode wordcount wordwrap'.split(
    ' ',
  )

function checkedLength(text: string): string {
  if (text.length > MOST_SOURCE) throw new TemplateError(`it is longer than ${MOST_SOURCE} characters`)
  return text
}
