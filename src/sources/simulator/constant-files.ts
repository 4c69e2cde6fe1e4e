import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { importConstants } from '../../../constants/import.js'
import { SqliteCatalogue } from '../../../constants/sqlite-catalogue.js'
import { folderOf } from '../../../constants/store.js'
import { type ModuleIndex, twoDigits } from '../../model/ids.js'
import { conditionsOfRun } from './control-description.js'
import type { SimulationOptions } from './options.js'
import { keyOf } from './random.js'
import type { ConstantsTask } from './tasks.js'
import { constantsBegin } from './timeline.js'

/** The physical unit that stands for a module in simulated runs. */
export function pduOf({ detector }: Pick<SimulationOptions, 'detector'>, module: ModuleIndex): string {
  return `${detector.aggregator}_SIM_M${twoDigits(module)}`
}

/** A task for each module: its constants, written right into the store of the catalogue under a name that is free. */
export function planConstants(options: SimulationOptions, catalogue: string): ConstantsTask[] {
  const { detector, modules, seed, cells, energy } = options
  const seconds = constantsBegin(seed).getTime() / 1000
  // The fraction of a second tells apart what constants depend on.
  let fraction = (keyOf(seed, 'module', cells, Math.round(energy * 1e6)).a >>> 0) % 500_000
  return modules.map(module => {
    const pdu = pduOf(options, module)
    const folder = join(catalogue, folderOf(detector.type, pdu))
    const path = () => join(folder, `cal.${seconds}.${String(fraction).padStart(6, '0')}.h5`)
    while (existsSync(path())) fraction++
    return { options, module, pdu, path: path() }
  })
}

/**
 * Enters the constants that the tasks wrote. Those that the catalogue has already, to the byte, are not kept twice.
 * @throws ConstantsError
 */
export async function enterConstants(catalogue: string, tasks: readonly ConstantsTask[]): Promise<void> {
  const open = SqliteCatalogue.open(catalogue, 'write')
  try {
    for (const { options, module, pdu, path } of tasks) {
      const { detector } = options
      const { versions } = await importConstants(open, {
        files: [path],
        detector,
        detectorName: detector.karaboId,
        module,
        pdu,
        // Of the seed, without the fraction in the name: all modules change at once.
        beginAt: constantsBegin(options.seed),
        conditions: conditionsOfRun(options),
      })
      if (versions.every(({ isNew }) => !isNew)) rmSync(path, { force: true })
    }
  } finally {
    open.close()
  }
}
