import { expect, it } from 'vitest'
import { BAD_PIXELS, badPixelMask, badPixelNames } from '../../constants/model/bad-pixels.js'

it('the sign bit is a bit like any other', () => {
  expect(badPixelMask('USER2', 'OFFSET_OUT_OF_THRESHOLD')).toBe(0x80000001)
  expect(badPixelNames(0x80000001)).toEqual(['OFFSET_OUT_OF_THRESHOLD', 'USER2'])
  expect(badPixelNames(-1)).toHaveLength(32)
  expect(badPixelNames(1 << 25)).toEqual(['BIT_25'])
  expect(badPixelNames(0)).toEqual([])
})

it('names and masks are each other’s inverse, bits are unique', () => {
  const names = Object.keys(BAD_PIXELS) as (keyof typeof BAD_PIXELS)[]
  expect(new Set(Object.values(BAD_PIXELS)).size).toBe(names.length)
  for (const name of names) expect(badPixelNames(badPixelMask(name))).toEqual([name])
})
