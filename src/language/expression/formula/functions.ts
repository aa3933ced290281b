import { arrayFunctions } from './array-functions.ts'
import { dateFunctions } from './date-functions.ts'
import type { FormulaFunction } from './function.ts'
import { mathFunctions } from './math-functions.ts'
import { objectFunctions } from './object-functions.ts'
import { textFunctions } from './text-functions.ts'
import { valueFunctions } from './value-functions.ts'

export type { FormulaFunction } from './function.ts'

/** The functions of formulas by name. */
export const functions: ReadonlyMap<string, FormulaFunction> = new Map(
  [...valueFunctions, ...textFunctions, ...arrayFunctions, ...objectFunctions, ...mathFunctions, ...dateFunctions].map(
    (one) => [one.name, one],
  ),
)
