import { table } from '../../src/cli/table.js'
import { machineLine } from '../machine.js'
import type { BenchReport } from '../result.js'
import { groupsOf, HEADER, rowOf } from './columns.js'

/** Tables for a terminal. */
export function text(report: BenchReport): string {
  const parts = groupsOf(report).map(({ name, results }) => `${name}\n${table(HEADER, results.map(rowOf))}`)
  return [`${machineLine(report.machine)}\n`, ...parts].join('\n')
}
