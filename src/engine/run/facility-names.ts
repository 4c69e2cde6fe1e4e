import type { Recast } from '../../corrections/finishing.js'
import { KITS } from '../../kits/index.js'

/** Switches of the facility whose step has another name here. */
const STEPS: Readonly<Record<string, string>> = {
  'blc-set-min': 'set-min',
  'blc-noise': 'baseline-noise',
  'mask-noisy-adc': 'noisy-adc',
  'mask-zero-std': 'zero-std',
  'offset-corr': 'offset',
  'rel-gain': 'relative-gain',
}

/** Switches of the facility that detcal has no step for. */
const NOT_BUILT = [
  ...['blc-hmatch', 'blc-stripes', 'corr-asic-diag', 'match-asics', 'melt-snow'],
  ...['count-lit-pixels', 'spi-hitfinding', 'use-super-selection'],
  ...['require-ppu-trigger', 'use-ppu-device', 'use-xgm-device'],
]

/** Operating conditions by the facility's names; `gain-mode` as a number is one too. */
export const CONDITIONS: Readonly<Record<string, string>> = {
  'acq-rate': 'Acquisition rate',
  'bias-voltage': 'Sensor Bias Voltage',
  'gain-mode': 'Gain mode',
  'gain-setting': 'Gain setting',
  'integration-time': 'Integration time',
  'mem-cells': 'Memory cells',
}

/** Options of ours that have another name or form at the facility. */
export const OPTIONS: Readonly<Record<string, readonly [string, (items: readonly unknown[]) => unknown]>> = {
  corr: ['corrected', ([item]) => item],
  // `AGIPD03` is module 3.
  'karabo-da': ['modules', names => names.map(name => String(name).replace(/^\D+0?(?=\d)/, ''))],
  'threshold-sigma-high': ['sigmaHigh', ([sigmas]) => sigmas],
  'threshold-sigma-mid': ['sigmaMedium', ([sigmas]) => sigmas],
  'use-litframe-finder': ['litframe', ([mode]) => mode],
  'litframe-device-id': ['litframeSource', ([source]) => source],
  // The facility's way to say that there is no threshold.
  'energy-threshold': ['energyThreshold', ([limit]) => (limit === -1000 ? undefined : limit)],
  'cm-n-itr': ['cmIterations', ([times]) => times],
  'recast-image-data': ['recast', ([type]) => RECAST_NAMES[String(type)] ?? type],
  'max-pulses': ['pulses', items => (items.length === 1 ? `:${items[0]}` : items.join(':'))],
}

/** numpy's names of the element types that there are. */
const RECAST_NAMES: Readonly<Record<string, Recast>> = { int16: 'i2', uint16: 'u2', float32: 'f4' }

/**
 * What does not concern a correction of ours: places, databases and the distribution of work, plots, numbers for steps
 * that are off, and what LPD's control data and frames tell. A star stands for anything.
 */
const IGNORED = [
  ...[
    'in-folder',
    'out-folder',
    'metadata-folder',
    'run',
    'karabo-id*',
    'receiver-*',
    '*-template',
    'h5path*',
  ],
  ...['cal-db-*', 'creation-time', 'creation-date-offset', 'use-dir-creation-date', 'slopes-ff-from-files'],
  ...['chunk*', 'compress-fields', 'max-nodes', 'max-tasks-per-worker', 'n-cores*', 'sequences-per-node'],
  ...['overwrite', 'output-source', 'cell-id-preview', 'skip-plots', 'plot-*'],
  ...['cs-mg-adjust', 'ff-gain', 'spi-hitfinding-*', 'ppu-train-offset'],
  ...['capacitor', 'category', 'combine-parallel-gain', 'drop-last-frames-*', 'num-*', 'use-cell-order'],
  // Ours: what was known of the run.
  'condition-sources',
].map(name => new RegExp(`^${name.replace('*', '.*')}$`))

/** What a table itself holds by that name: any text may be asked for, `constructor` too. */
export function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}

/** Whether a parameter can be left alone. */
export function isIgnored(name: string): boolean {
  return IGNORED.some(pattern => pattern.test(name))
}

/** Whether a switch is one that no step of ours is behind; some are texts. */
export function isNotBuilt(name: string): boolean {
  return NOT_BUILT.includes(name)
}

/** The step that a switch turns on or off, which may be one that is not built; undefined: it is not a switch. */
export function stepOf(name: string): string | undefined {
  const step = own(STEPS, name) ?? name
  const known = KITS.some(({ corrections }) => Object.hasOwn(corrections.steps, step))
  return known || isNotBuilt(name) ? step : undefined
}

/** What the facility writes where nothing is chosen: `false`, `''`, `off`, `-1`, `[-1]`. */
export function isOff(value: unknown): boolean {
  const items: readonly unknown[] = [value].flat()
  return (
    items.length > 0 &&
    items.every(item => item === null || ['false', '', 'off', '-1'].includes(String(item)))
  )
}
