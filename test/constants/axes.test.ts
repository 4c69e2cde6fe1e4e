import { expect, it } from 'vitest'
import { axesOf, resolveDims } from '../../constants/model/axes.js'
import { calibrationOf } from '../../constants/model/calibrations.js'
import type { Detector } from '../../src/detectors/detector.js'
import { AGIPD_1M } from '../../src/kits/agipd/record.js'
import { DSSC_1M } from '../../src/kits/dssc/record.js'
import { LPD_1M } from '../../src/kits/lpd/record.js'

const resolved = (detector: Detector, name: string, shape: number[], dims?: string[]) =>
  resolveDims(detector, calibrationOf(detector, name)!, shape, dims)
const resolve = (name: string, shape: number[], dims?: string[]) => resolved(AGIPD_1M, name, shape, dims).dims

it.each([
  ['Offset', [128, 512, 352, 3], ['fast_scan', 'slow_scan', 'cell', 'gain']],
  ['Offset', [128, 512, 128, 3], ['fast_scan', 'slow_scan', 'cell', 'gain']],
  ['Offset', [128, 512, 3, 3], ['fast_scan', 'slow_scan', 'cell', 'gain']],
  ['Offset', [3, 32, 512, 128], ['gain', 'cell', 'slow_scan', 'fast_scan']],
  ['Offset', [32, 3, 512, 128], ['cell', 'gain', 'slow_scan', 'fast_scan']],
  ['ThresholdsDark', [128, 512, 352, 5], ['fast_scan', 'slow_scan', 'cell', 'threshold']],
  ['SlopesPC', [11, 128, 512, 352], ['parameter', 'fast_scan', 'slow_scan', 'cell']],
  ['SlopesFF', [128, 512, 352], ['fast_scan', 'slow_scan', 'cell']],
  ['BadPixelsFF', [352, 512, 128], ['cell', 'slow_scan', 'fast_scan']],
])('%s of shape %j is told by its shape', (name, shape, dims) => {
  expect(resolve(name, shape)).toEqual(dims)
})

it.each([
  ['Offset', [3, 3, 512, 128], /may be .* or .*/],
  ['Offset', [512, 128, 352, 3], /not a known order/],
  ['Offset', [128, 512, 353, 3], /not a known order/],
  ['Offset', [128, 512, 352, 2], /not a known order/],
  ['Offset', [128, 512, 0, 3], /not a known order/],
  ['Offset', [128, 512, 352], /not a known order/],
  ['Offset', [], /not a known order/],
  ['Noise', [128, 512], /not a known order/],
])('%s of shape %j is not guessed', (name, shape, message) => {
  expect(() => resolve(name, shape)).toThrow(message)
  expect(() => resolve(name, shape)).toThrow(
    expect.objectContaining({
      tag: 'constants',
      hint: expect.stringContaining('--dims fast_scan,slow_scan,cell'),
    }),
  )
})

it('a statement settles what the shape leaves open, and the plane axis may have any name', () => {
  expect(resolve('Offset', [3, 3, 512, 128], ['cell', 'gain', 'slow_scan', 'fast_scan'])[0]).toBe('cell')
  expect(resolve('Offset', [128, 3, 2, 512], ['fast_scan', 'stage', 'cell', 'slow_scan'])).toEqual([
    'fast_scan',
    'gain',
    'cell',
    'slow_scan',
  ])
})

it.each([
  // Square pixels: the record says which axis comes first, by calibration.
  ['Offset', [256, 256, 512, 3], ['fast_scan', 'slow_scan', 'cell', 'gain']],
  ['Noise', [256, 256, 256, 3], ['fast_scan', 'slow_scan', 'cell', 'gain']],
  ['RelativeGain', [256, 256, 512, 3], ['fast_scan', 'slow_scan', 'cell', 'gain']],
  ['FFMap', [256, 256, 512, 3], ['slow_scan', 'fast_scan', 'cell', 'gain']],
  ['GainAmpMap', [256, 256, 512], ['slow_scan', 'fast_scan', 'cell']],
  ['BadPixelsFF', [256, 256, 512, 1], ['slow_scan', 'fast_scan', 'cell', 'gain']],
  // What its shape tells is not assumed.
  ['Offset', [3, 512, 256, 256], ['gain', 'cell', 'slow_scan', 'fast_scan']],
])('LPD: %s of shape %j is taken as its calibration is stored', (name, shape, dims) => {
  // No shape tells the pixel axes, so that it is always said that they are assumed.
  expect(resolved(LPD_1M, name, shape)).toEqual({ dims, assumed: true })
  const stated = ['slow_scan', 'fast_scan', 'cell', 'gain'].slice(0, shape.length)
  if (shape[0] === 256)
    expect(resolved(LPD_1M, name, shape, stated)).toEqual({ dims: stated, assumed: false })
})

