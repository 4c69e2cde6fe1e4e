import { grouped } from '../model/grouped.js'
import type { Problem } from '../model/problem.js'
import { fittingMessage } from './fitting-advice.js'

/** Problems under the file they are in, and a last line that counts them. */
export function validationText(files: readonly string[], problems: readonly Problem[]): string {
  const byFile = grouped(problems, ({ place }) => place.file ?? 'the run as a whole')
  const lines = [...byFile].flatMap(([file, found]) => [file, ...found.map(line)])
  return [...lines, summary(files.length, problems), ''].join('\n')
}

function line({ severity, check, message, place: { dataset, module, train } }: Problem): string {
  const where = [
    module === undefined ? undefined : `module ${module}`,
    train === undefined ? undefined : `train ${train}`,
    dataset,
  ].filter(part => part !== undefined)
  return `  ${severity.padEnd(7)}  ${check}: ${where.length > 0 ? `${where.join(', ')}: ` : ''}${fittingMessage(message)}`
}

function summary(files: number, problems: readonly Problem[]): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length
  const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`
  const checked = `${count(files, 'file')} checked`
  if (problems.length === 0) return `${checked}, no problems`
  return `${checked}: ${count(errors, 'error')}, ${count(problems.length - errors, 'warning')}`
}
