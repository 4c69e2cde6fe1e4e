import { writeConstants } from '../../constants/files/write.js'
import { type ErrorRecord, recordOf } from '../model/errors.js'
import type { ModuleIndex } from '../model/ids.js'
import { asOutputError } from './chunk-file.js'
import { constantsOf } from './constants.js'
import { type ModuleModel, modelModule } from './module-model.js'
import type { SimulationOptions } from './options.js'
import { type RawFileTask, writeRawFile } from './raw-file.js'

/** The constants of one module to be written. */
export interface ModuleConstantsTask {
  readonly options: SimulationOptions
  readonly module: ModuleIndex
  readonly pdu: string
  readonly path: string
}

/** What a worker thread of the simulator does. */
export type SimulationTask =
  | ({ readonly kind: 'raw' } & RawFileTask)
  | ({ readonly kind: 'constants' } & ModuleConstantsTask)

/** The thread's answer: undefined, or what went wrong, since error classes do not survive the way. */
export async function runTask(task: SimulationTask): Promise<ErrorRecord | undefined> {
  try {
    const model = modelOf(task)
    if (task.kind === 'raw') {
      await writeRawFile(task, model)
    } else {
      await writeConstants(task.path, constantsOf(task.options.detector, model, task.pdu))
    }
    return undefined
  } catch (error) {
    return recordOf(asOutputError(error, task.path))
  }
}

/** The model of the module that the thread had last: its next task is often the same module's. */
let last: { readonly name: string; readonly model: ModuleModel } | undefined

function modelOf({ options, module }: SimulationTask): ModuleModel {
  const { detector, cells, energy, seed } = options
  const name = [detector.id, module, cells, energy, seed].join()
  if (last?.name !== name) last = { name, model: modelModule(detector, module, cells, energy, seed) }
  return last.model
}
