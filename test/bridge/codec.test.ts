import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeTrain } from '../../src/bridge/decode.js'
import { encodeTrain } from '../../src/bridge/encode.js'
import { BRIDGE_VERSIONS, type BridgeSource, type BridgeValue } from '../../src/bridge/message.js'
import { pack } from '../../src/bridge/msgpack.js'
import { DTYPE_BYTES, type DType } from '../../src/model/dtypes.js'
import { DataError } from '../../src/model/errors.js'
import { productOf } from '../../src/model/shapes.js'

const key = fc.stringMatching(/^[a-z][A-Za-z.]{0,12}$/).filter(text => text !== 'metadata')
const integer = fc.oneof(
  fc.integer(),
  fc.bigInt({ min: 1n << 32n, max: (1n << 64n) - 1n }),
  fc.bigInt({ min: -(1n << 63n), max: -(1n << 31n) - 1n }),
)
const scalar: fc.Arbitrary<BridgeValue> = fc.oneof(
  integer,
  fc.double({ noNaN: true }).filter(value => !Number.isInteger(value)),
  fc.string(),
  fc.boolean(),
  fc.constant(null),
)
const value = fc.oneof(scalar, fc.array(scalar, { maxLength: 4 }))
const array = fc
  .record({
    dtype: fc.constantFrom(...(Object.keys(DTYPE_BYTES) as DType[])),
    shape: fc.array(fc.nat(4), { maxLength: 4 }),
    seed: fc.nat(255),
  })
  .map(({ dtype, shape, seed }) => ({
    dtype,
    shape,
    data: Uint8Array.from({ length: productOf(shape) * DTYPE_BYTES[dtype] }, (_, i) => (i * 31 + seed) & 255),
  }))
const time = fc.record({
  seconds: fc.bigInt({ min: 0n, max: 10n ** 11n }),
  attoseconds: fc.bigInt({ min: 0n, max: 10n ** 18n - 1n }),
})

/** Sources of one train; a key is of a value or of an array. */
const train = fc
  .record({
    id: fc.bigInt({ min: 1n, max: (1n << 64n) - 1n }),
    clock: fc.option(time),
    sources: fc.uniqueArray(
      fc.record({
        name: fc.stringMatching(/^[A-Z]{1,4}\/[A-Z0-9]{1,6}(:[a-z]{1,5})?$/),
        values: fc.dictionary(key, value, { maxKeys: 4 }),
        arrays: fc.dictionary(key, array, { maxKeys: 3 }),
      }),
      { selector: ({ name }) => name, minLength: 1, maxLength: 4 },
    ),
  })
  .map(({ id, clock, sources }) =>
    sources.map(({ name, values, arrays }): BridgeSource => {
      const own = Object.fromEntries(Object.entries(values).filter(([key]) => !(key in arrays)))
      return { name, time: { train: id, ...clock }, values: own, arrays: { ...arrays } }
    }),
  )

const sorted = (sources: readonly BridgeSource[]) => [...sources].sort((a, b) => (a.name < b.name ? -1 : 1))
/** Buffers and their plain copies are the same to a reader. */
const plain = (sources: readonly BridgeSource[]) =>
  sorted(sources).map(({ arrays, values, ...source }) => ({
    ...source,
    values: { ...values },
    arrays: Object.fromEntries(
      Object.entries(arrays).map(([name, { data, ...rest }]) => [name, { ...rest, data: [...data] }]),
    ),
  }))

describe.each(BRIDGE_VERSIONS)('protocol %s', version => {
  it('gives back every value, integer and array that was put in', () => {
    fc.assert(
      fc.property(train, sources => {
        expect(plain(decodeTrain(encodeTrain(sources, version)))).toEqual(plain(sources))
      }),
      { numRuns: 200 },
    )
  })

  it('meets damaged messages with one kind of error, or reads them', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(train, damage, fc.nat(), (sources, bytes, cut) => {
        const frames = encodeTrain(sources, version).map(frame => Uint8Array.from(frame))
        for (const [at, byte] of bytes) {
          const frame = frames[at % frames.length]
          if (frame?.length) frame[at % frame.length] = byte
        }
        const last = frames.at(-1)
        if (last && cut % 3 === 0) frames[frames.length - 1] = last.subarray(0, cut % (last.length + 1))
        if (cut % 5 === 0) frames.splice(cut % frames.length, 1)
        try {
          decodeTrain(frames)
        } catch (error) {
          if (!(error instanceof DataError)) throw error
        }
      }),
      { numRuns: 1000 },
    )
  })
})

