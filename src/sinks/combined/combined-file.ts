import { lstatSync } from 'node:fs'
import type { Recast } from '../../corrections/finishing.js'
import type { Detector } from '../../detectors/detector.js'
import { pixelsOf } from '../../detectors/detector.js'
import type { OutputFolder } from '../../files/output-folder.js'
import { NewFile } from '../../hdf5/create/new-file.js'
import { holdsItself } from '../../hdf5/index.js'
import { UsageError } from '../../model/errors.js'
import type { FramePulses } from '../corr/frame-columns.js'
import { unitAttributes } from '../image/data-unit.js'
import { ImageOutput } from '../image/image-output.js'

/** What a combined file holds, known before anything is corrected. */
export interface CombinedDescription {
  readonly detector: Detector
  readonly karaboId: string
  readonly proposal: number | undefined
  readonly run: number | undefined
  /** Of each frame: one row of the file is a frame of the whole detector. */
  readonly trainIds: Float64Array
  readonly pulseIds: BigUint64Array
  /** `[frame][module]`: 0 where a module is missing. */
  readonly cellIds: Uint16Array
  /** Energies and indices of each frame's X-ray pulses; absent: not asked for. */
  readonly pulses?: FramePulses
  /** Steps of the correction. */
  readonly steps: readonly string[]
  /** Element type of whole photons, which are deflated; absent: f32 that are not. */
  readonly recast?: Recast
  /** Provenance, written as attributes of the file. */
  readonly attributes: Readonly<Record<string, string>>
}

const DETECTOR = 'entry_1/instrument_1/detector_1'
const DATASETS = { data: `${DETECTOR}/data`, gain: `${DETECTOR}/gain`, mask: `${DETECTOR}/mask` } as const

/**
 * What is read of a module that has no frame: data NaN, gain 0, every mask bit, as EXtra-data's virtual CXI fills. No chunks
 * are written for it.
 */
const MISSING = {
  data: new Uint8Array(Uint32Array.of(0x7fc00000).buffer),
  mask: new Uint8Array(Uint32Array.of(0xffffffff).buffer),
} as const

/**
 * Declares the combined file under a temporary name: full detector frames `(frames, modules, slow scan, fast scan)` in the
 * layout of EXtra-data's virtual CXI, but with real data: CrystFEL and EXtra-data users read it alone. One chunk holds one
 * module of one frame, so that workers write modules independently; data chunks lie in frame order, with holes where a
 * module has no frame.
 * @throws OutputError; UsageError as {@link refuseForeign} does.
 */
export async function createCombined(
  folder: OutputFolder,
  final: string,
  description: CombinedDescription,
): Promise<ImageOutput> {
  refuseForeign(final)
  const { detector, trainIds, recast } = description
  const chunks = trainIds.length * detector.moduleCount
  const dataBytes = recast ? 0 : pixelsOf(detector) * 4
  const layout = { datasets: DATASETS, chunks, dataBytes, missing: 'filled' } as const
  return ImageOutput.create(folder, final, layout, part => declare(description).write(part))
}

/**
 * Only an earlier combined file is ever replaced, for any other may be what the run or its constants are read from, by
 * whatever link or reference. @throws UsageError if there is something else at `path`.
 */
export function refuseForeign(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return
  // The elements of EXtra-data's virtual CXI are elsewhere.
  if (holdsItself(path, Object.values(DATASETS))) return
  throw new UsageError('is not a combined file of detcal, so it is not replaced', {
    place: { file: path },
    hint: 'Choose another --combined',
  })
}

function declare(description: CombinedDescription): NewFile {
  const { detector, trainIds, pulseIds, cellIds, pulses, karaboId, proposal, run } = description
  const file = new NewFile()
  const count = trainIds.length
  const modules = detector.moduleCount
  file.column('cxi_version', 'i8', [150])
  const identifiers = Array.from(trainIds, (trainId, frame) => `${trainId}:${pulseIds[frame]}`)
  file.strings('entry_1/experiment_identifier', identifiers)
  file.column('entry_1/trainId', 'u8', [...trainIds])
  file.array('entry_1/pulseId', 'u8', pulseIds, { shape: [count] })
  file.array('entry_1/cellId', 'u2', cellIds, { shape: [count, modules] })
  if (pulses) {
    file.array('entry_1/pulseEnergy', 'f4', pulses.energies, { shape: [count] })
    file.attributes('entry_1/pulseEnergy', { units: 'uJ', axes: 'experiment_identifier' })
    file.array('entry_1/xgmIndex', 'i4', pulses.xgmIndices, { shape: [count] })
    file.attributes('entry_1/xgmIndex', { axes: 'experiment_identifier' })
  }
  file.attributes('entry_1/cellId', { axes: 'experiment_identifier:module_identifier' })
  if (proposal !== undefined && run !== undefined)
    file.attributes('entry_1', {
      name: `EuXFEL proposal ${proposal} run ${run}`,
      euxfelProposalNumber: BigInt(proposal),
      euxfelRunNumber: BigInt(run),
    })
  declareImages(file, count, description)
  file.attributes(DETECTOR, { name: karaboId })
  file.column(`${DETECTOR}/module_identifier`, 'i8', [...Array(modules).keys()])
  file.softLink('/entry_1/experiment_identifier', `${DETECTOR}/experiment_identifier`)
  file.softLink(`/${DETECTOR}`, 'entry_1/data_1')
  file.attributes('/', description.attributes)
  return file
}

function declareImages(file: NewFile, count: number, { detector, steps, recast }: CombinedDescription): void {
  const plane = [detector.slowScan, detector.fastScan]
  const shape = [count, detector.moduleCount, ...plane]
  const chunk = [1, 1, ...plane]
  // There are no photons that are no number: the mask tells that they are missing.
  if (recast && recast !== 'f4')
    file.declare(DATASETS.data, recast, { shape, chunk, deflate: 1, shuffle: true })
  else
    file.declare(DATASETS.data, 'f4', {
      ...{ shape, chunk, fill: MISSING.data },
      ...(recast && { deflate: 1, shuffle: true }),
    })
  file.declare(DATASETS.gain, 'u1', { shape, chunk, deflate: 1 })
  file.declare(DATASETS.mask, 'u4', { shape, chunk, deflate: 1, fill: MISSING.mask })
  for (const path of Object.values(DATASETS))
    file.attributes(path, {
      axes: 'experiment_identifier:module_identifier:y:x',
      ...(path === DATASETS.data && unitAttributes(steps)),
    })
}
