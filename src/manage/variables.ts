import * as v from 'valibot'
import type { Issue } from '../errors.ts'
import { ExpressionError } from '../language/expression/failure.ts'
import { compile } from '../language/expression/program.ts'
import { faulty, validate } from '../model/validate.ts'
import { type VariableList, variableList, variableNames } from '../model/variables.ts'
import type { Programs } from '../programs.ts'
import type { ManageContext } from './context.ts'

export const variablesRequest = v.strictObject({ variables: variableList })

export type VariableManager = ReturnType<typeof manageVariables>

/** Reads and replaces the variables of a project, or of the instance, whose project is null. */
export function manageVariables({ store, programs }: Pick<ManageContext, 'store' | 'programs'>) {
  return {
    get: async (project: string | null): Promise<{ variables: VariableList }> => ({
      variables: await store.variables.get(project),
    }),

    /** Throws `invalid` with the formulas that cannot be read and the programs that the operator does not allow. */
    async put(project: string | null, actor: string, input: unknown): Promise<{ variables: VariableList }> {
      const { variables } = validate(variablesRequest, input)
      const issues = variables.flatMap((variable, index) => issuesOf(variable, `variables.${index}`, programs))
      if (issues.length > 0) throw faulty(issues)
      await store.variables.put(project, variables)
      const detail = { names: variableNames(variables).join(', ') }
      await store.audit.record({
        project,
        actor,
        action: 'update',
        entity: 'variables',
        entityId: project ?? '',
        detail,
      })
      return { variables }
    },
  }
}

function issuesOf(variable: VariableList[number], path: string, programs: Pick<Programs, 'refusal'>): Issue[] {
  if ('command' in variable) {
    const message = programs.refusal(variable.command[0] ?? '')
    return message === null ? [] : [{ path: `${path}.command`, message }]
  }
  if (!('formula' in variable)) return []
  try {
    compile('formula', variable.formula)
    return []
  } catch (thrown) {
    if (thrown instanceof ExpressionError) return [{ path: `${path}.formula`, message: thrown.message }]
    throw thrown
  }
}
