import { messageOf } from '../errors.ts'
import { createBudget } from '../language/expression/budget.ts'
import { datetime } from '../language/expression/datetime.ts'
import { type ErrorKind, ExpressionError, Failure } from '../language/expression/failure.ts'
import { jsonText, parseJson } from '../language/expression/json.ts'
import { compile, evaluate, isDialect, isTrue } from '../language/expression/program.ts'
import type { Value } from '../language/expression/value.ts'
import { evaluateJinjaCondition } from '../language/jinja-condition.ts'
import { parseVariables } from '../language/template-value.ts'

export interface EvalOptions {
  dialect: string
  /** Path of a JSON file with an object of variables. */
  data: string
}

/** What the verb needs of the outside. */
export interface EvalIo {
  readFile(path: string): string
  print(line: string): void
  /** ms since 1970; what formulas call now() where the data does not say. */
  now(): number
}

/** Why there is no value: the expression's own error, or one of the verb's input. */
interface Fault {
  kind: ErrorKind | 'InvalidInput'
  message: string
  line: number
  column: number
}

/** Evaluates one expression and prints one line of JSON: the value and its truth, or the error. Gives the exit code. */
export async function runEval(options: EvalOptions, expression: string, io: EvalIo): Promise<number> {
  try {
    if (options.dialect === 'jinja') return await evalJinja(options, expression, io)
    if (!isDialect(options.dialect)) {
      throw inputFault(`--dialect: must be "python", "formula" or "jinja", not "${options.dialect}"`)
    }
    const names = readVariables(options.data, io)
    if (options.dialect === 'formula' && !names.has('now')) names.set('now', datetime(io.now()) ?? null)
    const budget = createBudget({ elapsed: () => performance.now() })
    const value = evaluate(compile(options.dialect, expression), names, { budget })
    io.print(`{"ok":true,"value":${jsonText(value)},"truthy":${isTrue(options.dialect, value)}}`)
    return 0
  } catch (thrown) {
    io.print(JSON.stringify({ ok: false, error: faultOf(thrown) }))
    return 1
  }
}

/** A condition of MLRun: what it renders to, and whether MLRun sends then. It sends where the condition fails. */
async function evalJinja({ data }: EvalOptions, text: string, io: EvalIo): Promise<number> {
  const verdict = await evaluateJinjaCondition(text, readTemplateVariables(data, io))
  io.print(JSON.stringify(verdict))
  return verdict.ok ? 0 : 1
}

function readTemplateVariables(path: string, io: EvalIo) {
  try {
    return parseVariables(io.readFile(path))
  } catch (thrown) {
    throw inputFault(`--data: ${path}: ${messageOf(thrown)}`)
  }
}

function readVariables(path: string, io: EvalIo): Map<string, Value> {
  let data: Value
  try {
    data = parseJson(io.readFile(path))
  } catch (thrown) {
    throw inputFault(`--data: ${path} cannot be read as JSON: ${messageOf(thrown)}`)
  }
  if (typeof data !== 'object' || data === null || data.kind !== 'dict') {
    throw inputFault(`--data: ${path} must hold a JSON object of variables, such as {"query_result":{"cnt":3}}`)
  }
  const names = new Map<string, Value>()
  for (const [key, value] of data.entries.values()) if (typeof key === 'string') names.set(key, value)
  const rows = names.get('query_result')
  if (rows !== undefined && !names.has('query_results')) names.set('query_results', rows)
  return names
}

class InputFault extends Error {}

function inputFault(message: string): InputFault {
  return new InputFault(message)
}

function faultOf(thrown: unknown): Fault {
  if (thrown instanceof ExpressionError) {
    return { kind: thrown.kind, message: thrown.message, line: thrown.line, column: thrown.column }
  }
  // A value that is too large to be shown.
  if (thrown instanceof Failure) return { kind: thrown.kind, message: thrown.message, line: 1, column: 1 }
  if (thrown instanceof InputFault) return { kind: 'InvalidInput', message: thrown.message, line: 0, column: 0 }
  throw thrown
}
