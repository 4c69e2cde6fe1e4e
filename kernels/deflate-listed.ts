// Deflates gain and mask of frames whose departures were listed, without making planes of them.
//
// A gain plane is runs of the first stage between the listed pixels. A mask plane equals the cell's first mask plane
// except for a few pixels: that plane is deflated once, in segments, and a frame's stream copies the bits of every
// segment that no departure touches.
import {
  beginBits, beginStream, bitsFrom, bitSumA, bitSumB, endBits, endStream, putBits, putBytes, putRun, putRunAndByte,
} from './deflate'
import {
  DEPARTURE_BYTES, DEPARTURES, ENTRY_BYTES, GAIN, GAIN_SHIFT, LIST, LIST_END, MASK, MASK_DIFFERS, STAGE,
} from './table'

// Pixels of a segment. Longer ones take longer to deflate again, shorter ones restart more often without a history to
// refer to.
const SEGMENT: usize = 512

// Deflated segments: a word with their state, 12 bytes unused, a record for each, their bits.
const UNKNOWN: u32 = 0
const BEING_MADE: u32 = 1
const READY: u32 = 2
const TOO_LONG: u32 = 3
const HEAD_BYTES: usize = 16

// A record: where a segment's bits are, how many, and what its bytes contribute to the two sums of the checksum.
const RECORD_BYTES: usize = 16
const BITS: usize = 4
const SUM_A: usize = 8
const SUM_B: usize = 12

const PIXEL: u32 = MASK_DIFFERS - 1

/** Deflates the masks at `masks` segment by segment into the `bytes` bytes at `dst`. Returns whether they fit. */
function deflateSegments(masks: usize, pixels: usize, dst: usize, bytes: usize): bool {
  const end = dst + bytes
  let at = dst + HEAD_BYTES + ((pixels + SEGMENT - 1) / SEGMENT) * RECORD_BYTES
  for (let from: usize = 0, record = dst + HEAD_BYTES; from < pixels; from += SEGMENT, record += RECORD_BYTES) {
    if (at > end) return false
    beginBits(at, end - at)
    putBytes(masks + (from << 2), min<usize>(SEGMENT, pixels - from) << 2)
    const behind = endBits()
    if (behind == 0) return false
    store<u32>(record, <u32>at)
    store<u32>(record, bitsFrom(at), BITS)
    store<u32>(record, bitSumA(), SUM_A)
    store<u32>(record, bitSumB(), SUM_B)
    at = behind
  }
  return true
}

/**
 * The deflated segments of `masks`: those kept at `kept`, made now if no thread has begun to, otherwise made in
 * `scratch`. 0 if they fit neither.
 *
 * The first thread that needs the kept ones makes them. Others do without until they are ready: for ever, if that
 * thread died.
 */
function segmentsOf(masks: usize, pixels: usize, kept: usize, keptBytes: usize, scratch: usize, bytes: usize): usize {
  let state = atomic.cmpxchg<u32>(kept, UNKNOWN, BEING_MADE)
  if (state == UNKNOWN) {
    state = deflateSegments(masks, pixels, kept, keptBytes) ? READY : TOO_LONG
    // After all of the above: a thread that sees this word sees the segments.
    atomic.store<u32>(kept, state)
  }
  if (state == READY) return kept
  return deflateSegments(masks, pixels, scratch, bytes) ? scratch : 0
}

/** The gain plane of the departures `list` … `end` − 1, all other pixels have gain `stage`. */
function putGain(list: usize, end: usize, pixels: usize, stage: u32): void {
  let next: u32 = 0
  while (list < end) {
    const word = load<u32>(list)
    const gain = word >> GAIN_SHIFT
    const first = word & PIXEL
    list += DEPARTURE_BYTES
    // Neighbours with the same gain are one run.
    let behind = first + 1
    while (list < end && ((load<u32>(list) ^ ((gain << GAIN_SHIFT) | behind)) & ~MASK_DIFFERS) == 0) {
      ++behind
      list += DEPARTURE_BYTES
    }
    if (behind == first + 1) putRunAndByte(stage, first - next, gain)
    else {
      putRun(stage, first - next)
      putRun(gain, behind - first)
    }
    next = behind
  }
  putRun(stage, <u32>pixels - next)
}

