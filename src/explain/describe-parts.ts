import type { Explained } from '../corrections/open/readings.js'
import type { OperationsOfModules } from './candidates.js'
import type { ExplainedPart, FirstPlace } from './outcome.js'
import { type HeldAgainst, heldAgainst, partNames } from './parts.js'
import type { SampledFrame } from './read-frames.js'
import type { FrameSample } from './sample.js'
import type { SearchResult } from './search.js'

interface Counted {
  pixels: number
  differing: number
  largest: number
  first?: FirstPlace
}

/** What the readings found make of each part of a dataset, and where they fail. Parts that no pixel belongs to are left out. */
export function describeParts(
  dataset: Explained,
  { best, ofParts }: SearchResult,
  sample: FrameSample,
  width: number,
  earlier: OperationsOfModules | undefined,
): ExplainedPart[] {
  const parts = partNames(dataset).map((): Counted => ({ pixels: 0, differing: 0, largest: 0 }))
  for (const frame of sample.frames) {
    const { module } = frame.pair
    const operations = best.candidate.operations.get(module)
    if (operations === undefined) continue
    const held = heldAgainst(dataset, frame, operations, sample.planesOf(frame), earlier?.get(module))
    if (held) addFrame(parts, held, frame, width)
  }
  return parts.flatMap(({ pixels, differing, largest, first }, part) => {
    if (pixels === 0 && differing === 0) return []
    const readings = differing > 0 ? ofParts[part] : undefined
    return {
      ...{ name: partNames(dataset)[part] ?? '', pixels, differing },
      ...(dataset === 'data' && differing > 0 && { largest }),
      ...(first && { first }),
      ...(readings && { readings: readings.map(({ name }) => name) }),
    }
  })
}

function addFrame(parts: readonly Counted[], held: HeldAgainst, frame: SampledFrame, width: number): void {
  const { stored, made, bits, stage } = held
  const [ours, theirs] = bits ?? [stored, made]
  const { module, trainId, pulseId, corrected } = frame.pair
  const add = (part: Counted | undefined, p: number, differs: boolean): void => {
    if (part === undefined || !differs) return
    part.differing++
    const [one = 0, other = 0] = [stored[p], made[p]]
    const difference = Math.abs(one - other)
    if (difference > part.largest) part.largest = difference
    part.first ??= {
      ...{ file: corrected.file.path, module, train: trainId, pulse: pulseId },
      ...{ slowScan: Math.floor(p / width), fastScan: p % width, stored: one, made: other },
    }
  }
  for (let p = 0; p < ours.length; p++) {
    const differs = ours[p] !== theirs[p]
    if (stage) {
      const part = parts[Math.min(stage[p] ?? 0, parts.length - 1)]
      if (part) part.pixels++
      add(part, p, differs)
      continue
    }
    const [is, other] = [ours[p] ?? 0, theirs[p] ?? 0]
    if (is === 0 && !differs) continue
    for (const [bit, part] of parts.entries()) {
      part.pixels += (is >>> bit) & 1
      add(part, p, (((is ^ other) >>> bit) & 1) === 1)
    }
  }
}
