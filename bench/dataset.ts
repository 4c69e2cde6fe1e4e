import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { AGIPD_1M } from '../src/kits/agipd/record.js'
import type { ModuleIndex } from '../src/model/ids.js'
import { simulate } from '../src/simulator/simulate.js'
import { kept } from './kept.js'
import { PIXELS } from './kernels/workload.js'
import type { SuiteOptions } from './suite.js'

/** What is simulated: the same numbers give the same bytes. */
export interface DatasetShape {
  readonly modules: number
  readonly cells: number
  readonly trains: number
  /** Share of pixels that left high gain. */
  readonly switched: number
}

/** A simulated run with its constants. */
export interface Dataset extends DatasetShape {
  readonly run: string
  readonly catalogue: string
  readonly rawFiles: readonly string[]
  readonly frames: number
  readonly pixels: number
  readonly rawBytes: number
}

/** The run of this shape, simulated unless an earlier benchmark left it in the scratch folder. */
export async function dataset(
  shape: DatasetShape,
  { scratch, seed, signal, onProgress }: Pick<SuiteOptions, 'scratch' | 'seed' | 'signal' | 'onProgress'>,
): Promise<Dataset> {
  const { modules, cells, trains, switched } = shape
  const name = `run-${modules}x${cells}x${trains}-${switched}-seed${seed}`
  const folder = join(scratch, name)
  const catalogue = join(folder, 'catalogue')
  await kept(folder, async () => {
    onProgress(`simulating ${modules} modules × ${cells} cells × ${trains} trains in ${folder}`)
    await simulate(
      {
        detector: AGIPD_1M,
        modules: Array.from({ length: modules }, (_, i) => i as ModuleIndex),
        proposal: 900_000,
        run: 1,
        trains,
        cells,
        trainsPerFile: 256,
        kind: 'photons',
        stage: undefined,
        energy: 9.2,
        switched,
        seed,
        formatVersion: '1.2',
      },
      { out: folder, catalogue, signal },
    )
  })
  const run = join(folder, 'raw', 'r0001')
  const rawFiles = readdirSync(run)
    .filter(file => file.includes('AGIPD'))
    .sort()
    .map(file => join(run, file))
  const frames = modules * cells * trains
  return {
    ...shape,
    run,
    catalogue,
    rawFiles,
    frames,
    pixels: frames * PIXELS,
    rawBytes: rawFiles.reduce((bytes, file) => bytes + statSync(file).size, 0),
  }
}
