import type { ControlSource, ExdfDataset, InstrumentSource } from '../exdf/description.js'
import { pulseEnergy, pulseIntensity } from './light.js'
import { isLit, type SimulationOptions } from './model/options.js'
import { pulseOf, sequencesOf } from './model/timeline.js'

/** Frames and pulses a train that a LitFrameFinder's arrays have room for, and pulses those of a gas monitor. */
const FRAMES = 352
const BUNCHES = 2700
const MONITOR_PULSES = 1000
/** Pulse ids count the bunches of an accelerator whose first one is not the detector's. */
const FIRST_BUNCH = 212
/** The monitor sees pulses before those of the detector too. */
const EARLIER_PULSES = 3

/** What a run with dark frames has beside the detector: a LitFrameFinder and a gas monitor, one row a train. */
export interface LightSources {
  readonly sources: readonly InstrumentSource[]
  readonly controls: readonly ControlSource[]
}

/** The LitFrameFinder of the detector, and the gas monitor of its beamline. */
export function lightSources(options: SimulationOptions): LightSources {
  if (options.litEvery === undefined) return { sources: [], controls: [] }
  const instrument = options.detector.karaboId.split('_')[0] ?? ''
  const monitor = `${instrument}_XTD9_XGM/XGM/DOOCS`
  const trains = sequencesOf({ ...options, trainsPerFile: options.trains }).flatMap(
    ({ trainIds }) => trainIds,
  )
  const counts = trains.map(() => 1)
  const energies = trains.map(train => energiesOf(options, train))
  const mean = energies.map(all => sum(all) / Math.max(1, all.filter(energy => energy > 0).length))
  return {
    sources: [
      {
        name: `${options.detector.karaboId.replace('_DET_', '_IRU_').replace('-', '')}/REDU/LITFRM:output`,
        groups: { data: { counts, datasets: finderColumns(options, energies) } },
      },
      {
        name: `${monitor}:output`,
        groups: { data: { counts, datasets: [monitorColumn(energies)] } },
      },
    ],
    controls: [{ name: monitor, properties: { 'pulseEnergy.photonFlux': { dtype: 'f8', value: mean } } }],
  }
}

/** Energy of each frame, µJ; 0 in the dark. */
function energiesOf(options: SimulationOptions, train: number): number[] {
  return Array.from({ length: options.cells }, (_, cell) =>
    isLit(options, cell) ? pulseEnergy(pulseIntensity(options, train, cell)) : 0,
  )
}

function finderColumns(options: SimulationOptions, energies: readonly (readonly number[])[]): ExdfDataset[] {
  const { cells } = options
  const rows = energies.length
  const lit = Array.from({ length: cells }, (_, cell) => cell).filter(cell => isLit(options, cell))
  const perFrame = (value: (row: number, cell: number) => number) =>
    padded(rows, FRAMES, (row, i) => (i < cells ? value(row, i) : 0))
  const perPulse = (value: (pulse: number) => number) =>
    padded(rows, BUNCHES, (_, i) => (i < lit.length ? value(i) : 0))
  const energy = perFrame((row, cell) => energies[row]?.[cell] ?? 0)
  const pulses = perFrame((_, cell) => Number(isLit(options, cell)))
  const frames = { shape: [rows, FRAMES] }
  const bunches = { shape: [rows, BUNCHES] }
  return [
    { name: 'nFrame', dtype: 'u2', shape: [rows], data: new Uint16Array(rows).fill(cells) },
    {
      name: 'detectorPulseId',
      dtype: 'u2',
      ...frames,
      data: Uint16Array.from(perFrame((_, cell) => pulseOf(cell))),
    },
    { name: 'nPulsePerFrame', dtype: 'u2', ...frames, data: Uint16Array.from(pulses) },
    { name: 'energyPerFrame', dtype: 'f4', ...frames, data: Float32Array.from(energy) },
    { name: 'energySigma', dtype: 'f4', ...frames, data: Float32Array.from(energy, value => value * 0.01) },
    { name: 'dataFramePattern', dtype: 'u1', ...frames, data: Uint8Array.from(pulses) },
    {
      name: 'masterPulseId',
      dtype: 'u2',
      ...bunches,
      data: Uint16Array.from(perPulse(pulse => FIRST_BUNCH + pulseOf(lit[pulse] ?? 0))),
    },
    {
      name: 'xgmPulseId',
      dtype: 'u2',
      ...bunches,
      data: Uint16Array.from(perPulse(pulse => EARLIER_PULSES + pulse)),
    },
  ]
}

/** `intensityTD`, µJ: the pulses of the lit frames one after the other, behind some that came earlier. */
function monitorColumn(energies: readonly (readonly number[])[]): ExdfDataset {
  const pulses = energies.map(train => [
    ...Array(EARLIER_PULSES).fill(1),
    ...train.filter(energy => energy > 0),
  ])
  const data = Float32Array.from(padded(energies.length, MONITOR_PULSES, (row, i) => pulses[row]?.[i] ?? 0))
  return { name: 'intensityTD', dtype: 'f4', shape: [energies.length, MONITOR_PULSES], data }
}

function padded(rows: number, width: number, value: (row: number, i: number) => number): number[] {
  return Array.from({ length: rows * width }, (_, k) => value(Math.floor(k / width), k % width))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
