import type { Chain } from '../../corrections/chain.js'
import { ROW_CELLS } from '../../corrections/common-mode.js'
import type { JoinedFile } from '../../sources/run/join.js'
import type { OfFile } from '../contract/block-task.js'
import { type ReductionTables, reductionTables, spansFile } from '../contract/reduction-tables.js'
import { stripShape, workspaceBytes, workspaceLayout } from '../contract/reduction-workspace.js'
import type { ReductionDemand } from './budget.js'

/** Of a module's plan, what its files are to be looked at for. */
interface Images {
  readonly chain: Pick<Chain, 'finishing'>
  readonly cells: readonly number[]
  readonly sequences: readonly { readonly joined: Pick<JoinedFile, 'frames' | 'trains'> }[]
}

/** Of each cell, by position: the number of its row of 32 cells, of those rows that there are. */
function rowsOfCells(cells: readonly number[]): Uint16Array {
  const ids = cells.map(cell => Math.floor(cell / ROW_CELLS))
  const rows = [...new Set(ids)]
  return Uint16Array.from(ids, id => rows.indexOf(id))
}

function tablesOf(
  { chain: { finishing }, cells, sequences }: Images,
  pixels: number,
): ReductionTables | undefined {
  if (finishing === undefined || !spansFile(finishing)) return undefined
  const images = Math.max(...sequences.map(({ joined }) => joined.frames))
  const rows = 1 + Math.max(...rowsOfCells(cells))
  return reductionTables(finishing, { pixels, cells: cells.length, rows, images })
}

/** What the frames of a module are corrected with besides its constants; undefined: they stand for themselves. */
export function ofFileOf(module: Images, pixels: number): OfFile | undefined {
  const tables = tablesOf(module, pixels)
  return tables && { rows: rowsOfCells(module.cells), tables }
}

/** What the modules of a run need at most; undefined: nothing. */
export function reductionDemand(
  modules: readonly Images[],
  { slowScan, fastScan }: { readonly slowScan: number; readonly fastScan: number },
): ReductionDemand | undefined {
  const tables = modules.flatMap(module => tablesOf(module, slowScan * fastScan) ?? [])
  if (tables.length === 0) return undefined
  const files = modules.flatMap(({ sequences }) => sequences.map(({ joined }) => joined))
  // A cell has one image in each train of a sound file.
  const images = Math.max(...files.map(({ frames, trains }) => Math.min(frames, ROW_CELLS * trains.length)))
  const layout = workspaceLayout(stripShape(slowScan, fastScan))
  const keepsValues = tables.some(({ iterations }) => iterations > 0)
  return {
    tableBytes: Math.max(...tables.map(({ bytes }) => bytes)),
    leastBytes: workspaceBytes(layout, 0),
    mostBytes: workspaceBytes(layout, keepsValues ? images : 0),
  }
}
