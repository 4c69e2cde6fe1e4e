import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type ClaimedFile, claimName } from '../../constants/catalogue/claims.js'
import { importConstants } from '../../constants/catalogue/import.js'
import { SqliteCatalogue } from '../../constants/catalogue/sqlite-catalogue.js'
import { folderOf } from '../../constants/catalogue/store.js'
import { asOutputError } from '../files/errors.js'
import { makeFolders } from '../files/folders.js'
import { partOf } from '../files/parts.js'
import { type DetectorKit, simulatedOf } from '../kits/kit.js'
import { type ModuleIndex, twoDigits } from '../model/ids.js'
import type { SimulationOptions } from './model/options.js'
import { keyOf } from './model/random.js'
import { constantsBegin } from './model/timeline.js'
import type { ConstantsFileTask } from './tasks.js'

/** The PDU of a module in simulated runs. */
export function pduOf({ detector }: Pick<SimulationOptions, 'detector'>, module: ModuleIndex): string {
  return `${detector.aggregator}_SIM_M${twoDigits(module)}`
}

/** The constants of a run, before they enter a catalogue. */
export interface ConstantsPlan {
  readonly catalogue: string
  /** Folder in the catalogue that nobody else reads: its content is removed in any case. */
  readonly staging: string
  readonly tasks: readonly ConstantsFileTask[]
  /** The conditions they are valid for. */
  readonly conditions: Readonly<Record<string, number>>
}

/** A task for each module, which writes its constants into a staging folder of the catalogue. */
export function planConstants(
  kit: DetectorKit,
  options: SimulationOptions,
  catalogue: string,
): ConstantsPlan {
  const staging = partOf(join(catalogue, '.simulate'))
  const tasks = options.modules.map(module => {
    const pdu = pduOf(options, module)
    return { options, module, pdu, path: join(staging, pdu) }
  })
  /** The run's, except for the gain mode: simulated constants are valid in all of them. */
  const { 'Gain mode': _, ...conditions } = simulatedOf(kit).conditionsOf(options)
  return { catalogue, staging, tasks, conditions }
}

/**
 * Moves what the tasks wrote into the catalogue's store and enters it. Constants that the catalogue already has, byte
 * for byte, are not stored twice.
 * @throws ConstantsError, OutputError
 */
export async function enterConstants({ catalogue, tasks, conditions }: ConstantsPlan): Promise<void> {
  const open = SqliteCatalogue.open(catalogue, 'write')
  try {
    for (const task of tasks) await enter(open, task, conditions)
  } catch (error) {
    throw asOutputError(error, catalogue)
  } finally {
    open.close()
  }
}

async function enter(
  catalogue: SqliteCatalogue,
  { options, module, pdu, path }: ConstantsFileTask,
  conditions: ConstantsPlan['conditions'],
): Promise<void> {
  const { detector } = options
  const folder = join(catalogue.root, folderOf(detector.type, pdu))
  makeFolders(folder)
  const { file, claim } = nameIn(folder, path, options)
  let isNew = false
  try {
    const { versions } = await importConstants(catalogue, {
      files: [file],
      detector,
      detectorName: detector.karaboId,
      module,
      pdu,
      // Of the seed, without the fraction in the name: all modules change at once.
      beginAt: constantsBegin(options.seed),
      conditions,
    })
    isNew = versions.some(entered => entered.isNew)
  } finally {
    if (!isNew) rmSync(file, { force: true })
    claim.settle()
  }
}

/** Gives a file the name `cal.<epoch>.h5`; the fraction of a second tells apart what constants depend on besides the seed. */
function nameIn(
  folder: string,
  path: string,
  { seed, cells, energy }: SimulationOptions,
): { file: string; claim: ClaimedFile } {
  const seconds = constantsBegin(seed).getTime() / 1000
  const first = (keyOf(seed, 'module', cells, Math.round(energy * 1e6)).a >>> 0) % 500_000
  for (let fraction = first; ; fraction++) {
    const file = join(folder, `cal.${seconds}.${String(fraction).padStart(6, '0')}.h5`)
    const claim = claimName(path, file)
    if (claim) return { file, claim }
  }
}
