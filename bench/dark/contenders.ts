import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { darkRun } from '../../src/engine/dark/dark-run.js'
import { prepareDark } from '../../src/engine/dark/prepare.js'
import { Engine } from '../../src/engine/threads/engine.js'
import { software } from '../../src/files/version.js'
import { runProcess } from '../batch/process.js'
import { PACKAGE_ROOT } from '../machine.js'
import { findPython, PEERS, timesOf } from '../peer.js'
import type { Sample } from '../result.js'
import { type Contender, timePrepared } from '../rounds.js'
import type { DarkDataset } from './dataset.js'

/** How dark runs are characterised. */
export interface DarkSetup {
  readonly data: DarkDataset
  readonly workers: number
  /** Folder that catalogues go to. */
  readonly folder: string
  readonly signal: AbortSignal
}

/**
 * In a process that runs already, its threads started as those are that read plainly: opening the runs, constants,
 * catalogue. What a pass before left is removed, and threads are started, before it counts.
 */
export function characterising({ data, workers, folder, signal }: DarkSetup): Contender {
  const catalogue = join(folder, 'catalogue')
  const prepare = async (): Promise<Engine> => {
    rmSync(catalogue, { recursive: true, force: true })
    const engine = await Engine.start({ workers })
    await engine.ready()
    return engine
  }
  const pass = async (engine: Engine): Promise<void> => {
    try {
      const plan = await prepareDark({ runs: data.runs, catalogue }, { workers })
      await darkRun(plan, { catalogue, software: software(), signal, engine })
    } finally {
      await engine.close()
    }
  }
  return {
    implementation: `detcal, ${workers} ${workers === 1 ? 'worker' : 'workers'}`,
    note: 'threads started before, as for the plain read',
    run: passes => timePrepared(passes, prepare, pass),
  }
}

/** The command, its start included. */
export function darkProcess({ data, workers, folder, signal }: DarkSetup): Contender {
  const catalogue = join(folder, 'catalogue')
  const { high, medium, low } = data.runs
  const args = [
    ...[join(PACKAGE_ROOT, 'dist', 'src', 'cli', 'main.js'), 'dark'],
    ...['--high', high, '--medium', medium, '--low', low],
    ...['--catalogue', catalogue, '--workers', String(workers)],
  ]
  let peak = 0
  return {
    implementation: 'detcal, a process of its own',
    run: async () => {
      rmSync(catalogue, { recursive: true, force: true })
      const sample = await runProcess(process.execPath, args, signal)
      peak = Math.max(peak, sample.peakBytes)
      return sample
    },
    details: () => ({ 'peak MiB': peak / 2 ** 20 }),
  }
}

/** Numpy's median and standard deviation of one cell of each file, times the number of cells; none without Python. */
export function numpyMedians({ data, signal }: DarkSetup): Contender[] {
  const python = findPython('h5py', 'numpy')
  if (python === undefined) return []
  const args = [join(PEERS, 'dark.py'), String(data.cells), ...data.rawFiles]
  return [
    {
      implementation: 'numpy, one process',
      note: 'h5py, numpy.median and numpy.std of one cell, times the number of cells',
      run: async () => {
        const { stdout } = await runProcess(python, args, signal)
        return scaled(timesOf(JSON.parse(stdout), 'numpy'), data.cells)
      },
    },
  ]
}

function scaled({ ns, cpuNs }: Required<Sample>, factor: number): Sample {
  return { ns: ns * factor, cpuNs: cpuNs * factor }
}
