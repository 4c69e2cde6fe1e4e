import { expect, test } from 'vitest'
import { parseBytes, showBytes } from '../../src/engine/plan/budget.js'

test.each([
  ['8', '8 bytes'],
  ['1KiB', '1 KiB'],
  ['1.5KiB', '2 KiB'],
  ['1MiB', '1 MiB'],
  ['1GiB', '1.0 GiB'],
])('%s of memory is shown as %s', (text, shown) => {
  expect(showBytes(parseBytes(text))).toBe(shown)
})