describe('version 2.2', () => {
  const source: BridgeSource = {
    name: 'A/B/C:out',
    time: { train: 10_000_000_001n, seconds: 1_700_000_000n, attoseconds: 5n },
    values: { n: 3 },
    arrays: { 'image.data': { dtype: 'f4', shape: [2, 1], data: new Uint8Array(8) } },
  }

  it('sends the array itself, without a copy', () => {
    const frames = encodeTrain([source], '2.2')
    expect(frames).toHaveLength(4)
    expect(frames[3]).toBe(source.arrays['image.data']?.data)
  })

  it('reads arrays as views on their frames', () => {
    const frames = encodeTrain([source], '2.2').map(frame => Uint8Array.from(frame))
    expect(decodeTrain(frames)[0]?.arrays['image.data']?.data).toBe(frames[3])
  })

  it('passes over an odd last frame', () => {
    expect(decodeTrain([...encodeTrain([source], '2.2'), new Uint8Array(3)])).toHaveLength(1)
  })
})

describe('a message that is none', () => {
  const header = (fields: object) =>
    pack({ source: 'A', content: 'msgpack', metadata: { 'timestamp.tid': 7n }, ...fields })
  const empty = pack({})
  it.each<[string, Uint8Array[], RegExp]>([
    ['without a frame', [], /it has no frame/],
    ['of text', [new TextEncoder().encode('next')], /not msgpack|is not a map/],
    ['without a source', [header({ source: 3 }), empty], /a header names no source/],
    ['without a train id', [header({ metadata: {} }), empty], /A has no train id/],
    ['of another content', [header({ content: 'ImageData' }), empty], /A has content "ImageData"/],
    [
      'of a content that is a number',
      [header({ content: 1n << 60n }), empty],
      /A has content 1152921504606846976/,
    ],
    ['of a content that is a list', [header({ content: [[[1n << 60n]]] }), empty], /A has content object/],
    [
      'whose array is of a type that is a number',
      [header({}), empty, header({ content: 'array', path: 'x', dtype: 1n << 60n, shape: [1] }), empty],
      /A, x: arrays of 1152921504606846976 are not known/,
    ],
    ['that has a source twice', [header({}), empty, header({}), empty], /A is there twice/],
    [
      'whose array comes first',
      [header({ content: 'array', path: 'x' }), empty],
      /an array of A comes before its source/,
    ],
    [
      'whose sources are of two trains',
      [header({}), empty, header({ source: 'B', metadata: { 'timestamp.tid': 8 } }), empty],
      /B is of train 8, A of 7/,
    ],
    [
      'whose array is too short',
      [
        header({}),
        empty,
        header({ content: 'array', path: 'x', dtype: 'float32', shape: [3] }),
        new Uint8Array(8),
      ],
      /A, x: 8 bytes, where \(3\) of float32 are 12/,
    ],
    [
      'of big-endian numbers',
      [
        header({}),
        empty,
        header({ content: 'array', path: 'x', dtype: '>f4', shape: [1] }),
        new Uint8Array(4),
      ],
      /A, x: arrays of ">f4" are not known/,
    ],
    [
      'whose prototype is asked for',
      [pack(JSON.parse('{"__proto__": {"metadata": {"timestamp.tid": 1}}}'))],
      /not|no train/,
    ],
  ])('%s is refused', (_, frames, message) => {
    expect(() => decodeTrain(frames)).toThrow(message)
    expect(() => decodeTrain(frames)).toThrow(DataError)
  })
})
