import { messageOf } from '../errors.ts'
import { createBudget } from './expression/budget.ts'
import { type ErrorKind, ExpressionError, located } from './expression/failure.ts'
import { toText } from './expression/print.ts'
import { compile, evaluate, type Program } from './expression/program.ts'
import { toNames } from './expression-value.ts'
import { renderJinja } from './jinja.ts'
import { scanTags, type Tag } from './tags.ts'
import { TemplateError } from './template-error.ts'
import type { Variables } from './template-value.ts'

/** What a condition of MLRun renders to and whether that counts as true, or why it fails; MLRun sends then. */
export type JinjaVerdict =
  | { ok: true; rendered: string; truthy: boolean }
  | {
      ok: false
      error: { kind: ErrorKind | 'TemplateError'; message: string; line: number; column: number }
      truthy: true
    }

/** What counts as false in MLRun, in any letter case, with nothing around it. */
const FALSE_WORDS = new Set(['0', 'no', 'n', 'f', 'false', 'off'])

/**
 * Whether what a condition rendered to is true for MLRun: everything but six words. MLRun does not trim the text first.
 */
export function isTrueForMlrun(rendered: string): boolean {
  return !FALSE_WORDS.has(rendered.toLowerCase())
}

/**
 * Evaluates a condition of MLRun. One `{{ expression }}` runs as an expression of Jinja2, any other text in the Jinja
 * engine. It never fails: an error is a verdict, and true.
 */
export async function evaluateJinjaCondition(text: string, variables: Variables): Promise<JinjaVerdict> {
  if (text.trim() === '') return { ok: true, rendered: '', truthy: true }
  try {
    const rendered = renderSingle(text, variables) ?? (await renderJinja(text, variables))
    return { ok: true, rendered, truthy: isTrueForMlrun(rendered) }
  } catch (thrown) {
    return { ok: false, error: errorOf(thrown), truthy: true }
  }
}

/** What is wrong with a condition of MLRun, and where the Jinja engine may decide otherwise than Jinja2. Pure. */
export function checkJinjaCondition(text: string): { errors: string[]; warnings: string[] } {
  try {
    const single = singleExpression(text)
    if (single !== undefined) return checkSingle(single)
    const tags = scanTags(text, 'jinja')
    const warnings = tags.filter(comparesUnlike).map((tag) => mixedWarning(tag.source))
    if (tags.length === 0 && isTrueForMlrun(text) && text.trim() !== '') {
      warnings.push('It holds no {{ expression }}, so it is always the same: true.')
    }
    return { errors: [], warnings }
  } catch (thrown) {
    if (!(thrown instanceof TemplateError)) throw thrown
    return { errors: [thrown.message], warnings: [] }
  }
}

/** The text where it is one `{{ expression }}` and nothing else, but for a last line break, which Jinja2 drops. */
export function singleExpression(text: string): string | undefined {
  const whole = text.replace(/\r?\n$/, '')
  const [tag, ...others] = scanTags(text, 'jinja')
  const isSingle = others.length === 0 && tag?.kind === 'output' && tag.start === 0 && tag.end === whole.length
  return isSingle ? whole : undefined
}

function checkSingle(single: string): { errors: string[]; warnings: string[] } {
  try {
    compile('jinja', single)
    return { errors: [], warnings: [] }
  } catch (thrown) {
    if (!(thrown instanceof ExpressionError)) throw thrown
    const { kind, message, line, column } = thrown
    if (kind !== 'Refused') return { errors: [`${kind}: ${message} (line ${line}, column ${column})`], warnings: [] }
    const hint = comparesUnlike({ inner: single }) ? [mixedWarning(single)] : []
    return { errors: [], warnings: [`${message} The Jinja engine evaluates the condition.`, ...hint] }
  }
}

/** Undefined where the text is more than one expression, or uses what only the engine has. */
function renderSingle(text: string, variables: Variables): string | undefined {
  const single = singleExpression(text)
  if (single === undefined) return undefined
  try {
    const program: Program = compile('jinja', single)
    const budget = createBudget({ elapsed: () => performance.now() })
    const value = evaluate(program, toNames(variables), { budget })
    return located(
      single,
      () => 0,
      () => toText(value, budget),
    )
  } catch (thrown) {
    if (thrown instanceof ExpressionError && thrown.kind === 'Refused') return undefined
    throw thrown
  }
}

/** Whether a tag orders values that may be of unlike kinds. */
function comparesUnlike({ inner }: Pick<Tag, 'inner'>): boolean {
  return /[<>]/.test(inner.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, ''))
}

function mixedWarning(source: string): string {
  return (
    `${source.slice(0, 80)}: where a number is compared with a text or with nothing, Jinja2 fails and MLRun sends; here the ` +
    'comparison is made by kind and may be false. Write the condition as one {{ expression }} to have it as in Jinja2.'
  )
}

function errorOf(thrown: unknown) {
  if (thrown instanceof ExpressionError) {
    const { kind, message, line, column } = thrown
    return { kind, message, line, column }
  }
  if (thrown instanceof TemplateError) {
    const message = thrown.line === null ? thrown.message : thrown.message.replace(/^line \d+: /, '')
    return { kind: 'TemplateError' as const, message, line: thrown.line ?? 1, column: 1 }
  }
  return { kind: 'TemplateError' as const, message: messageOf(thrown), line: 1, column: 1 }
}
