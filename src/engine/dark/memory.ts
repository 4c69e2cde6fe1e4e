import { evaluationBytes } from '../../../constants/dark/bad-pixels.js'
import { levelBytes } from '../../../constants/dark/levels.js'
import { previewBytes } from '../../../constants/dark/preview.js'
import { type Detector, pixelsOf, rawFrameBytes } from '../../detectors/detector.js'
import { type LaneLayout, laneLayout } from '../../memory/lane-layout.js'
import { UsageError } from '../../model/errors.js'
import { darkScratchBytes, darkSumsBytes, MOST_SUMMED } from '../../wasm/kernels.js'
import { memoryForLanes, showBytes } from '../plan/budget.js'
import { stripStride } from './read-strip.js'

/** What a characterisation asks of its lanes. */
export interface DarkDemand {
  readonly detector: Detector
  /** Planes of one cell, all stages. */
  readonly planes: number
  /** Most cells of any module. */
  readonly cells: number
  /** Most frames of any (module, stage, cell). */
  readonly frames: number
  readonly modules: number
  /** Thresholds are made of the gain samples, see `meansOfSums`. */
  readonly thresholds: boolean
}

/** The lanes of a characterisation, all alike; each holds one module's results. */
export interface DarkLanes {
  readonly count: number
  readonly layout: LaneLayout
  /** Rows of slow scan that are read of all frames before they are reduced. */
  readonly stripRows: number
  /** Rows that are read of `sumFrames` frames at a time, where sums are enough. */
  readonly sumRows: number
  readonly sumFrames: number
  readonly bytes: number
}

/** A strip of all frames should stay in the processor's last cache between reading and reducing it. */
const PREFERRED_BYTES = 8 * 1024 ** 2
/** Reads of fewer rows cost more than the cache saves. */
const PREFERRED_LEAST_ROWS = 32

/** Frames that are only summed stay in the cache of a core between reading and summing, and so do their sums. */
const SUMMED_BYTES = 768 * 1024
/** With fewer frames at a time, more is done with the sums than with the samples. */
const LEAST_SUMMED = 8

/** Where a slot is too small for rows of a constant, they are made in arrays of at most this; three wait to be collected. */
const BATCH_BYTES = 16 * 1024 ** 2
const BATCHES = 3

/**
 * The most lanes, up to one a worker, whose strips fit `budget`; strips are cut lower before lanes are given up.
 * @throws UsageError if nothing fits, saying how much would.
 */
export function planDarkLanes(demand: DarkDemand, workers: number, budget: number): DarkLanes {
  const available = memoryForLanes(workers, budget)
  let least = Number.POSITIVE_INFINITY
  for (let count = Math.min(workers, demand.modules); count >= 1; count--) {
    for (const stripRows of heights(demand)) {
      const plan = lanesOf(demand, workers, count, stripRows)
      if (plan === undefined) continue
      const bytes = plan.bytes + count * writingBytes(demand)
      if (bytes <= available) return plan
      least = Math.min(least, bytes)
    }
  }
  const needs = Number.isFinite(least) ? least + budget - available : undefined
  throw new UsageError(
    `${showBytes(budget)} of memory do not hold the results of ${demand.cells} cells and a row of ${demand.frames} frames`,
    {
      hint: needs
        ? `Use --memory ${Math.ceil(needs / 1024 ** 2)}MiB or more`
        : 'Select fewer trains with --trains',
    },
  )
}

/** What writing a module's constants takes beside its lane: never more than all its planes. */
function writingBytes({ detector, planes, cells }: DarkDemand): number {
  return BATCHES * Math.min(BATCH_BYTES, (planes * cells * pixelsOf(detector) * 4) / BATCHES)
}

/** Heights of strips, from the preferred one down to a row. */
function heights({ detector, frames }: DarkDemand): number[] {
  const rowBytes = detector.fastScan * 2
  return halves(detector.slowScan).filter(
    rows => rows * rowBytes * frames <= PREFERRED_BYTES || rows <= PREFERRED_LEAST_ROWS,
  )
}

function halves(slowScan: number): number[] {
  const all: number[] = []
  for (let rows = slowScan; rows > 1; rows = Math.ceil(rows / 2)) all.push(rows)
  return [...all, 1]
}

/** The most rows of which enough frames fit `bytes`, and how many frames do. */
function summed({ detector, frames }: DarkDemand, bytes: number): Pick<DarkLanes, 'sumRows' | 'sumFrames'> {
  const most = Math.min(bytes, SUMMED_BYTES)
  const fitting = (rows: number) => Math.floor(most / stripStride(detector, rows))
  const least = Math.min(LEAST_SUMMED, frames)
  const sumRows = halves(detector.slowScan).find(rows => fitting(rows) >= least) ?? 1
  return { sumRows, sumFrames: Math.min(MOST_SUMMED, Math.max(1, fitting(sumRows))) }
}

function lanesOf(
  demand: DarkDemand,
  workers: number,
  count: number,
  stripRows: number,
): DarkLanes | undefined {
  const { detector, planes, cells, frames, thresholds } = demand
  const pixels = pixelsOf(detector)
  const frameBytes = rawFrameBytes(detector)
  const blockBytes = stripStride(detector, stripRows) * frames
  const sums = summed(demand, blockBytes)
  const scratchBytes = Math.max(
    darkScratchBytes(frames),
    darkSumsBytes(sums.sumRows * detector.fastScan),
    (thresholds ? levelBytes(detector.stages, pixels) : 0) + evaluationBytes(pixels),
    previewBytes(detector),
  )
  try {
    const layout = laneLayout({
      pixels,
      cells,
      planes,
      rawFrameBytes: frameBytes,
      slotRawFrames: Math.ceil(blockBytes / frameBytes),
      // Of a tile, data and masks alone are eight bytes a pixel.
      slotFrames: Math.ceil(scratchBytes / (8 * pixels)),
      slots: Math.ceil(workers / count),
    })
    return { count, layout, stripRows, ...sums, bytes: count * layout.bytes }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
