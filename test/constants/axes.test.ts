import { expect, it } from 'vitest'
import { axesOf, resolveDims } from '../../constants/axes.js'
import { calibrationOf } from '../../constants/calibrations.js'
import { AGIPD_1M } from '../../src/detectors/agipd1m.js'

const resolve = (name: string, shape: number[], dims?: string[]) =>
  resolveDims(AGIPD_1M, calibrationOf(AGIPD_1M, name)!, shape, dims)

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
  ['Offset', [512, 128, 352, 3], /no known order/],
  ['Offset', [128, 512, 353, 3], /no known order/],
  ['Offset', [128, 512, 352, 2], /no known order/],
  ['Offset', [128, 512, 0, 3], /no known order/],
  ['Offset', [128, 512, 352], /no known order/],
  ['Offset', [], /no known order/],
  ['Noise', [128, 512], /no known order/],
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
