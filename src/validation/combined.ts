import { type Hdf5File, readHdf5 } from '../hdf5/index.js'
import { isTrainId } from '../model/ids.js'
import type { Problem } from '../model/problem.js'

const DETECTOR = 'entry_1/instrument_1/detector_1'
const PLANES = { data: 'f4', gain: 'u1', mask: 'u4' } as const

/** Whether a file has the layout of a combined file: `detector_1/data` of EXtra-data's virtual CXI. */
export function isCombined(path: string): Promise<boolean> {
  return readHdf5(path, file => file.dataset(`${DETECTOR}/data`) !== undefined).catch(() => false)
}

/**
 * What is wrong with a combined file: planes, ids and frames that do not fit together, no word of how it was made.
 * @throws DataError if it cannot be read
 */
export function combinedProblems(path: string): Promise<Problem[]> {
  return readHdf5(path, file =>
    [...faults(file)].map(({ message, dataset }) => ({
      ...{ check: 'combined_file', severity: 'error' as const, message },
      place: { file: path, ...(dataset === undefined ? {} : { dataset }) },
    })),
  )
}

function* faults(file: Hdf5File): Generator<{ message: string; dataset?: string }> {
  const shape = file.dataset(`${DETECTOR}/data`)?.shape ?? []
  const [frames = 0, modules = 0] = shape
  for (const [name, dtype] of Object.entries(PLANES)) {
    const dataset = `${DETECTOR}/${name}`
    const plane = file.dataset(dataset)
    const found = plane && `${plane.type.name} (${plane.shape.join(', ')})`
    const due = `${dtype} (${shape.join(', ')})`
    if (found === undefined) yield { message: 'this dataset is missing', dataset }
    else if (found !== due || shape.length !== 4) yield { message: `is ${found}, expected ${due}`, dataset }
  }
  for (const [dataset, due] of [
    ['entry_1/trainId', [frames]],
    ['entry_1/pulseId', [frames]],
    ['entry_1/cellId', [frames, modules]],
    ['entry_1/experiment_identifier', [frames]],
  ] as const) {
    const found = file.dataset(dataset)?.shape.join(', ')
    if (found === undefined) yield { message: 'this dataset is missing', dataset }
    else if (found !== due.join(', '))
      yield { message: `has shape (${found}), expected (${due.join(', ')})`, dataset }
  }
  yield* faultsOfTrains(file, frames)
  for (const name of ['detcal_software', 'detcal_created', 'detcal_options'])
    if (file.attribute('/', name) === undefined) yield { message: `lacks the attribute ${name}` }
}

function* faultsOfTrains(file: Hdf5File, frames: number): Generator<{ message: string; dataset: string }> {
  const path = 'entry_1/trainId'
  const dataset = file.dataset(path)
  if (dataset?.shape.join() !== String(frames)) return
  const ids = Array.from(dataset.read([0], [frames]), Number)
  const odd = ids.find((id, frame) => !isTrainId(id) || id < (ids[frame - 1] ?? 0))
  if (odd !== undefined) yield { message: `train ${odd} cannot be, or is out of order`, dataset: path }
}