/** The mask plane: `segments` of the plane `masks`; those that a departure touches are deflated again from `patch`. */
function putMask(list: usize, end: usize, pixels: usize, masks: usize, segments: usize, patch: usize): void {
  let record = segments + HEAD_BYTES
  for (let from: usize = 0; from < pixels; from += SEGMENT, record += RECORD_BYTES) {
    const to = min<usize>(from + SEGMENT, pixels)
    const bytes = (to - from) << 2
    let patched = false
    for (; list < end && <usize>(load<u32>(list) & PIXEL) < to; list += DEPARTURE_BYTES) {
      const word = load<u32>(list)
      if (!(word & MASK_DIFFERS)) continue
      if (!patched) memory.copy(patch, masks + (from << 2), bytes)
      patched = true
      store<u32>(patch + ((<usize>(word & PIXEL) - from) << 2), load<u32>(list, 4))
    }
    if (patched) putBytes(patch, bytes)
    else {
      const sumA = load<u32>(record, SUM_A)
      putBits(load<u32>(record), load<u32>(record, BITS), <u32>bytes, sumA, load<u32>(record, SUM_B))
    }
  }
}

/**
 * Deflates gain and mask of the `frames` frames that the listed form of a kernel has left in `table`: two zlib streams
 * for each, one after the other from `dst` on. In the table the words `gain` and `mask` become their lengths. `masks`
 * is the cell's first plane of masks, `params` as the kernel has them: pixels that are not listed have the gain `stage`
 * of these. At `kept` are `keptBytes` bytes for the cell's deflated masks, the first word 0 before the first call; the
 * `scratchBytes` bytes at `scratch` are overwritten. Returns the bytes of all streams, or 0 if they may not fit
 * `capacity`, the masks may not fit the scratch, or a list did not fit its buffer.
 */
export function deflateListed(
  table: usize, frames: usize, masks: usize, params: usize, kept: usize, keptBytes: usize, scratch: usize,
  scratchBytes: usize, dst: usize, capacity: usize,
): usize {
  const pixels = <usize>load<u32>(params)
  const stage = load<u32>(params, STAGE)
  const tableEnd = table + frames * ENTRY_BYTES
  for (let entry = table; entry < tableEnd; entry += ENTRY_BYTES) {
    const room = <usize>load<u32>(entry, LIST_END) - <usize>load<u32>(entry, LIST)
    if (<usize>load<u32>(entry, DEPARTURES) * DEPARTURE_BYTES > room) return 0
  }
  const patchBytes: usize = SEGMENT << 2
  if (scratchBytes < patchBytes) return 0
  const segments = segmentsOf(masks, pixels, kept, keptBytes, scratch + patchBytes, scratchBytes - patchBytes)
  if (segments == 0) return 0
  const end = dst + capacity
  let at = dst
  for (let entry = table; entry < tableEnd; entry += ENTRY_BYTES) {
    const list = <usize>load<u32>(entry, LIST)
    const listEnd = list + <usize>load<u32>(entry, DEPARTURES) * DEPARTURE_BYTES
    beginStream(at, end - at)
    putGain(list, listEnd, pixels, stage)
    const second = endStream()
    if (second == 0) return 0
    beginStream(second, end - second)
    putMask(list, listEnd, pixels, masks, segments, scratch)
    const behind = endStream()
    if (behind == 0) return 0
    store<u32>(entry, <u32>(second - at), GAIN)
    store<u32>(entry, <u32>(behind - second), MASK)
    at = behind
  }
  return at - dst
}
