import { messageOf } from '../errors.ts'
import { runVariableValues } from '../evaluate/run-variables.ts'
import { viewRun } from '../evaluate/run-view.ts'
import { renderBody, renderMarkdown, renderTemplate } from '../language/template.ts'
import { TemplateError } from '../language/template-error.ts'
import type { Variables } from '../language/template-value.ts'
import type { Json, JsonObject } from '../model/json.ts'
import type { RenderedBody, ValueForm } from '../model/message.ts'
import type { TemplateEngine } from '../model/rule.ts'
import { findRun, type ManageContext } from './context.ts'

/** Parts whose marks style them; marks in a value are shown as they are. */
const MARKDOWN = ['summary', 'paragraphs']

/** Writes the texts of a message that is sent by hand while a run is under way. */
export interface RunWriter {
  /** Every text of an object; one that cannot be rendered stays as it is. */
  object(value: JsonObject): Promise<JsonObject>
  /** The channel's own form, with values written for it; undefined when it cannot be rendered. */
  body(text: string, form: ValueForm | undefined): Promise<RenderedBody | undefined>
  /** What could not be rendered, so far. */
  errors: string[]
  /** Why variables are not there, in words. */
  problems: readonly string[]
}

/** The writer for a run, with its variables and those of its project; `texts` are all that may use them. Throws `not-found`, naming the nearest run. */
export async function writerFor(
  { store, baseUrl, runScript }: Pick<ManageContext, 'store' | 'baseUrl' | 'runScript'>,
  { project, uid, engine, texts }: { project: string; uid: string; engine: TemplateEngine; texts: string },
): Promise<RunWriter> {
  const row = await findRun(store, project, uid)
  const run = viewRun(row, row.record)
  const { name, state, host, labels, parameters, results, attempt } = run
  const list = await store.variables.holdingIn(project)
  const elapsed = () => performance.now()
  const sources = { list, baseUrl: baseUrl?.() ?? null, texts, runScript, elapsed }
  const { values, problems } = await runVariableValues(run, sources)
  const variables: Variables = {
    ...values,
    ...{ name, state, host, labels, parameters, results, attempt, uid, project },
  }
  const errors: string[] = []

  async function attempted<Result>(render: () => Promise<Result>, instead: Result): Promise<Result> {
    try {
      return await render()
    } catch (thrown) {
      if (!(thrown instanceof TemplateError)) throw thrown
      errors.push(messageOf(thrown))
      return instead
    }
  }
  async function deep(value: Json, isMarkdown: boolean): Promise<Json> {
    const render = isMarkdown ? renderMarkdown : renderTemplate
    if (typeof value === 'string') return attempted(() => render(engine, value, variables), value)
    if (Array.isArray(value)) return Promise.all(value.map((item) => deep(item, isMarkdown)))
    if (typeof value !== 'object' || value === null) return value
    return entries(value, () => isMarkdown)
  }
  async function entries(value: JsonObject, isMarkdown: (key: string) => boolean): Promise<JsonObject> {
    const rendered = Object.entries(value).map(async ([key, item]) => [key, await deep(item, isMarkdown(key))] as const)
    return Object.fromEntries(await Promise.all(rendered))
  }
  return {
    errors,
    problems,
    object: (value) => entries(value, (key) => MARKDOWN.includes(key)),
    body: (text, form) =>
      attempted<RenderedBody | undefined>(() => renderBody(engine, text, variables, form), undefined),
  }
}
