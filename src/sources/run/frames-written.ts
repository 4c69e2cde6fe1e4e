import { instrumentPath } from '../../exdf/euxfel-layout.js'
import { locate, rowsNotWritten } from '../../hdf5/index.js'
import type { Place } from '../../model/errors.js'
import type { TrainId } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'
import type { Run } from './run.js'
import { fileProblem } from './run-folder.js'
import { shortList } from './short-list.js'

/** Frames that INDEX counts, but nobody wrote, wholly or in part: they read as the fill value. */
export interface FramesNotWritten {
  readonly frames: number
  /** The trains they belong to. */
  readonly trains: readonly TrainId[]
}

/** The frames of one train: the row of each one's first raw frame; the others follow every `stride` rows. */
export interface TrainRows {
  readonly trainId: TrainId
  readonly rows: readonly number[]
  readonly stride: number
}

/**
 * Which frames of these trains are not written; undefined: none.
 * @param rawFrames raw frames that one frame is made of. @param notWritten by row, 1: it is not.
 */
export function framesNotWritten(
  trains: Iterable<TrainRows>,
  rawFrames: number,
  notWritten: Uint8Array,
): FramesNotWritten | undefined {
  let frames = 0
  const found: TrainId[] = []
  for (const { trainId, rows, stride } of trains) {
    const missing = rows.filter(row => {
      for (let k = 0; k < rawFrames; k++) if (notWritten[row + k * stride]) return true
      return false
    })
    if (missing.length > 0) found.push(trainId)
    frames += missing.length
  }
  return frames > 0 ? { frames, trains: found } : undefined
}

/** `what` says what becomes of them. */
export function notWrittenProblem({ frames, trains }: FramesNotWritten, what: string, place: Place): Problem {
  const [train] = trains
  const which = `${frames === 1 ? 'a frame' : `${frames} frames`} of ${trains.length === 1 ? 'train' : 'trains'} ${shortList(trains, 5)}`
  return {
    check: 'frames_written',
    severity: 'error',
    message: `${which} ${frames === 1 ? 'was' : 'were'} never written, though INDEX counts ${frames === 1 ? 'it' : 'them'}: ${what}`,
    place: { ...place, ...(train === undefined ? {} : { train }) },
  }
}

/**
 * By row of a source's image/data, 1: not written; undefined: all is, or only the library can read it.
 * @throws DataError if it cannot be read.
 */
export function imageNotWritten(path: string, source: string): Uint8Array | undefined {
  const located = locate(path, instrumentPath(source, 'image/data'))
  return located && rowsNotWritten(located)
}

/** Frames of a run that were never written, and image data that cannot be read, by file. Only structure is read. */
export function problemsOfImages({ modules, rawFrames }: Run, signal?: AbortSignal): Problem[] {
  const problems: Problem[] = []
  for (const [module, files] of modules)
    for (const { path, source, trains } of files) {
      signal?.throwIfAborted()
      try {
        const notWritten = imageNotWritten(path, source)
        const rows = trains.map(({ trainId, image }) => ({
          trainId,
          rows: Array.from({ length: image.count }, (_, i) => image.first + i),
          stride: image.count,
        }))
        const found = notWritten && framesNotWritten(rows, rawFrames, notWritten)
        if (found) problems.push(notWrittenProblem(found, READS, { file: path, module }))
      } catch (error) {
        problems.push(fileProblem(error, path, module))
      }
    }
  return problems
}

/** What becomes of them where nothing is corrected. */
export const READS = 'they read as the fill value'
