import { createBudget } from '../../language/expression/budget.ts'
import { fromJson } from '../../language/expression/json.ts'
import { represent } from '../../language/expression/print.ts'
import type { Json, JsonObject } from '../../model/json.ts'
import type { MessageRun } from '../../model/message.ts'

/** Where MLRun's `override_body` takes the runs of the message. */
const TOKEN = /\{\{ *runs *\}\}/g

/**
 * The body with `{{ runs }}` filled in, at any depth. As with MLRun the runs are the text of a Python list, such as
 * `[{'project': 'p', 'name': 'train', 'status': {'state': 'completed'}}]`, in the key order of its current versions.
 */
export function overriddenBody(body: Json, runs: readonly MessageRun[]): Json {
  let text: string | undefined
  const fill = (value: Json): Json => {
    if (typeof value === 'string') {
      text ??= represent(fromJson(runs.map(reduced)), createBudget({ rows: 10_000 }))
      return value.replace(TOKEN, () => text ?? '')
    }
    if (Array.isArray(value)) return value.map(fill)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner)]))
  }
  return fill(body)
}

function reduced({ project, name, state, error, results, host }: MessageRun): JsonObject {
  const hasResults = results !== undefined && Object.keys(results).length > 0
  const outcome = error !== undefined ? { error } : hasResults ? { results } : {}
  return { project, name, status: { state, ...outcome }, ...(host === undefined ? {} : { host }) }
}
