import { join } from 'node:path'
import { importConstants } from '../../constants/catalogue/import.js'
import { SqliteCatalogue } from '../../constants/catalogue/sqlite-catalogue.js'
import { DSSC_1M } from '../../src/kits/dssc/record.js'
import { moduleIndex } from '../../src/model/ids.js'
import { simulate } from '../../src/simulator/simulate.js'
import { kept } from '../kept.js'
import type { Peer } from '../peer.js'
import type { SuiteOptions } from '../suite.js'

/** A run of one DSSC module with photons in 1 % of the pixels and whole numbers as offsets, as photonised data are. */
export async function photonDataset(
  { cells, trains }: { readonly cells: number; readonly trains: number },
  { scratch, seed, signal, onProgress }: Pick<SuiteOptions, 'scratch' | 'seed' | 'signal' | 'onProgress'>,
  peer: Peer,
): Promise<{ readonly run: string; readonly catalogue: string; readonly frames: number }> {
  const folder = join(scratch, `run-photons-${cells}x${trains}-seed${seed}`)
  const run = join(folder, 'raw', 'r0001')
  const catalogue = join(folder, 'catalogue')
  await kept(folder, async () => {
    onProgress(`simulating ${cells} cells × ${trains} trains with few photons in ${folder}`)
    const detector = DSSC_1M
    const shape = { detector, modules: [moduleIndex(0)], trains, cells, trainsPerFile: trains }
    const physics = { kind: 'dark', stage: undefined, energy: 0.7, switched: 0, seed } as const
    await simulate(
      { ...shape, ...physics, proposal: 900_000, run: 1, formatVersion: '1.2' },
      { out: folder, catalogue, signal },
    )
    const constants = join(folder, 'cal.1.h5')
    await peer.ask('photons', join(run, 'RAW-R0001-DSSC00-S00000.h5'), constants)
    const opened = SqliteCatalogue.open(catalogue, 'write')
    try {
      await importConstants(opened, {
        ...{ files: [constants], detector, detectorName: detector.karaboId },
        ...{ module: moduleIndex(0), pdu: 'DSSC_0', beginAt: new Date('2020-01-01') },
      })
    } finally {
      opened.close()
    }
  })
  return { run, catalogue, frames: cells * trains }
}
