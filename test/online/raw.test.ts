import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BridgeArray, BridgeSource } from '../../src/bridge/message.js'
import { type Detector, pixelsOf } from '../../src/detectors/detector.js'
import { AGIPD_1M } from '../../src/kits/agipd/record.js'
import { DSSC_1M } from '../../src/kits/dssc/record.js'
import { DETECTORS } from '../../src/kits/index.js'
import { LPD_1M } from '../../src/kits/lpd/record.js'
import { framesFirst, framesLast } from '../../src/memory/frames-last.js'
import { DataError } from '../../src/model/errors.js'
import { copyRawFrames } from '../../src/online/raw-copy.js'
import { type RawLayout, rawLayout } from '../../src/online/raw-layout.js'
import { type PartOptions, rawPartsOf, rawSourceOf } from '../../src/online/raw-part.js'

const MODULES = 16

describe.each(DETECTORS)('the layout of raw arrays of $name', detector => {
  const { slowScan: slow, fastScan: fast, rawPlanes } = detector
  const pixels = pixelsOf(detector)

  it.each<[string, number[], number, boolean, Partial<RawLayout>]>([
    [
      'a module, as in files',
      [5, rawPlanes, slow, fast],
      5,
      false,
      { order: 'file', planes: rawPlanes, frameStride: rawPlanes * pixels, planeStride: pixels },
    ],
    ['a module, one plane', [5, slow, fast], 5, false, { order: 'file', planes: 1, frameStride: pixels }],
    [
      'a module, the plane axis kept',
      [5, 1, slow, fast],
      5,
      false,
      { order: 'file', planes: 1, frameStride: pixels },
    ],
    ['one frame without its axis', [rawPlanes, slow, fast], 1, false, { order: 'file', planes: rawPlanes }],
    ['one plane of one frame', [slow, fast], 1, false, { order: 'file', planes: 1 }],
    [
      'all modules, as in files',
      [5, rawPlanes, MODULES, slow, fast],
      5,
      true,
      {
        order: 'file',
        planes: rawPlanes,
        frameStride: rawPlanes * MODULES * pixels,
        planeStride: MODULES * pixels,
        moduleStride: pixels,
      },
    ],
    [
      'all modules, one plane',
      [5, MODULES, slow, fast],
      5,
      true,
      { order: 'file', planes: 1, frameStride: MODULES * pixels, moduleStride: pixels },
    ],
    ['a module, as in pipelines', [fast, slow, 5], 5, false, { order: 'online', planes: 1, frameStride: 1 }],
    [
      'all modules, as in pipelines',
      [MODULES, fast, slow, 5],
      5,
      true,
      { order: 'online', planes: 1, frameStride: 1, moduleStride: 5 * pixels },
    ],
    ['no frames', [0, rawPlanes, slow, fast], 0, false, { order: 'file', frames: 0 }],
  ])('%s', (_, shape, frames, stacked, expected) => {
    const modules = stacked ? MODULES : 1
    expect(rawLayout(shape, frames, detector, stacked)).toMatchObject({ frames, modules, ...expected })
    // Nothing else has this shape.
    expect(rawLayout(shape, frames + 2, detector, stacked)).toBeUndefined()
    expect(rawLayout([...shape, 7], frames, detector, stacked)).toBeUndefined()
  })

  it.each([
    [[]],
    [[slow * fast]],
    [[5, 3, slow, fast]],
    [[5, fast + 1, slow]],
    [[5, 0, slow, fast]],
    [[5, rawPlanes, slow, fast - 1]],
    [[Number.MAX_SAFE_INTEGER, slow, fast]],
    [[5, rawPlanes, MODULES - 1, slow, fast]],
    [Array.from({ length: 32 }, () => 1)],
  ])('none of %j', shape => {
    for (const stacked of [false, true]) expect(rawLayout(shape, 5, detector, stacked)).toBeUndefined()
  })

  it('of any shape is one whose frames lie within the array', () => {
    const length = fc.constantFrom(0, 1, 2, 3, MODULES, slow, fast, 256)
    fc.assert(
      fc.property(fc.array(length, { maxLength: 6 }), length, fc.boolean(), (shape, frames, stacked) => {
        const found = rawLayout(shape, frames, detector, stacked)
        if (found === undefined || found === 'either' || frames === 0) return
        const { modules, planes, frameStride, planeStride, moduleStride, order } = found
        const last =
          (frames - 1) * frameStride +
          (planes - 1) * planeStride +
          (modules - 1) * moduleStride +
          (pixels - 1) * (order === 'online' ? frames : 1)
        expect(last).toBe(shape.reduce((product, n) => product * n, 1) - 1)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a square module, LPD', () => {
  const orderOf = (...args: Parameters<typeof rawLayout>) => {
    const layout = rawLayout(...args)
    return typeof layout === 'object' ? layout.order : layout
  }

  it('with as many frames as pixels in a row is in either order, unless it is told', () => {
    const shape = [256, 256, 256]
    expect(orderOf(shape, 256, LPD_1M, false)).toBe('either')
    expect(orderOf(shape, 256, LPD_1M, false, 'file')).toBe('file')
    expect(orderOf(shape, 256, LPD_1M, false, 'online')).toBe('online')
    expect(orderOf([16, 256, 256, 16], 16, LPD_1M, true)).toBe('online')
    expect(orderOf([16, 16, 256, 256], 16, LPD_1M, true)).toBe('file')
  })

  it('is read where the shape tells the order, whatever was told', () => {
    expect(orderOf([5, 1, 256, 256], 5, LPD_1M, false, 'online')).toBe('file')
    expect(orderOf([256, 256, 5], 5, LPD_1M, false, 'file')).toBe('online')
  })
})

describe('names of raw sources', () => {
  it.each([
    ['SPB_DET_AGIPD1M-1/DET/3CH0:xtdf', AGIPD_1M, { karaboId: 'SPB_DET_AGIPD1M-1', module: 3 }],
    ['SPB_DET_AGIPD1M-1/DET/APPEND', AGIPD_1M, { karaboId: 'SPB_DET_AGIPD1M-1', module: 'stacked' }],
    ['FXE_DET_LPD1M-1/CAL/APPEND_RAW', LPD_1M, { karaboId: 'FXE_DET_LPD1M-1', module: 'stacked' }],
    ['FXE_DET_LPD1M-1/CAL/APPEND_RAW', AGIPD_1M, undefined],
    ['SPB_DET_AGIPD1M-1/CORR/3CH0:output', AGIPD_1M, undefined],
    ['SPB_DET_AGIPD1M-1/CAL/APPEND_CORRECTED', AGIPD_1M, undefined],
    ['SPB_DET_AGIPD1M-1/DET/CH0:xtdf', AGIPD_1M, undefined],
    ['', DSSC_1M, undefined],
  ])('%s', (name, detector, found) => expect(rawSourceOf(name, detector)).toEqual(found))
})

/** Small arrays of a detector as large as one pixel's neighbours. */
const small = (detector: Detector): Detector => ({ ...detector, slowScan: 6, fastScan: 4, moduleCount: 3 })
const array = (dtype: BridgeArray['dtype'], shape: number[], values: ArrayLike<number>): BridgeArray => {
  const made = {
    u1: Uint8Array,
    u2: Uint16Array,
    i8: BigInt64Array,
    u4: Uint32Array,
    f4: Float32Array,
    u8: BigUint64Array,
  }[dtype as 'u2']
  const view = made.from(Array.from(values, value => (dtype.endsWith('8') ? BigInt(value) : value)) as never)
  return { dtype, shape, data: new Uint8Array(view.buffer, 0, view.byteLength) }
}

describe('parts of modules', () => {
  const detector = small(AGIPD_1M)
  const options: PartOptions = { detector, karaboId: 'A_AGIPD1M', rawFrames: 1, withoutGain: false, seen: {} }
  const frames = (count: number, planes = 2): BridgeArray =>
    array('u2', [count, planes, 6, 4], new Array(count * planes * 24).fill(1))
  const source = (
    more: Partial<BridgeSource['arrays']> = {},
    values: BridgeSource['values'] = {},
    name = 'A_AGIPD1M/DET/1CH0:xtdf',
  ): BridgeSource => {
    const arrays = {
      'image.data': frames(2),
      'image.cellId': array('u2', [2], [3, 9]),
      'image.pulseId': array('u8', [2, 1], [12, 36]),
      ...more,
    }
    const present = Object.entries(arrays).filter(
      (entry): entry is [string, BridgeArray] => entry[1] !== undefined,
    )
    return { name, time: { train: 7n }, values, arrays: Object.fromEntries(present) }
  }

  it('have ids of any whole type, as arrays, values or lists', () => {
    const own = { cellIds: Uint16Array.of(3, 9), pulseIds: BigUint64Array.of(12n, 36n), train: 7, module: 1 }
    expect(rawPartsOf(source(), options)).toMatchObject([own])
    expect(
      rawPartsOf(
        source({ 'image.cellId': array('u4', [2, 1], [3, 9]), 'image.pulseId': array('i8', [2], [12, 36]) }),
        options,
      ),
    ).toMatchObject([own])
    const listed = source({ 'image.cellId': undefined, 'image.pulseId': undefined } as never, {
      'image.cellId': [3, 9],
      'image.pulseId': [12n, 36],
    })
    expect(rawPartsOf(listed, options)).toMatchObject([own])
    const one = source(
      { 'image.data': frames(1), 'image.cellId': undefined, 'image.pulseId': undefined } as never,
      { 'image.cellId': 3, 'image.pulseId': 12n },
    )
    expect(rawPartsOf(one, options)).toMatchObject([
      { cellIds: Uint16Array.of(3), pulseIds: BigUint64Array.of(12n) },
    ])
    // Where a message has them need not be a multiple of their size.
    const odd = new Uint8Array(17).subarray(1)
    odd.set(array('u8', [2], [12, 36]).data)
    expect(
      rawPartsOf(source({ 'image.pulseId': { dtype: 'u8', shape: [2], data: odd } }), options),
    ).toMatchObject([own])
  })

  it('of ids that cannot be have none', () => {
    const ids = { 'image.cellId': array('i8', [2], [-1, 70_000]), 'image.pulseId': array('i8', [2], [-1, 5]) }
    expect(rawPartsOf(source(ids), options)).toMatchObject([
      { cellIds: Uint16Array.of(0xffff, 0xffff), pulseIds: BigUint64Array.of(2n ** 64n - 1n, 5n) },
    ])
  })

  it('of other detectors and other data are none', () => {
    for (const name of ['B_AGIPD1M/DET/1CH0:xtdf', 'A_LPD1M/DET/1CH0:xtdf', 'A/B/C'])
      expect(rawPartsOf(source({}, {}, name), options)).toEqual([])
  })

  it.each<[string, BridgeSource, RegExp]>([
    ['no data', source({ 'image.data': undefined } as never), /image.data is missing/],
    [
      'floats',
      source({ 'image.data': array('f4', [2, 2, 6, 4], new Array(96).fill(0)) }),
      /is of f4, raw data are u2/,
    ],
    ['no cells', source({ 'image.cellId': undefined } as never), /image.cellId is missing/],
    ['no pulses', source({ 'image.pulseId': undefined } as never), /image.pulseId is missing/],
    ['ids that are floats', source({ 'image.cellId': array('f4', [2], [3, 9]) }), /image.cellId is missing/],
    [
      'ids that are text',
      source({ 'image.cellId': undefined } as never, { 'image.cellId': ['3', '9'] }),
      /image.cellId is missing/,
    ],
    ['too few pulses', source({ 'image.pulseId': array('u8', [1], [12]) }), /2 cell ids and 1 pulse ids/],
    [
      'more ids than frames',
      source({ 'image.cellId': array('u1', [999], new Array(999).fill(0)) }),
      /999 cell ids/,
    ],
    ['no gain plane', source({ 'image.data': frames(2, 1) }), /raw gain of each pixel is missing/],
    ['another module', source({}, {}, 'A_AGIPD1M/DET/3CH0:xtdf'), /has no module 3/],
  ])('are refused, naming the source: %s', (_, wrong, said) => {
    expect(() => rawPartsOf(wrong, options)).toThrow(said)
    expect(() => rawPartsOf(wrong, options)).toThrow(DataError)
    expect(() => rawPartsOf(wrong, options)).toThrow(wrong.name)
  })

  it('without their gain plane are those of a fixed stage', () => {
    const [part] = rawPartsOf(source({ 'image.data': frames(2, 1) }), { ...options, withoutGain: true })
    expect(part?.layout).toMatchObject({ planes: 1 })
  })

  it('in parallel gain have ids of the first third only', () => {
    const lpd = small(LPD_1M)
    const parallel = { ...options, detector: lpd, karaboId: 'A_LPD1M', rawFrames: 3 }
    const of = (count: number): BridgeSource => ({
      ...source({
        'image.data': frames(count, 1),
        'image.cellId': array('u2', [count], [3, 9, 0, 0, 0, 0, 0].slice(0, count)),
        'image.pulseId': array('u8', [count], [12, 36, 0, 0, 0, 0, 0].slice(0, count)),
      }),
      name: 'A_LPD1M/DET/1CH0:xtdf',
    })
    expect(rawPartsOf(of(6), parallel)).toMatchObject([
      { cellIds: Uint16Array.of(3, 9), pulseIds: BigUint64Array.of(12n, 36n), layout: { frames: 6 } },
    ])
    expect(() => rawPartsOf(of(7), parallel)).toThrow(/7 raw frames are not 3 for each pulse/)
  })

  it('stacked are those that are there', () => {
    const stacked = (modulesPresent: BridgeSource['values'][string], arrays: BridgeSource['arrays'] = {}) =>
      source(
        { 'image.data': array('u2', [2, 2, 3, 6, 4], new Array(288).fill(1)), ...arrays },
        { modulesPresent },
        'A_AGIPD1M/DET/APPEND',
      )
    const found = (present: BridgeSource['values'][string]) =>
      rawPartsOf(stacked(present), options).map(({ module, start }) => [module, start])
    expect(found([true, false, true])).toEqual([
      [0, 0],
      [2, 48],
    ])
    expect(found(null)).toEqual([
      [0, 0],
      [1, 24],
      [2, 48],
    ])
    expect(found([false, false, false])).toEqual([])
    // As numpy has it.
    const bools = { modulesPresent: { dtype: 'u1', shape: [3], data: Uint8Array.of(0, 1, 1) } } as const
    expect(rawPartsOf(stacked(null, bools), options).map(({ module }) => module)).toEqual([1, 2])
    for (const nothing of [[true], 'yes'])
      expect(() => found(nothing)).toThrow(/modulesPresent is not one for/)
  })
})

describe('frames last', () => {
  it('is the inverse of frames first, for any size and frames', () => {
    const sizes = fc.record({
      slowScan: fc.integer({ min: 1, max: 70 }),
      fastScan: fc.integer({ min: 1, max: 5 }),
    })
    fc.assert(
      fc.property(sizes, fc.uniqueArray(fc.nat(9), { minLength: 1 }), (size, frames) => {
        const pixels = pixelsOf(size as Detector)
        const planes = frames.map((_, i) =>
          Uint16Array.from({ length: pixels }, (_, pixel) => i * pixels + pixel),
        )
        const target = new Uint16Array(10 * pixels).fill(7)
        framesLast(planes, frames, size, target, 10)
        for (const [i, frame] of frames.entries())
          for (const pixel of [0, pixels - 1]) {
            const [slow, fast] = [Math.floor(pixel / size.fastScan), pixel % size.fastScan]
            expect(target[(fast * size.slowScan + slow) * 10 + frame]).toBe(planes[i]?.[pixel])
          }
        expect(target.filter(value => value === 7).length).toBeGreaterThanOrEqual(
          (10 - frames.length) * pixels,
        )
        const back = planes.map(plane => new Uint16Array(plane.length))
        framesFirst(target, frames, size, back, 10)
        expect(back).toEqual(planes)
      }),
      { numRuns: 200 },
    )
  })
})

describe('raw frames copied into a slot', () => {
  /** One element at a time. */
  function reference(
    data: Uint16Array,
    layout: RawLayout,
    start: number,
    frames: readonly number[],
    rawFrames: number,
    detector: Detector,
  ): number[] {
    const { slowScan, fastScan, rawPlanes } = detector
    const out: number[] = []
    for (const frame of frames)
      for (let stage = 0; stage < rawFrames; stage++)
        for (let plane = 0; plane < rawPlanes; plane++)
          for (let slow = 0; slow < slowScan; slow++)
            for (let fast = 0; fast < fastScan; fast++) {
              const index = stage * (layout.frames / rawFrames) + frame
              const at =
                layout.order === 'file'
                  ? index * layout.frameStride + plane * layout.planeStride + slow * fastScan + fast
                  : (fast * slowScan + slow) * layout.frames + index
              out.push(plane < layout.planes ? (data[start + at] ?? -1) : 0)
            }
    return out
  }

  const forms = fc.constantFrom<[Detector, 'file' | 'online', number, boolean, number]>(
    [small(AGIPD_1M), 'file', 2, false, 1],
    [small(AGIPD_1M), 'file', 2, true, 1],
    [small(AGIPD_1M), 'file', 1, false, 1],
    [small(AGIPD_1M), 'online', 1, true, 1],
    [small(LPD_1M), 'file', 1, false, 3],
    [small(LPD_1M), 'online', 1, false, 3],
    [small(LPD_1M), 'online', 1, true, 1],
    [small(DSSC_1M), 'file', 1, true, 1],
  )
  it('are those that one-by-one copying gives, for any form, filter and alignment', () => {
    fc.assert(
      fc.property(
        forms,
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.nat(4)),
        fc.nat(1),
        fc.nat(2),
        ([detector, order, planes, stacked, rawFrames], pulses, wanted, shift, module) => {
          const total = pulses * rawFrames
          const { slowScan: slow, fastScan: fast, moduleCount } = detector
          const shape =
            order === 'online'
              ? [...(stacked ? [moduleCount] : []), fast, slow, total]
              : [total, planes, ...(stacked ? [moduleCount] : []), slow, fast]
          const layout = rawLayout(shape, total, detector, stacked)
          if (typeof layout !== 'object') throw new Error(`no layout of ${shape}`)
          const values = Uint16Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i * 7 + 1)
          const memory = new Uint8Array(values.byteLength + 1)
          memory.set(new Uint8Array(values.buffer), shift)
          const data = memory.subarray(shift, shift + values.byteLength)
          const frames = wanted.filter(frame => frame < pulses)
          const start = stacked ? module * layout.moduleStride : 0
          const target = new Uint8Array(
            frames.length * rawFrames * detector.rawPlanes * slow * fast * 2,
          ).fill(255)
          copyRawFrames({ data, layout, start }, frames, rawFrames, detector, target)
          expect([...new Uint16Array(target.buffer)]).toEqual(
            reference(values, layout, start, frames, rawFrames, detector),
          )
        },
      ),
      { numRuns: 500 },
    )
  })
})
