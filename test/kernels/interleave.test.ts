import { expect, it } from 'vitest'
import { floats, kernels, words } from './memory.js'

const [SLOW, FAST] = [5, 12]
const TABLE = 65_536
const PLANES = TABLE + 4096
const OUT = PLANES + 65_536

it.each([1, 3, 4, 6, 9])('%i planes come side by side', planes => {
  const bytes = 4 * SLOW * FAST
  const value = (plane: number, pixel: number) => Math.fround(1000 / (1 + plane * 61 + pixel))
  for (let plane = 0; plane < planes; plane++)
    for (let pixel = 0; pixel < SLOW * FAST; pixel++)
      floats[(PLANES + plane * bytes) / 4 + pixel] = value(plane, pixel)
  for (let plane = 0; plane < planes; plane++) words[TABLE / 4 + plane] = PLANES + plane * bytes
  const [first, rows] = [2, 8]
  const elements = rows * SLOW * planes
  words[OUT / 4 + elements] = 0xabcdef01
  kernels.interleave(TABLE, planes, SLOW, FAST, first, rows, OUT)
  expect(words[OUT / 4 + elements]).toBe(0xabcdef01)
  const found = [...floats.subarray(OUT / 4, OUT / 4 + elements)]
  const expected = Array.from({ length: elements }, (_, i) => {
    const plane = i % planes
    const ss = Math.floor(i / planes) % SLOW
    const pixel = ss * FAST + first + Math.floor(i / planes / SLOW)
    return value(plane, pixel)
  })
  expect(found).toEqual(expected)
})
