/** The Worker in which Jinja templates run: it is ended from outside when one takes too long. */
import { parentPort, workerData } from 'node:worker_threads'
import { Environment, initSync } from 'minijinja-js/dist/web/minijinja_js.js'
import { messageOf } from '../errors.ts'
import type { ValueForm } from '../model/message.ts'
import { formInStrings, formInside, htmlInside, jsonInside, jsonValue, markdownInside, markdownUrl } from './inside.ts'
import { filters, type JinjaFilter } from './jinja/filters.ts'
import { keysInOrder, pythonJson, pythonText } from './jinja/print.ts'
import type { JinjaAnswer, JinjaRequest } from './jinja/protocol.ts'
import { MOST_OUTPUT } from './limits.ts'

const { wasm } = workerData as { wasm: Uint8Array<ArrayBuffer> }
/** Python's words for values of JSON. */
const words: Record<string, string> = { True: 'true', False: 'false', None: 'null' }
let shapes: string[][] = []
let failed: Error | undefined

// The engine would write its panics to standard error; they are reported as errors of the template instead.
Object.assign(globalThis.console, { error: () => undefined })

initSync({ module: wasm })
const environment = createEnvironment()
parentPort?.on('message', (request: JinjaRequest) => send(answer(request)))
send({ id: 0, kind: 'ready' })

function answer(request: JinjaRequest): JinjaAnswer {
  const { id, kind, source } = request
  try {
    if (kind === 'check') {
      compile(source)
      return { id, kind: 'unknown', filters: missing(request.filters, 'filter'), tests: missing(request.tests, 'test') }
    }
    shapes = request.shapes
    failed = undefined
    const text = environment.renderStr(source, {})
    if (failed !== undefined) throw failed
    if (text.length <= MOST_OUTPUT) return { id, kind: 'text', text }
    return failure(id, `the text is longer than ${MOST_OUTPUT} characters`)
  } catch (thrown) {
    return explain(request, thrown)
  }
}

function createEnvironment(): Environment {
  const made = new Environment()
  made.enablePyCompat()
  const own: Record<string, JinjaFilter> = {
    ...filters,
    __text: (text) => pythonText(String(text), shapes),
    __keys: (map) => {
      if (map instanceof Map) return keysInOrder([...map.keys()].map(String), shapes)
      throw new Error('only a map has items')
    },
    __json: (text) => pythonJson(String(text)),
    __json_text: (text) => jsonInside(String(text)),
    __json_value: (text) => jsonValue(words[String(text)] ?? String(text)),
    __markdown: (text) => markdownInside(String(text)),
    __markdown_url: (text) => markdownUrl(String(text)),
    __html: (text) => htmlInside(String(text)),
    __form: (text, form) => formInside(form as ValueForm, String(text)),
    __form_in_strings: (text, form) => formInStrings(form as ValueForm, String(text)),
  }
  for (const [name, filter] of Object.entries(own)) made.addFilter(name, guarded(filter))
  return made
}

/** An error thrown through the engine would break it, so the first one is kept until the engine is done. */
function guarded(filter: JinjaFilter): JinjaFilter {
  return (value, ...args) => {
    try {
      return filter(value, ...args)
    } catch (thrown) {
      failed ??= thrown instanceof Error ? thrown : new Error(String(thrown))
      return ''
    }
  }
}

function compile(source: string) {
  environment.addTemplate('checked', source)
  environment.removeTemplate('checked')
}

function missing(names: string[], kind: 'filter' | 'test'): string[] {
  return names.filter((name) => environment.evalExpr(`name is ${kind}`, { name }) !== true)
}

/** Whatever the engine did not throw itself leaves it in an unknown state. */
function explain({ id, original }: JinjaRequest, thrown: unknown): JinjaAnswer {
  if (thrown === failed) return failure(id, messageOf(thrown))
  if (!(thrown instanceof Error) || thrown instanceof RangeError || thrown instanceof WebAssembly.RuntimeError)
    return { ...failure(id, 'it needs more memory or depth than it may'), broken: true }
  const own = thrown.message.startsWith('syntax error') ? (syntaxError(original) ?? thrown) : thrown
  const at = / \(in (?:<string>|checked):(\d+)\)/.exec(own.message)
  const message = (at === null ? own.message : own.message.slice(0, at.index)).split('\n')[0] ?? ''
  return failure(id, message.replace(/^unknown filter: filter (\S+) is unknown$/, 'there is no filter "$1"'), line(at))
}

/** What is wrong with the text its author wrote: the rewritten one has tags that he never saw. */
function syntaxError(original: string): Error | undefined {
  try {
    compile(original)
    return undefined
  } catch (thrown) {
    return thrown instanceof Error ? thrown : undefined
  }
}

function line(at: RegExpExecArray | null): number | null {
  return at === null ? null : Number(at[1])
}

function failure(id: number, message: string, at: number | null = null) {
  return { id, kind: 'error' as const, message, line: at, broken: false }
}

function send(message: JinjaAnswer) {
  parentPort?.postMessage(message)
}
