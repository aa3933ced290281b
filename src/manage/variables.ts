import * as v from 'valibot'
import type { Issue } from '../errors.ts'
import { ExpressionError } from '../language/expression/failure.ts'
import { compile } from '../language/expression/program.ts'
import { faulty, validate } from '../model/validate.ts'
import { type VariableList, variableList } from '../model/variables.ts'
import type { ManageContext } from './context.ts'

export const variablesRequest = v.strictObject({ variables: variableList })

export type VariableManager = ReturnType<typeof manageVariables>

/** Reads and replaces the variables of a project, or of the instance, whose project is null. */
export function manageVariables({ store }: Pick<ManageContext, 'store'>) {
  return {
    get: async (project: string | null): Promise<{ variables: VariableList }> => ({
      variables: await store.variables.get(project),
    }),

    /** Throws `invalid` with the formulas that cannot be read. */
    async put(project: string | null, actor: string, input: unknown): Promise<{ variables: VariableList }> {
      const { variables } = validate(variablesRequest, input)
      const issues = variables.flatMap(issuesOf)
      if (issues.length > 0) throw faulty(issues)
      await store.variables.put(project, variables)
      const detail = { names: variables.map(({ name }) => name).join(', ') }
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

function issuesOf(variable: VariableList[number], index: number): Issue[] {
  if (!('formula' in variable)) return []
  try {
    compile('formula', variable.formula)
    return []
  } catch (thrown) {
    if (thrown instanceof ExpressionError) return [{ path: `variables.${index}.formula`, message: thrown.message }]
    throw thrown
  }
}
