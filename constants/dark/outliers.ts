import { median } from '../../src/model/median.js'
import type { StagePreview } from './preview.js'
import type { StageName } from './recipe.js'
import type { StageSummary } from './summary.js'

/** Something that differs from its neighbours: worth a look. */
export interface Outlier {
  readonly stage: StageName
  /** `cell 3`, `ASIC at row 64, column 0`. */
  readonly what: string
  readonly message: string
}

/** Distance from the median, in standard deviations estimated from the median distance. */
const FAR = 6
/** Least distances that matter, ADU. */
const LEAST = { offset: 20, noise: 0.5 } as const
/** Share of bad (pixel, cell) of an ASIC, or of a cell, that is named. */
const MUCH_BAD = 0.1
const ASIC = 64
const MOST_NAMED = 6

/** Cells and ASICs of one stage of a module that stand out, the worst first. */
export function outliersOf(
  summary: StageSummary,
  preview: StagePreview,
  bin: number,
  pixels: number,
): Outlier[] {
  const { stage, cells } = summary
  const found: { readonly far: number; readonly outlier: Outlier }[] = []
  for (const quantity of ['offset', 'noise'] as const) {
    const center = median(cells.map(cell => cell[quantity]))
    const width = 1.4826 * median(cells.map(cell => Math.abs(cell[quantity] - center)))
    for (const cell of cells) {
      const distance = cell[quantity] - center
      if (!(Math.abs(distance) > Math.max(FAR * width, LEAST[quantity]))) continue
      const message = `${quantity} ${cell[quantity].toFixed(2)} ADU, ${distance > 0 ? '+' : '−'}${Math.abs(distance).toFixed(2)} from the other cells`
      found.push({
        far: Math.abs(distance) / (width || 1),
        outlier: { stage, what: `cell ${cell.cell}`, message },
      })
    }
  }
  for (const { cell, bad } of cells) {
    if (bad <= MUCH_BAD * pixels) continue
    const message = `${percent(bad / pixels)} of its pixels are bad`
    found.push({ far: (100 * bad) / pixels, outlier: { stage, what: `cell ${cell}`, message } })
  }
  for (const { row, column, share } of asicShares(preview, bin)) {
    if (share <= MUCH_BAD) continue
    const what = `ASIC at row ${row}, column ${column}`
    found.push({
      far: 100 * share,
      outlier: { stage, what, message: `${percent(share)} of its pixels are bad` },
    })
  }
  return found
    .sort((a, b) => b.far - a.far)
    .slice(0, MOST_NAMED)
    .map(({ outlier }) => outlier)
}

function asicShares(
  { bad: { rows, columns, values } }: StagePreview,
  bin: number,
): { row: number; column: number; share: number }[] {
  const step = ASIC / bin
  const shares: { row: number; column: number; share: number }[] = []
  for (let row = 0; row < rows; row += step) {
    for (let column = 0; column < columns; column += step) {
      let sum = 0
      let count = 0
      for (let r = row; r < Math.min(row + step, rows); r++)
        for (let c = column; c < Math.min(column + step, columns); c++) {
          sum += values[r * columns + c] ?? 0
          count++
        }
      shares.push({ row: row * bin, column: column * bin, share: sum / count })
    }
  }
  return shares
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
