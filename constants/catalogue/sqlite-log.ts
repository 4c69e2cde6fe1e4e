import { readFileSync } from 'node:fs'

const HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24
/** Checksums are of little-endian words; with the lowest bit set, of big-endian ones. */
const MAGIC = 0x377f0682

/** Attempts: enough for a frame that another process is writing to become complete. */
const LOOKS = 4
const LOOK_MS = 20

/**
 * Whether SQLite's write-ahead log beside `path` lost frames to damage. SQLite takes a frame with a wrong checksum for
 * the end of the log, and so silently returns to an earlier state without the frames that follow.
 */
export function logIsDamaged(path: string): boolean {
  for (let look = 0; look < LOOKS; look++) {
    if (look > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_MS)
    if (!isDamaged(readLog(`${path}-wal`))) return false
  }
  return true
}

function readLog(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
}

function isDamaged(log: Buffer): boolean {
  if (log.length < HEADER_BYTES) return false
  const magic = log.readUInt32BE(0)
  const bigEndian = (magic & 1) === 1
  const sums = checksum(log.subarray(0, 24), bigEndian, [0, 0])
  if ((magic & ~1) !== MAGIC || !matches(log, 24, sums)) return true
  const salts = log.subarray(16, 24)
  const frameBytes = FRAME_HEADER_BYTES + log.readUInt32BE(8)
  let sound = true
  let before = sums
  for (let at = HEADER_BYTES; at + frameBytes <= log.length; at += frameBytes) {
    const frame = log.subarray(at, at + frameBytes)
    // Frames from before the log was restarted have other salts; none of the current ones follows them.
    const own = frame.subarray(8, 16).equals(salts)
    if (own && !sound) return true
    const head = checksum(frame.subarray(0, 8), bigEndian, before)
    const found = checksum(frame.subarray(FRAME_HEADER_BYTES), bigEndian, head)
    if (own && !matches(frame, 16, found)) return true
    sound &&= own
    before = found
  }
  return false
}

function matches(bytes: Buffer, at: number, [first, second]: readonly [number, number]): boolean {
  return bytes.readUInt32BE(at) === first && bytes.readUInt32BE(at + 4) === second
}

/** SQLite's checksum of a log, continued from a previous value: over words of four bytes, two at a time. */
function checksum(
  bytes: Buffer,
  bigEndian: boolean,
  [s, t]: readonly [number, number],
): readonly [number, number] {
  let [first, second] = [s, t]
  for (let at = 0; at < bytes.length; at += 8) {
    const [a, b] = bigEndian
      ? [bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4)]
      : [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)]
    first = (first + a + second) >>> 0
    second = (second + b + first) >>> 0
  }
  return [first, second]
}
