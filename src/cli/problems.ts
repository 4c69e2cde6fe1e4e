import { grouped } from '../model/grouped.js'
import { printable } from '../model/printable.js'
import type { Problem } from '../model/problem.js'
import { rangesText } from '../model/ranges.js'
import { fittingMessage } from './fitting-advice.js'

/** Problems, one a line, for stderr: errors last, where they are noticed; a message that modules share is printed once. */
export function problemLines(problems: readonly Problem[]): string {
  const groups = grouped(problems, ({ severity, check, message, place: { module: _, ...place } }) =>
    JSON.stringify([severity, check, message, place]),
  )
  const lines = [...groups.values()].map(group => ({ severity: group[0]?.severity, line: lineOf(group) }))
  return [
    ...lines.filter(({ severity }) => severity === 'warning'),
    ...lines.filter(({ severity }) => severity === 'error'),
  ]
    .map(({ severity, line }) => `${severity}: ${line}\n`)
    .join('')
}

function lineOf(group: readonly Problem[]): string {
  const [first] = group
  if (first === undefined) return ''
  const { file, dataset, train } = first.place
  const modules = group.flatMap(({ place }) => (place.module === undefined ? [] : [place.module]))
  const parts = [
    file,
    dataset,
    modulesText(modules),
    train === undefined ? undefined : `train ${train}`,
  ].filter(part => part !== undefined)
  return printable(`${parts.length > 0 ? `${parts.join(', ')}: ` : ''}${fittingMessage(first.message)}`)
}

function modulesText(modules: readonly number[]): string | undefined {
  const ranges = rangesText(modules)
  return ranges === '' ? undefined : `module${/^\d+$/.test(ranges) ? '' : 's'} ${ranges}`
}
