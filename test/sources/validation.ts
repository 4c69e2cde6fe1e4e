import { CHECKS } from '../../src/validation/checks/index.js'
import { validate } from '../../src/validation/validate.js'

/** `check severity` of what is found, modules that small runs lack aside. */
export async function found(folder: string, only?: string): Promise<string[]> {
  const { problems } = await validate(folder, CHECKS)
  return problems
    .filter(({ check }) => check !== 'modules_present' && (only === undefined || check === only))
    .map(({ check, severity, message }) => `${check} ${severity}: ${message}`)
}
