import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { AGIPD_1M } from '../../src/kits/agipd/record.js'
import { moduleIndex } from '../../src/model/ids.js'
import { simulate } from '../../src/simulator/simulate.js'
import { kept } from '../kept.js'
import { PIXELS } from '../kernels/workload.js'
import type { SuiteOptions } from '../suite.js'

/** Dark runs of AGIPD, one a stage. */
export interface DarkDataset {
  readonly runs: { readonly high: string; readonly medium: string; readonly low: string }
  readonly rawFiles: readonly string[]
  readonly modules: number
  readonly cells: number
  /** Of all frames of all stages. */
  readonly pixels: number
  readonly rawBytes: number
}

/** The dark runs of this shape, simulated unless an earlier benchmark left them in the scratch folder. */
export async function darkDataset(
  { modules, cells, trains }: { readonly modules: number; readonly cells: number; readonly trains: number },
  { scratch, seed, signal, onProgress }: Pick<SuiteOptions, 'scratch' | 'seed' | 'signal' | 'onProgress'>,
): Promise<DarkDataset> {
  const folder = join(scratch, `run-dark-${modules}x${cells}x${trains}-seed${seed}`)
  await kept(folder, async () => {
    onProgress(`simulating dark runs of ${modules} modules × ${cells} cells × ${trains} trains in ${folder}`)
    for (const stage of [0, 1, 2] as const)
      await simulate(
        {
          detector: AGIPD_1M,
          modules: Array.from({ length: modules }, (_, module) => moduleIndex(module)),
          proposal: 900_000,
          run: stage + 1,
          trains,
          cells,
          trainsPerFile: 256,
          kind: 'dark',
          stage,
          energy: 9.2,
          switched: 0,
          seed,
          formatVersion: '1.2',
        },
        { out: folder, catalogue: join(folder, 'unused'), signal },
      )
  })
  const [high = '', medium = '', low = ''] = [1, 2, 3].map(run => join(folder, 'raw', `r000${run}`))
  const rawFiles = [high, medium, low].flatMap(run =>
    readdirSync(run)
      .filter(file => file.includes('AGIPD'))
      .sort()
      .map(file => join(run, file)),
  )
  return {
    runs: { high, medium, low },
    ...{ rawFiles, modules, cells },
    pixels: 3 * modules * cells * trains * PIXELS,
    rawBytes: rawFiles.reduce((bytes, file) => bytes + statSync(file).size, 0),
  }
}
