import { ConstantsError } from '../../../src/model/errors.js'
import { type Region, SCRATCH_BYTES, type Slab, slabsOf } from '../slabs.js'
import { type ConstantSource, cellsOf, openSlabs, planesOf } from '../source.js'
import { ChecksumGrid } from './grid.js'
import { ChecksumSums, type SumWorkspace } from './sums.js'

/** What is read of a constant, for what, and in which memory. */
export interface VerifiedRead {
  readonly region: Region
  /** Largest slab it is read in. */
  readonly budget: number
  /** Cells that are asked for: those that `region` leaves out must not be read. */
  readonly cells: readonly number[]
  readonly workspace?: SumWorkspace
}

/** Holds what is read of a constant against the checksums of its import, as it goes by. */
export class Verification {
  /** What is to be read: `region`, and whole parts of it where that does no harm. */
  readonly region: Region
  readonly #source: ConstantSource
  readonly #grid: ChecksumGrid
  /** Absent: slabs would cut parts; all is read once more. */
  readonly #sums: ChecksumSums | undefined

  private constructor(source: ConstantSource, { region, budget, cells, workspace }: VerifiedRead) {
    this.#source = source
    this.#grid = new ChecksumGrid(source)
    const whole = this.#grid.whole(region)
    const inside = ([from, to]: readonly [number, number], cell: number) => cell >= from && cell < to
    const together =
      String(whole.slowScan) === String(region.slowScan) &&
      cells.every(cell => inside(region.cells, cell) || !inside(whole.cells, cell)) &&
      keepsRuns(this.#grid, slabsOf(source, whole, budget))
    this.region = together ? whole : region
    if (together) this.#sums = new ChecksumSums(this.#grid, workspace)
  }

  /** @returns undefined for a constant without checksums. */
  static of(source: ConstantSource, reading: VerifiedRead): Verification | undefined {
    return source.checksums && new Verification(source, reading)
  }

  /** Takes a slab of {@link region}, as it was read. */
  add(slab: Slab, bytes: Uint8Array): void {
    this.#sums?.add(slab, bytes)
  }

  /** @throws ConstantsError naming file, dataset and module if something that was read is not what was imported. */
  async finish(): Promise<void> {
    const { checksums, place } = this.#source
    if (checksums === undefined) return
    const whole = this.#grid.whole(this.region)
    const sums = this.#sums ?? (await sumsOf(this.#source, this.#grid, whole))
    this.#grid.eachPartOf(whole, (part, rows, cells) => {
      if (sums.agrees(part, checksums)) return
      const where = `rows ${rows[0]} to ${rows[1] - 1}, cells ${cells[0]} to ${cells[1] - 1}`
      throw new ConstantsError(`its content is not what was imported: the checksum of ${where} differs`, {
        place,
        hint: 'Restore the file from a copy; detcal constants verify tells which others are damaged',
      })
    })
  }
}

/** The checksums of all of a constant: 16 bytes a part, for {@link ConstantSource.checksums}. @throws ConstantsError */
export async function checksumsOf(source: ConstantSource): Promise<Uint8Array> {
  const { shape, axes } = source
  const region: Region = {
    slowScan: [0, shape[axes.slowScan] ?? 0],
    cells: [0, cellsOf(source)],
    planes: [0, planesOf(source)],
  }
  return (await sumsOf(source, new ChecksumGrid(source), region)).bytes
}

/** Reads a region of whole parts for its checksums only. */
async function sumsOf(source: ConstantSource, grid: ChecksumGrid, region: Region): Promise<ChecksumSums> {
  let budget = SCRATCH_BYTES
  // One slab that is the region cuts nothing.
  while (!keepsRuns(grid, slabsOf(source, region, budget))) budget *= 4
  const sums = new ChecksumSums(grid)
  const scratch = new Uint8Array(budget)
  const slabs = await openSlabs(source)
  try {
    for (const slab of slabsOf(source, region, budget)) {
      const out = scratch.subarray(0, slab.bytes)
      slabs.read(slab.start, slab.count, out)
      sums.add(slab, out)
    }
  } finally {
    slabs.close()
  }
  return sums
}

function keepsRuns(grid: ChecksumGrid, slabs: Iterable<Slab>): boolean {
  for (const slab of slabs) if (!grid.keepsRuns(slab)) return false
  return true
}
