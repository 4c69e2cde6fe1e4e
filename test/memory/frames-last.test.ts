import { describe, expect, it } from 'vitest'
import { framesFirst, framesLast } from '../../src/memory/frames-last.js'

const SHAPE = { slowScan: 70, fastScan: 6 }
const PIXELS = SHAPE.slowScan * SHAPE.fastScan
const LENGTH = 23
/** Every element differs. */
const planesOf = (count: number): Uint32Array[] =>
  Array.from({ length: count }, (_, i) =>
    Uint32Array.from({ length: PIXELS }, (_, pixel) => 1 + i * PIXELS + pixel),
  )

/** `[fast scan][slow scan][frame]`, element by element. */
function expected(planes: readonly Uint32Array[], frames: readonly number[]): Uint32Array {
  const array = new Uint32Array(PIXELS * LENGTH)
  for (let ss = 0; ss < SHAPE.slowScan; ss++)
    for (let fs = 0; fs < SHAPE.fastScan; fs++)
      for (const [i, frame] of frames.entries())
        array[(fs * SHAPE.slowScan + ss) * LENGTH + frame] = planes[i]?.[ss * SHAPE.fastScan + fs] ?? 0
  return array
}

describe.each([0, 1, 2, 3, 4, 5, 7, 8, 16])('%i planes', count => {
  const planes = planesOf(count)
  // Neither in order nor side by side.
  const frames = Array.from({ length: count }, (_, i) => (i * 7 + 3) % LENGTH)

  it('come to lie with frames last, and leave other frames alone', () => {
    const target = new Uint32Array(PIXELS * LENGTH)
    framesLast(planes, frames, SHAPE, target, LENGTH)
    expect(target).toEqual(expected(planes, frames))
  })

  it('are had back', () => {
    const back = planes.map(() => new Uint32Array(PIXELS))
    framesFirst(expected(planes, frames), frames, SHAPE, back, LENGTH)
    expect(back).toEqual(planes)
  })
})
