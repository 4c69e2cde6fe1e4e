import { deflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { undoFilters } from '../../../src/hdf5/direct/filters.js'

test('a chunk that inflates to more than it may have says so in our words', () => {
  const chunk = new Uint8Array(4000).fill(7)
  const undo = (bytes: Uint8Array) => undoFilters(deflateSync(bytes), [{ kind: 'deflate' }], 0, 4000)
  expect(undo(chunk)).toEqual(Buffer.from(chunk))
  expect(() => undo(new Uint8Array(90_000))).toThrow(/inflates to more than the 4004 bytes/)
})
