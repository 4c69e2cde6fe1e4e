import { rawFrameBytes } from '../../detectors/detector.js'
import { fillPattern } from '../../hdf5/index.js'
import { readRaw, refuseChanged } from '../worker/block-reader.js'
import type { FrameReader } from '../worker/frame-reader.js'
import type { FileFrames, FrameShape } from './tasks.js'

/** Rows `from … to − 1` of slow scan of one raw plane: contiguous in a frame. */
export interface Strip {
  readonly detector: FrameShape
  readonly plane: number
  readonly slowScan: readonly [from: number, to: number]
}

/** Between frames lies a cache line: distances of powers of two would have all frames fight for the same lines. */
const GAP = 64

/** Bytes from a strip of one frame to that of the next. */
export function stripStride(detector: Pick<FrameShape, 'fastScan'>, rows: number): number {
  return rows * detector.fastScan * 2 + GAP
}

/**
 * Reads a strip of every frame into `raw`, `[row][fast scan]` every {@link stripStride} bytes, `atOnce` frames at a time,
 * and calls `use` with their number whenever as many are there, and with the rest. Where frames are stored plainly every
 * byte is read once; else whole frames are decoded for each strip.
 * @returns all frames. @throws DataError naming the file if it ends early or changed since the plan was made.
 */
export async function readStrip(
  reader: FrameReader,
  sources: readonly FileFrames[],
  strip: Strip,
  raw: Uint8Array,
  atOnce: number,
  use: (frames: number) => void,
): Promise<number> {
  const { detector, plane, slowScan } = strip
  const rowBytes = detector.fastScan * 2
  const from = (plane * detector.slowScan + slowScan[0]) * rowBytes
  const bytes = (slowScan[1] - slowScan[0]) * rowBytes
  const stride = stripStride(detector, slowScan[1] - slowScan[0])
  const frameBytes = rawFrameBytes(detector)
  let frame = 0
  let all = 0
  let whole: Uint8Array | undefined
  for (const { input, rows } of sources) {
    for (let i = 0; i < rows.length; i++) {
      const at = frame * stride
      const address = input.addresses?.[i]
      if (address === undefined) {
        whole ??= new Uint8Array(frameBytes)
        await reader.read({ input, block: { rows: rows.subarray(i, i + 1) } }, whole, frameBytes)
        raw.set(whole.subarray(from, from + bytes), at)
      } else if (address < 0) {
        fillPattern(raw.subarray(at, at + bytes), input.fillValue)
      } else {
        readRaw(input, raw, at, bytes, address + from)
      }
      all++
      if (++frame === atOnce) {
        use(frame)
        frame = 0
      }
    }
    refuseChanged(input)
  }
  if (frame > 0) use(frame)
  return all
}
