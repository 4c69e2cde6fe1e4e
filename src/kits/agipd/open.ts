import type { PixelOperation } from '../../corrections/open/operations.js'
import type { OpenCorrections, StepReading } from '../../corrections/open/readings.js'
import { maskReadings, RANGE_READINGS } from '../../corrections/open/shared-readings.js'
import type { PlaneRecipe } from '../../corrections/planes.js'

const [DARK, PC, FF] = ['BadPixelsDark', 'BadPixelsPC', 'BadPixelsFF'] as const

/** A plane of Offset, by stage. */
const offset = (stage: number): PlaneRecipe => ({ kind: 'value', calibration: 'Offset', index: stage })

/** The readings of AGIPD's steps: of the facility's code only memory tells (of the formulas, their places and their rounding). */
const READINGS: readonly StepReading[] = [
  {
    name: 'threshold-inclusive',
    question: 'threshold',
    about: 'a raw gain equal to a threshold is beyond it: r ≥ T',
    tells: 'gain',
    change: [{ step: 'threshold', with: { inclusive: true } }],
  },
  {
    name: 'gap-never-closed',
    question: 'low-medium-gap',
    about: 'thresholds that are near each other stay as they are',
    tells: 'gain',
    change: [
      {
        step: 'threshold',
        with: {
          planes: [
            { kind: 'medium-threshold', gap: false },
            { kind: 'low-threshold', gap: false },
          ],
        },
      },
    ],
  },
  {
    name: 'force-mg-own-offset',
    question: 'offset of force-mg-if-below',
    about: 'the signal is compared above the low-gain offset, which is the own of the pixel',
    tells: 'gain',
    change: [{ step: 'force-mg-if-below', with: { above: offset(2) } }],
  },
  {
    name: 'force-hg-medium-offset',
    question: 'offset of force-hg-if-below',
    about: 'medium-gain pixels alone are forced, by the signal above the medium-gain offset',
    tells: 'gain',
    change: [{ step: 'force-hg-if-below', with: { above: offset(1), from: [1] } }],
  },
  {
    name: 'force-hg-medium-offset-any-stage',
    question: 'offset of force-hg-if-below',
    about: 'medium- and low-gain pixels are forced, by the signal above the medium-gain offset',
    tells: 'gain',
    change: [{ step: 'force-hg-if-below', with: { above: offset(1) } }],
  },
  {
    name: 'force-hg-medium-only',
    question: 'offset of force-hg-if-below',
    about: 'medium-gain pixels alone are forced, by the signal above the high-gain offset',
    tells: 'gain',
    change: [{ step: 'force-hg-if-below', with: { from: [1] } }],
  },
  {
    name: 'force-hg-first',
    question: 'order of forcing',
    about: 'pixels are forced to high gain before others are to medium gain',
    tells: 'gain',
    change: [{ step: 'force-hg-if-below', before: 'force-mg-if-below' }],
  },
  {
    name: 'force-inclusive',
    question: 'limits of forcing',
    about: 'a signal at the limit is forced too: ≤',
    tells: 'gain',
    change: ['force-mg-if-below', 'force-hg-if-below'].map(step => ({ step, with: { inclusive: true } })),
  },
  {
    name: 'set-min-after-offset',
    question: 'place of set-min',
    about: 'negative medium-gain values become 0 directly behind the offset',
    tells: 'data',
    change: [{ step: 'set-min', after: 'offset' }],
  },
  {
    name: 'set-min-before-baseline',
    question: 'place of set-min',
    about: 'negative medium-gain values become 0 between relative-gain and adjust-mg-baseline',
    tells: 'data',
    change: [{ step: 'set-min', before: 'adjust-mg-baseline' }],
  },
  {
    name: 'set-min-last',
    question: 'place of set-min',
    about: 'negative medium-gain values become 0 behind xray-gain',
    tells: 'data',
    change: [{ step: 'set-min', after: 'xray-gain' }],
  },
  {
    name: 'set-min-low-too',
    question: 'stages of set-min',
    about: 'negative values become 0 in medium and in low gain',
    tells: 'data',
    change: [{ step: 'set-min', with: { stages: [1, 2] } }],
  },
  {
    name: 'baseline-before-gain',
    question: 'place of adjust-mg-baseline',
    about: 'the baseline is added before the relative gain is applied',
    tells: 'data',
    change: [{ step: 'adjust-mg-baseline', before: 'relative-gain' }],
  },
  {
    name: 'slopes-pc-in-f32',
    question: 'rounding of the relative gain',
    about: 'm0/m3 is rounded to f32 before it is multiplied by 4.48',
    tells: 'data',
    change: [
      { step: 'relative-gain', with: { planes: [0, 1, 2].map(stage => ({ kind: 'pc-gain-f32', stage })) } },
    ],
  },
  {
    name: 'baseline-in-f32',
    question: 'rounding of the baseline',
    about: 'b1 − b4·m0/m3 is rounded to f32 after each operation',
    tells: 'data',
    change: [{ step: 'adjust-mg-baseline', with: { plane: { kind: 'pc-baseline-f32' } } }],
  },
  {
    name: 'slopes-ff-times',
    question: 'direction of SlopesFF',
    about: 'values are multiplied by SlopesFF / median',
    tells: 'data',
    change: [{ step: 'xray-gain', with: { planes: [{ kind: 'xray-slope' }] } }],
  },
  {
    name: 'slopes-ff-divided',
    question: 'direction of SlopesFF',
    about: 'values are divided by SlopesFF / median: as decided, but for the rounding',
    tells: 'data',
    change: [{ step: 'xray-gain', with: { planes: [{ kind: 'xray-slope' }], divide: true } }],
  },
  {
    name: 'slopes-ff-absolute',
    question: 'direction of SlopesFF',
    about: 'values are divided by SlopesFF itself, without the median',
    tells: 'data',
    change: [
      {
        step: 'xray-gain',
        with: { planes: [{ kind: 'value', calibration: 'SlopesFF', index: 0 }], divide: true },
      },
    ],
  },
  ...RANGE_READINGS,
  ...maskReadings({
    dark: [DARK],
    'dark-pc': [DARK, PC],
    'dark-ff': [DARK, FF],
    none: [],
  }),
]

