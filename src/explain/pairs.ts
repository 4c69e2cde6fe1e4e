import { DataError, UsageError } from '../model/errors.js'
import type { ModuleIndex, TrainId } from '../model/ids.js'
import type { ModuleFile, StoredRun } from '../sources/run/run.js'

/** A frame that both a RAW and a CORR run have. */
export interface FramePair {
  readonly module: ModuleIndex
  readonly trainId: TrainId
  readonly pulseId: number
  readonly cell: number
  readonly raw: { readonly file: ModuleFile; readonly rows: readonly number[] }
  readonly corrected: { readonly file: ModuleFile; readonly row: number }
}

/** The frames that two runs share, and how many either has alone, of modules that both have. */
export interface Pairs {
  readonly pairs: readonly FramePair[]
  readonly rawOnly: number
  readonly correctedOnly: number
}

/** Modules that are looked at if none are asked for: their constants take long to read. */
const MODULES = 3

/** Modules of both runs: those asked for, else the first, the last and one between. @throws UsageError, DataError if there are none. */
export function modulesOfBoth(
  raw: StoredRun | Pick<StoredRun, 'modules' | 'path'>,
  corrected: StoredRun,
  asked: readonly ModuleIndex[] | undefined,
): ModuleIndex[] {
  const both = [...corrected.modules.keys()].filter(module => raw.modules.has(module))
  const place = { file: corrected.path }
  if (both.length === 0)
    throw new DataError(`has no module that ${raw.path} has too`, {
      place,
      hint: 'Give the CORR run of the same run',
    })
  if (asked === undefined) return spread(both.length, MODULES).flatMap(at => both[at] ?? [])
  const wanted = both.filter(module => asked.includes(module))
  if (wanted.length > 0) return wanted
  throw new UsageError('has none of the modules that --modules names', {
    place,
    hint: `Both runs have ${both.join(', ')}`,
  })
}

/** `wanted` of `count` positions, the first and the last among them, evenly between; all where there are no more. */
function spread(count: number, wanted: number): number[] {
  if (count <= wanted) return Array.from({ length: count }, (_, at) => at)
  return Array.from({ length: wanted }, (_, i) => Math.round((i * (count - 1)) / (wanted - 1)))
}

/** The frames of these modules that are of one train and pulse. */
export function pairsOf(
  raw: Pick<StoredRun, 'modules' | 'rawFrames'>,
  corrected: StoredRun,
  modules: readonly ModuleIndex[],
): Pairs {
  const pairs: FramePair[] = []
  let rawFrames = 0
  let correctedFrames = 0
  for (const module of modules) {
    const rawRows = new Map<string, FramePair['raw'] & { readonly cell: number }>()
    for (const { file, trainId, row, stride } of framesOf(raw.modules.get(module))) {
      rawFrames++
      const rows = Array.from({ length: raw.rawFrames }, (_, i) => row + i * stride)
      rawRows.set(key(trainId, file.pulseIds[row]), { file, rows, cell: file.cellIds[row] ?? 0 })
    }
    for (const { file, trainId, row } of framesOf(corrected.modules.get(module))) {
      correctedFrames++
      const pulseId = file.pulseIds[row] ?? Number.NaN
      const found = rawRows.get(key(trainId, pulseId))
      if (found === undefined) continue
      const { cell, ...place } = found
      pairs.push({ module, trainId, pulseId, cell, raw: place, corrected: { file, row } })
    }
  }
  return { pairs, rawOnly: rawFrames - pairs.length, correctedOnly: correctedFrames - pairs.length }
}

const key = (trainId: TrainId, pulseId: number | undefined) => `${trainId} ${pulseId}`

function* framesOf(files: readonly ModuleFile[] = []) {
  for (const file of files)
    for (const { trainId, image } of file.trains)
      for (let i = 0; i < image.count; i++) yield { file, trainId, row: image.first + i, stride: image.count }
}

/** Fraction of the golden ratio: its multiples never fall into step with frames that repeat. */
const GOLDEN = 0.618_033_988_749_895

/** So many of the pairs, spread over all, in order; not evenly, since cells repeat from train to train. */
export function choosePairs(pairs: readonly FramePair[], frames: number): FramePair[] {
  if (pairs.length <= frames) return [...pairs]
  return Array.from({ length: frames }, (_, i) => {
    const at = Math.floor(((i + ((i * GOLDEN) % 1)) * pairs.length) / frames)
    return pairs[at]
  }).flatMap(pair => pair ?? [])
}
