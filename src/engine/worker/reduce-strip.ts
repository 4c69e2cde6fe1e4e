import { type CommonModeParams, leastOfAsic, leastOfRow } from '../../corrections/common-mode.js'
import type { Finishing } from '../../corrections/finishing.js'
import { FrameTable } from '../../memory/frame-table.js'
import { workspaceOffset } from '../../memory/lane-layout.js'
import { stripKernel } from '../../wasm/kernels.js'
import type { OfFile } from '../contract/block-task.js'
import type { ReduceResult, ReduceTask } from '../contract/operations.js'
import { PhaseTotals } from '../contract/phase-times.js'
import { imagesKept, type WorkspaceLayout, workspaceLayout } from '../contract/reduction-workspace.js'
import type { FrameReader } from './frame-reader.js'
import { RawStrips } from './raw-strips.js'
import { type AttachedLane, unlessStopped } from './thread.js'

/** Frames of one cell that are taken together, by index into the task. */
interface Group {
  readonly cell: number
  readonly first: number
  readonly count: number
}

/**
 * Finds what has to be known of a whole file before its first image is corrected: for one strip of the images of one row of
 * 32 cells, the means of the common mode, and which pixels never change. Results go to the lane's tables.
 *
 * Each sweep goes through all images, cell by cell, in the order of trains. Values of as many images as the workspace holds
 * are kept from sweep to sweep; others are made of the raw data again, by the same operations: the result is the same.
 * @throws DataError naming the file. @throws StoppedError once the stop word is set.
 */
export async function reduceStrip(
  task: ReduceTask,
  attached: AttachedLane,
  reader: FrameReader,
): Promise<ReduceResult> {
  const times = new PhaseTotals()
  const { lane } = attached
  lane.advance(task.slot, task.id, task.epoch, 'correcting')
  const start = process.hrtime.bigint()
  const strip = new StripReduction(task, attached, reader)
  await strip.run(task.finishing, task.finishing.commonMode)
  const all = Number(process.hrtime.bigint() - start)
  times.add('read', strip.readNs, strip.readBytes)
  times.add('reduce', all - strip.readNs, 4 * task.images.length * strip.workspace.strip)
  lane.advance(task.slot, task.id, task.epoch, 'done')
  return { times: times.snapshot() }
}

class StripReduction {
  readonly workspace: WorkspaceLayout
  readonly #task: ReduceTask
  readonly #kernels: AttachedLane['kernels']
  readonly #layout: AttachedLane['lane']['handle']['layout']
  readonly #buffer: ArrayBufferLike
  readonly #base: number
  readonly #ofFile: OfFile
  readonly #groups: readonly Group[]
  /** Images whose values are kept. */
  readonly #kept: number
  readonly #entries: FrameTable
  readonly #raw: RawStrips
  readonly #stages: ReturnType<typeof stripKernel>
  readonly #from: number
  readonly #to: number
  readNs = 0
  readBytes = 0

