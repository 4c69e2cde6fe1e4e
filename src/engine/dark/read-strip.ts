import { rawFrameBytes } from '../../detectors/detector.js'
import { readFully, refuseChanged } from '../block-reader.js'
import type { FrameReader } from '../frame-reader.js'
import type { FrameShape, FrameSource } from './tasks.js'

/** Rows `from … to − 1` of slow scan, of every raw plane. */
export interface Strip {
  readonly detector: FrameShape
  readonly slowScan: readonly [from: number, to: number]
}

/** Bytes of a strip of one frame. */
export function stripBytes({ detector, slowScan: [from, to] }: Strip): number {
  return detector.rawPlanes * (to - from) * detector.fastScan * 2
}

/**
 * Reads a strip of every frame into `raw`, `[frame][plane][row][fast scan]`, and returns how many frames these are.
 * Where frames are stored plainly every byte is read once; else whole frames are decoded for each strip.
 * @throws DataError naming the file if it ends early or changed since the plan was made.
 */
export async function readStrip(
  reader: FrameReader,
  sources: readonly FrameSource[],
  strip: Strip,
  raw: Uint8Array,
): Promise<number> {
  const bytes = stripBytes(strip)
  const frameBytes = rawFrameBytes(strip.detector)
  let frame = 0
  let whole: Uint8Array | undefined
  for (const { input, rows } of sources) {
    for (let i = 0; i < rows.length; i++) {
      const target = raw.subarray(frame * bytes, (frame + 1) * bytes)
      const address = input.addresses?.[i]
      if (address === undefined) {
        whole ??= new Uint8Array(frameBytes)
        await reader.read({ input, block: { rows: rows.subarray(i, i + 1) } }, whole, frameBytes)
        const decoded = whole
        eachPiece(strip, (from, at, length) => target.set(decoded.subarray(from, from + length), at))
      } else if (address < 0) {
        // Chunks that were never written read as the fill value, which the DAQ leaves at zero.
        target.fill(0)
      } else {
        eachPiece(strip, (from, at, length) =>
          readFully(input, target.subarray(at, at + length), address + from),
        )
      }
      frame++
    }
    refuseChanged(input)
  }
  return frame
}

/** The contiguous pieces of a strip: where each begins in the frame and in the strip, and its bytes. */
function eachPiece(
  { detector, slowScan: [from, to] }: Strip,
  use: (from: number, at: number, length: number) => void,
): void {
  const { rawPlanes, slowScan, fastScan } = detector
  const rowBytes = fastScan * 2
  const rows = to - from
  if (rows === slowScan) {
    use(0, 0, rawPlanes * rows * rowBytes)
    return
  }
  for (let plane = 0; plane < rawPlanes; plane++)
    use((plane * slowScan + from) * rowBytes, plane * rows * rowBytes, rows * rowBytes)
}