it.each([
  // As many cells as pixels along an axis.
  ['GainAmpMap', [256, 256, 256]],
  ['BadPixelsFF', [256, 256, 256]],
  ['Offset', [3, 3, 256, 256]],
])('LPD: %s of shape %j is asked for, whatever is assumed of the pixel axes', (name, shape) => {
  expect(() => resolved(LPD_1M, name, shape)).toThrow(/may be .* or .*/)
})

it('what the shape alone does not tell is marked as assumed', () => {
  expect(resolved(AGIPD_1M, 'Offset', [128, 512, 352, 3]).assumed).toBe(false)
  expect(resolved(AGIPD_1M, 'Offset', [3, 352, 512, 128]).assumed).toBe(false)
  // 128 cells could be the first axis as well, though no store has them there.
  expect(resolved(AGIPD_1M, 'Offset', [128, 512, 128, 3]).assumed).toBe(true)
  expect(resolved(AGIPD_1M, 'Offset', [128, 512, 3, 3]).assumed).toBe(true)
  expect(resolved(DSSC_1M, 'Offset', [512, 128, 400]).assumed).toBe(false)
  expect(resolved(DSSC_1M, 'Offset', [512, 128, 128]).assumed).toBe(true)
})

it.each([
  AGIPD_1M,
  LPD_1M,
  DSSC_1M,
])('%#: no order of any constant is taken for another in silence', detector => {
  const { fastScan, slowScan, maxCells } = detector
  for (const { name, planes, planeAxis, flat } of detector.calibrations) {
    for (const cells of [1, 2, 3, 128, 256, 352, 512, maxCells].filter(count => count <= maxCells)) {
      for (const plane of [...(planes.length > 0 ? planes : [2]), ...(flat ? [undefined] : [])]) {
        const axes: [string, number][] = [
          ['fast_scan', fastScan],
          ['slow_scan', slowScan],
          ['cell', cells],
          ...(plane === undefined ? [] : [[planeAxis, plane] as [string, number]]),
        ]
        for (const order of permutations(axes)) {
          const [dims, shape] = [order.map(([axis]) => axis), order.map(([, length]) => length)]
          expect(resolved(detector, name, shape, dims)).toEqual({ dims, assumed: false })
          let found: ReturnType<typeof resolveDims>
          try {
            found = resolved(detector, name, shape)
          } catch {
            continue
          }
          if (!found.assumed) expect([name, shape, found.dims]).toEqual([name, shape, dims])
        }
      }
    }
  }
})

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]]
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map(rest => [item, ...rest]))
}

it.each([
  [
    [512, 128, 400],
    ['fast_scan', 'slow_scan', 'cell'],
  ],
  [
    [128, 512, 400],
    ['slow_scan', 'fast_scan', 'cell'],
  ],
  [
    [128, 512, 400, 1],
    ['slow_scan', 'fast_scan', 'cell', 'gain'],
  ],
  [
    [512, 128, 800, 1],
    ['fast_scan', 'slow_scan', 'cell', 'gain'],
  ],
  [
    [400, 128, 512],
    ['cell', 'slow_scan', 'fast_scan'],
  ],
])('DSSC: a shape of %j is told by its shape', (shape, dims) => {
  expect(resolved(DSSC_1M, 'Offset', shape).dims).toEqual(dims)
})

it('DSSC: 512 cells may be either axis, and that is asked', () => {
  expect(() => resolved(DSSC_1M, 'Offset', [512, 128, 512])).toThrow(/may be .* or .*/)
})

it.each([
  [['fast_scan', 'slow_scan', 'cell'], /3 names for 4/],
  [['slow_scan', 'fast_scan', 'cell', 'gain'], /fast_scan is 512/],
  [['fast_scan', 'slow_scan', 'gain', 'cell'], /gain is 352/],
  [['fast_scan', 'slow_scan', 'gain', 'plane'], /cell must be named/],
  [['fast_scan', 'fast_scan', 'cell', 'gain'], /fast_scan must be named exactly once/],
  [['fastscan', 'slow_scan', 'cell', 'gain'], /fast_scan must be named/],
])('a statement %j that the shape contradicts is refused', (dims, message) => {
  expect(() => resolve('Offset', [128, 512, 352, 3], dims)).toThrow(message)
})

it('axes are positions', () => {
  expect(axesOf(['parameter', 'cell', 'slow_scan', 'fast_scan'])).toEqual({
    plane: 0,
    cell: 1,
    slowScan: 2,
    fastScan: 3,
  })
  expect(axesOf(['fast_scan', 'slow_scan', 'cell']).plane).toBe(-1)
})