  constructor(task: ReduceTask, { lane, kernels }: AttachedLane, reader: FrameReader) {
    const { layout, memory } = lane.handle
    const [firstRow, endRow] = task.slowScan
    this.workspace = workspaceLayout({ pixels: layout.pixels, strip: (endRow - firstRow) * task.fastScan })
    this.#task = task
    this.#kernels = kernels
    this.#layout = layout
    this.#buffer = memory.buffer
    this.#base = workspaceOffset(layout, task.workspace)
    this.#ofFile = task.ofFile
    this.#from = firstRow * task.fastScan
    this.#to = endRow * task.fastScan
    this.#groups = groupsOf(task.cells, this.workspace.together)
    const kept = imagesKept(this.workspace, layout.reduction?.workspaceBytes ?? 0)
    this.#kept = Math.min(kept, task.images.length)
    const { table, raw, together } = this.workspace
    this.#entries = new FrameTable(this.#buffer, this.#base + table, together)
    this.#stages = stripKernel(kernels, task.finishing.stages)
    const target = new Uint8Array(this.#buffer, this.#base + raw, 4 * layout.pixels)
    this.#raw = new RawStrips(task, reader, target, layout)
  }

  async run({ zeroStd, rawPlanes }: Finishing, commonMode: CommonModeParams | undefined): Promise<void> {
    const modes = commonMode?.part === 'both' ? commonMode : undefined
    const planes = modes ? rawPlanes : 1
    this.#clearSums()
    for (const group of this.#groups) {
      await this.#read(group, planes)
      if (zeroStd) this.#compare(group)
      if (modes === undefined) continue
      this.#enter(group)
      this.#toStages(group)
      this.#add(group, modes)
    }
    if (modes === undefined) return
    for (let k = 0; k < this.#ofFile.tables.shifts; k++) await this.#iterate(k, modes, planes)
    this.#pixelMeans(this.#ofFile.tables.shifts, modes)
  }

  /** Part (a) of iteration `k`, from the sums that are there: where its means begin. */
  #pixelMeans(k: number, modes: CommonModeParams): number {
    const { strip, sums, counts } = this.workspace
    const means = this.#rowMeans + k * this.#layout.pixels * 4
    const least = leastOfRow(modes, this.#task.images.length)
    const at = means + 4 * this.#from
    this.#kernels.commonModeMeans(this.#base + sums, this.#base + counts, strip, least, at)
    return means
  }

  /** Where the row's part (a) is. */
  get #rowMeans(): number {
    const { iterations, pixelMeans } = this.#ofFile.tables
    return this.#layout.tables + pixelMeans + this.#task.row * iterations * this.#layout.pixels * 4
  }

  /** Iteration `k`, and the sums for the part (a) of the next one. */
  async #iterate(k: number, modes: CommonModeParams, planes: number): Promise<void> {
    const { low, high } = modes
    const { asics } = this.#ofFile.tables
    const { columns } = this.#task.finishing
    const { table, sums, counts } = this.workspace
    const means = this.#pixelMeans(k, modes)
    for (const group of this.#groups) {
      const again = !this.#isKept(group)
      if (again) await this.#read(group, planes)
      this.#enter(group)
      const strip = [this.#base + table, group.count, this.#from, this.#to, columns] as const
      if (again) this.#toStages(group)
      if (again && k > 0)
        this.#kernels.commonModeSubtract(...strip, this.#rowMeans, 4 * this.#layout.pixels, asics, k, k)
      const place = [means, 4 * k * asics] as const
      const added = [this.#base + sums, this.#base + counts] as const
      this.#kernels.commonModeSweep(...strip, ...place, low, high, leastOfAsic(modes), ...added)
    }
  }

  #isKept({ first, count }: Group): boolean {
    return first + count <= this.#kept
  }

  async #read({ first, count }: Group, planes: number): Promise<void> {
    unlessStopped(this.#task)
    const start = process.hrtime.bigint()
    this.readBytes += await this.#raw.read(first, count, planes)
    this.readNs += Number(process.hrtime.bigint() - start)
  }

  /** Pointers are those of whole planes, of which only the strip is there. */
  #enter(group: Group): void {
    const { strip, raw, stages, data, pitch } = this.workspace
    const { tables } = this.#layout
    const { asics, shifts, imageMeans } = this.#ofFile.tables
    for (let i = 0; i < group.count; i++) {
      const image = this.#task.images[group.first + i] ?? 0
      const place = this.#isKept(group) ? group.first + i : this.#kept + i
      this.#entries.set(i, {
        raw: this.#base + raw + 2 * (i * strip - this.#from),
        data: this.#base + data + place * pitch - 4 * this.#from,
        ...{ gain: 0, mask: 0 },
        whole: {
          stages: this.#base + stages + i * strip - this.#from,
          still: 0,
          means: tables + imageMeans + 4 * image * asics * shifts,
        },
      })
    }
  }

  /** Steps up to the offset. */
  #toStages({ cell, count }: Group): void {
    const { layout, params } = { layout: this.#layout, params: this.#layout.params }
    const constants = layout.constants + cell * this.#task.planes * 4 * layout.pixels
    this.#stages(this.#base + this.workspace.table, count, constants, params, this.#from, this.#to)
  }

  #add({ count }: Group, { low, high }: CommonModeParams): void {
    const { table, sums, counts } = this.workspace
    const [from, to] = [this.#from, this.#to]
    this.#kernels.commonModeSums(
      this.#base + table,
      count,
      from,
      to,
      this.#base + sums,
      this.#base + counts,
      low,
      high,
    )
  }

  #clearSums(): void {
    const { sums, counts, strip } = this.workspace
    new Float64Array(this.#buffer, this.#base + sums, strip).fill(0)
    new Uint32Array(this.#buffer, this.#base + counts, strip).fill(0)
  }

  /** Compares a cell's samples with its first; a cell with one sample tells nothing. */
  #compare({ cell, first, count }: Group): void {
    const { strip, raw, first: firstAt, still } = this.workspace
    const { cells } = this.#task
    const flags = new Uint8Array(this.#buffer, this.#base + still, strip)
    if (cells[first - 1] !== cell) {
      new Uint8Array(this.#buffer).copyWithin(
        this.#base + firstAt,
        this.#base + raw,
        this.#base + raw + 2 * strip,
      )
      flags.fill(cells[first + 1] === cell ? 0xff : 0)
    }
    const [rawAt, at] = [this.#base + raw, this.#base + firstAt]
    this.#kernels.clearVaried(rawAt, count, 2 * strip, at, strip, this.#base + still)
    if (cells[first + count] === cell) return
    const { tables } = this.#ofFile
    const target = this.#layout.tables + tables.still + cell * this.#layout.pixels + this.#from
    const found = new Uint8Array(this.#buffer, target, strip)
    for (let p = 0; p < strip; p++) found[p] = (flags[p] ?? 0) & 1
  }
}

/** Cuts frames, which are sorted by cell, into groups of one cell. */
function groupsOf(cells: Uint16Array, most: number): Group[] {
  const groups: Group[] = []
  for (let first = 0; first < cells.length; ) {
    const cell = cells[first] ?? 0
    let count = 1
    while (count < most && cells[first + count] === cell) count++
    groups.push({ cell, first, count })
    first += count
  }
  return groups
}
