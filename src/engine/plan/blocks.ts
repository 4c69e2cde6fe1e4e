/** A frame to correct: where it comes from, whose constants it takes, where it goes. */
export interface FrameRef {
  /** Row of image/data in the input file. */
  readonly row: number
  /** Parallel gain: rows from each raw frame of the pulse to the next, the number of pulses of the train. */
  readonly stride: number
  /** Position of the frame's cell among the lane's resident cells (not a cell id). */
  readonly cell: number
  /** Chunk number in the module's CORR file: the frame's number there. */
  readonly corrected: number
  /** Chunk number in the combined file: `frame · modules + module`. */
  readonly combined: number
}

/** Frames of one file that one task corrects, as parallel arrays: cheap to post, cheap to walk. */
export interface BlockFrames {
  /** All raw frames of the first frame, then those of the second, …: one each but in parallel gain. */
  readonly rows: Float64Array
  readonly cells: Uint16Array
  readonly corrected: Float64Array
  readonly combined: Float64Array
}

/** How many trains and frames of each train a block takes. */
export interface BlockShape {
  readonly trains: number
  readonly framesPerTrain: number
}

/**
 * Cuts the trains of one sequence into blocks of (trains × frame positions).
 *
 * Frames at one position of neighbouring trains usually share their cell: listed together they make the tiles
 * in which a constant is read from memory once for several trains.
 *
 * @param trains frames of each train in stored order; trains may differ in length or be empty.
 * @param rawFrames raw frames that one frame is made of.
 */
export function* blocksOf(
  trains: Iterable<readonly FrameRef[]>,
  shape: BlockShape,
  rawFrames = 1,
): Generator<BlockFrames> {
  let group: (readonly FrameRef[])[] = []
  for (const frames of trains) {
    if (frames.length === 0) continue
    group.push(frames)
    if (group.length < shape.trains) continue
    yield* blocksOfGroup(group, shape.framesPerTrain, rawFrames)
    group = []
  }
  yield* blocksOfGroup(group, shape.framesPerTrain, rawFrames)
}

function* blocksOfGroup(
  group: readonly (readonly FrameRef[])[],
  count: number,
  rawFrames: number,
): Generator<BlockFrames> {
  const longest = group.reduce((most, frames) => Math.max(most, frames.length), 0)
  for (let from = 0; from < longest; from += count) yield block(group, from, count, rawFrames)
}

function block(
  group: readonly (readonly FrameRef[])[],
  from: number,
  count: number,
  rawFrames: number,
): BlockFrames {
  const refs: FrameRef[] = []
  for (let position = from; position < from + count; position++) {
    for (const frames of group) {
      const ref = frames[position]
      if (ref !== undefined) refs.push(ref)
    }
  }
  const rows = new Float64Array(refs.length * rawFrames)
  refs.forEach(({ row, stride }, i) => {
    for (let k = 0; k < rawFrames; k++) rows[i * rawFrames + k] = row + k * stride
  })
  return {
    rows,
    cells: Uint16Array.from(refs, ref => ref.cell),
    corrected: Float64Array.from(refs, ref => ref.corrected),
    combined: Float64Array.from(refs, ref => ref.combined),
  }
}
