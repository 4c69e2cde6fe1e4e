import { rawFrameBytes } from '../detectors/detector.js'
import type { ExdfDataset, NewExdf } from '../exdf/description.js'
import { XTDF_DATASETS, XTDF_GROUPS, type XtdfDataset } from '../exdf/euxfel-layout.js'
import { arrayOf } from '../model/dtypes.js'
import { type ModuleIndex, twoDigits } from '../model/ids.js'
import { rawFramesOf, type SimulationOptions } from './model/options.js'
import { pulseOf, runBegin, type Sequence } from './model/timeline.js'

/** `RAW-R0001-AGIPD03-S00000.h5`. */
export function rawFileName(run: number, aggregator: string, sequence: number): string {
  return `RAW-R${String(run).padStart(4, '0')}-${aggregator}-S${String(sequence).padStart(5, '0')}.h5`
}

/** `AGIPD03`. */
export function aggregatorOf({ detector }: Pick<SimulationOptions, 'detector'>, module: ModuleIndex): string {
  return `${detector.aggregator}${twoDigits(module)}`
}

/** `SPB_DET_AGIPD1M-1/DET/3CH0:xtdf`. */
export function rawSource({ detector }: Pick<SimulationOptions, 'detector'>, module: ModuleIndex): string {
  return `${detector.karaboId}/DET/${module}CH0:xtdf`
}

/** What all files of a run state about it. */
export function describeRun(options: SimulationOptions, sequence: Sequence) {
  const begin = runBegin(options)
  return {
    version: options.formatVersion,
    metadata: {
      proposalNumber: options.proposal,
      runNumber: options.run,
      sequenceNumber: sequence.number,
      runType: options.kind === 'dark' ? 'Calibration - Dark' : 'Simulation',
      sample: options.kind === 'dark' ? 'No Sample' : 'Simulated powder',
      daqLibrary: 'detcal simulate',
      karaboFramework: 'none',
      creationDate: begin,
      updateDate: begin,
    },
    trains: {
      trainIds: sequence.trainIds,
      timestamps: sequence.timestamps,
      flags: sequence.trainIds.map(() => 1),
      origins: sequence.trainIds.map(() => -1),
    },
    growable: true,
  } as const satisfies Partial<NewExdf>
}

/** The RAW file of one module and sequence, `image/data` without its frames. Row = (train · raw frames + stage) · cells + cell. */
export function describeRaw(options: SimulationOptions, module: ModuleIndex, sequence: Sequence): NewExdf {
  const { detector, cells } = options
  const trains = sequence.trainIds.length
  const perTrain = rawFramesOf(options) * cells
  const frames = trains * perTrain
  const frameShape = [detector.rawPlanes, detector.slowScan, detector.fastScan]
  const bulk = {
    name: 'data',
    dtype: 'u2',
    shape: [frames, ...frameShape],
    chunk: [1, ...frameShape],
  } as const
  const groups = XTDF_GROUPS.map(group => {
    const rows = group === 'image' ? frames : trains
    const datasets = XTDF_DATASETS.filter(dataset => dataset.group === group).map(dataset =>
      fill(dataset, rows, valuesOf(options, module, sequence)),
    )
    if (group === 'image') datasets.unshift(bulk)
    if (group === 'detector') {
      const shape = [rows, detector.detectorDataBytes]
      datasets.push({
        name: 'data',
        dtype: 'u1',
        shape,
        data: new Uint8Array(rows * detector.detectorDataBytes),
      })
    }
    const counts = sequence.trainIds.map(() => (group === 'image' ? perTrain : 1))
    return [group, { counts, datasets }] as const
  })
  return {
    ...describeRun(options, sequence),
    sources: [{ name: rawSource(options, module), groups: Object.fromEntries(groups) }],
  }
}

/** Content of the small datasets: by `row` and element. Others are zero. */
type Values = Readonly<Record<string, (row: number, element: number) => number>>

function valuesOf(options: SimulationOptions, module: ModuleIndex, sequence: Sequence): Values {
  const { cells } = options
  const perTrain = rawFramesOf(options) * cells
  // In parallel gain only the first frames of a train have ids.
  const cellOf = (row: number) => (row % perTrain < cells ? row % perTrain : 0)
  const idOfTrain = (train: number) => sequence.trainIds[train] ?? 0
  return {
    'image/trainId': row => idOfTrain(Math.floor(row / perTrain)),
    'image/pulseId': row => pulseOf(cellOf(row)),
    'image/cellId': cellOf,
    'image/length': () => rawFrameBytes(options.detector),
    'detector/trainId': idOfTrain,
    'header/trainId': idOfTrain,
    'header/dataId': row => row + 1,
    'header/linkId': () => module,
    'header/magicNumberBegin': (_, element) => MAGIC_BEGIN[element] ?? 0,
    'header/majorTrainFormatVersion': () => 2,
    'header/minorTrainFormatVersion': () => 1,
    'header/pulseCount': () => perTrain,
    'trailer/trainId': idOfTrain,
    'trailer/magicNumberEnd': (_, element) => MAGIC_END[element] ?? 0,
  }
}

/** Marks of the XTDF train format, as signed bytes. */
const MAGIC_BEGIN = [...Buffer.from('XTDFBEGI')]
const MAGIC_END = [...Buffer.from('XTDFENDE')]

function fill({ group, name, dtype, row }: XtdfDataset, rows: number, values: Values): ExdfDataset {
  const value = values[`${group}/${name}`] ?? (() => 0)
  const elements = row.reduce((product, extent) => product * extent, 1)
  const data = arrayOf(dtype, rows * elements)
  for (let i = 0; i < data.length; i++) {
    const number = value(Math.floor(i / elements), i % elements)
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = BigInt(number)
    else data[i] = number
  }
  return { name, dtype, shape: [rows, ...row], data }
}
