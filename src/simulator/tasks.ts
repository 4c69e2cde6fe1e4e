import { writeConstants } from '../../constants/files/write.js'
import { asOutputError } from '../files/errors.js'
import { KITS, kitOf } from '../kits/index.js'
import type { DetectorKit } from '../kits/kit.js'
import { type ErrorRecord, recordOf } from '../model/errors.js'
import type { ModuleIndex } from '../model/ids.js'
import { constantsOf } from './constants.js'
import type { ModuleModel } from './model/module-model.js'
import type { SimulationOptions } from './model/options.js'
import { modelModule } from './model-module.js'
import { type RawFileTask, writeRawFile } from './raw-file.js'

/** The constants of one module to be written. */
export interface ConstantsFileTask {
  readonly options: SimulationOptions
  readonly module: ModuleIndex
  readonly pdu: string
  readonly path: string
}

/** What a worker thread of the simulator does. */
export type SimulationTask =
  | ({ readonly kind: 'raw' } & RawFileTask)
  | ({ readonly kind: 'constants' } & ConstantsFileTask)

/**
 * Does a task, on a thread that finds the detector among its own `kits`: a kit has functions, which cannot be posted.
 * @returns undefined, or what went wrong: error classes do not survive posting.
 */
export async function runTask(
  task: SimulationTask,
  kits: readonly DetectorKit[] = KITS,
): Promise<ErrorRecord | undefined> {
  try {
    const kit = kitOf(task.options.detector, kits)
    const model = modelOf(kit, task)
    if (task.kind === 'raw') {
      await writeRawFile(task, kit, model)
    } else {
      await writeConstants(task.path, constantsOf(kit, model, task.pdu))
    }
    return undefined
  } catch (error) {
    return recordOf(asOutputError(error, task.path))
  }
}

/** The thread's last model: its next task is often the same module's. */
let last: { readonly name: string; readonly model: ModuleModel } | undefined

function modelOf(kit: DetectorKit, { options, module }: SimulationTask): ModuleModel {
  const { detector, cells, energy, seed } = options
  const name = [detector.id, module, cells, energy, seed].join()
  if (last?.name !== name) last = { name, model: modelModule(kit, module, cells, energy, seed) }
  return last.model
}
