import { machineLine } from '../machine.js'
import { type BenchReport, isOwn } from '../result.js'
import { groupsOf, HEADER, rowOf } from './columns.js'

/** Tables for a README. */
export function markdown(report: BenchReport): string {
  const row = (cells: readonly string[]): string =>
    `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  const parts = groupsOf(report).map(({ name, results }) => {
    const rows = results.map(result => {
      const [first = '', ...rest] = rowOf(result)
      return row([isOwn(result) ? `**${first}**` : first, ...rest])
    })
    return [
      `**${name}**`,
      '',
      row(HEADER),
      row(['---', ...HEADER.slice(1, -1).map(() => '--:'), '---']),
      ...rows,
    ].join('\n')
  })
  return [`Measured with \`detcal bench\`: ${machineLine(report.machine)}.`, ...parts, ''].join('\n\n')
}