/** A chain of AGIPD as operations. Planes are those of the chain, in the kernels' order (docs/architecture.md). */
function operationsOf(
  { steps, planes, gainMode, maskMaps }: Parameters<OpenCorrections['operations']>[0],
  { forceMgLimit, forceHgLimit, zeroNans, zeroOrange }: Parameters<OpenCorrections['operations']>[1],
): PixelOperation[] {
  const on = (step: string, ...operations: readonly PixelOperation[]) =>
    steps.includes(step) ? operations : []
  const adaptive = gainMode === 0
  const plane = (index: number): PlaneRecipe => planes[index] ?? { kind: 'fill', bits: 0 }
  const [x, gains] = adaptive ? [9, [8, 10, 11]] : [3, [2]]
  const force = (step: string, from: readonly number[], above: number, limit: number) =>
    on(step, {
      ...{ step, do: 'force', from, to: from.length > 1 ? 0 : 1, above: plane(above) },
      ...{ limit: Math.fround(limit), inclusive: false },
    })
  return [
    { step: 'raw', do: 'signal', bits: 16, zero: 0 },
    ...(adaptive
      ? [
          ...on('threshold', {
            ...{ step: 'threshold', do: 'threshold', planes: [plane(2), plane(3)], inclusive: false },
          }),
          ...force('force-mg-if-below', [2], 4, forceMgLimit),
          ...force('force-hg-if-below', [1, 2], 0, forceHgLimit),
        ]
      : [{ step: 'threshold', do: 'fixed-stage', stage: gainMode - 1 } as const]),
    ...on('offset', {
      ...{ step: 'offset', do: 'subtract', planes: (adaptive ? [0, 4, 6] : [0]).map(plane) },
    }),
    ...on('relative-gain', {
      ...{ step: 'relative-gain', do: 'scale', planes: gains.map(plane), divide: false, joined: false },
    }),
    ...on('adjust-mg-baseline', { step: 'adjust-mg-baseline', do: 'add', stages: [1], plane: plane(12) }),
    ...on('set-min', { step: 'set-min', do: 'floor', stages: [1] }),
    ...on('xray-gain', {
      ...{ step: 'xray-gain', do: 'scale', planes: [plane(x)], divide: false, joined: false },
    }),
    ...on('mask', { step: 'mask', do: 'mask', maps: maskMaps, stages: 3, of: 'own' }),
    ...on('range', { step: 'range', do: 'range', bits: true, zeroNans, zeroOrange }),
  ]
}

/** What AGIPD's steps do, and what else they may mean. */
export const AGIPD_OPEN: OpenCorrections = {
  operations: operationsOf,
  readings: READINGS,
  inPlanes: ['low-medium-gap'],
}
