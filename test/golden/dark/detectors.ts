import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Dataset } from '../../../src/hdf5/library.js'
import { writeModule } from '../../helpers/exdf.js'
import { mix } from './index.js'

/** What `make_detectors.py` found. */
export interface GoldenDetector {
  /** By stage. */
  readonly trains: readonly number[]
  readonly cells: number
  readonly sha256: Readonly<Record<'Offset' | 'Noise' | 'BadPixelsDark', string>>
  /** (pixel, cell, stage) with any bit. */
  readonly bad: number
  /** Sum of the signal of the first frame. */
  readonly first: number
}

export type GoldenName = 'lpd' | 'lpd-parallel' | 'dssc'

export const GOLDEN_DETECTORS = JSON.parse(
  readFileSync(join(import.meta.dirname, 'detectors.json'), 'utf8'),
) as Readonly<Record<GoldenName, GoldenDetector>>

const PIXELS = 65_536
const LPD = { karaboId: 'FXE_DET_LPD1M-1', frame: [1, 256, 256], file: 'LPD' }
const DSSC = { karaboId: 'SCS_DET_DSSC1M-1', frame: [1, 128, 512], file: 'DSSC' }

/** The signal of one frame: the twin of `lpd` and `dssc` in make_detectors.py. */
export function goldenSignal(name: GoldenName, stage: number, train: number, cell: number): Uint16Array {
  const signal = new Uint16Array(PIXELS)
  for (let p = 0; p < PIXELS; p++) {
    const h = mix(p + PIXELS * (cell + 16 * (train + 1024 * stage)))
    const own = mix(p + 7)
    const dead = p % 977 === 5
    const odd = p % 1009 === 7
    if (name === 'dssc')
      signal[p] = odd ? (h & 1 ? 0 : 255) : dead ? 0 : 40 + (own % 20) + (h & 1) + ((h >>> 3) & 1)
    else {
      const usual = 700 + 150 * stage + (own % 100) + (h & 15) + ((h >>> 5) & 15) - 15
      signal[p] = odd ? (h & 1 ? 4095 : 0) : dead ? 0 : usual
    }
  }
  return signal
}

/**
 * Writes a dark run of module 3 as `<folder>/rNNNN`. Of LPD's stages each has the gain bits of its own, but in parallel
 * gain, where a run has all of them one behind the other and the ids of all but the first are junk.
 */
export async function writeGoldenDetector(folder: string, name: GoldenName, stage = 0): Promise<string> {
  const { trains, cells } = GOLDEN_DETECTORS[name]
  const stages = name === 'lpd-parallel' ? [0, 1, 2] : [stage]
  const { karaboId, frame, file: part } = name === 'dssc' ? DSSC : LPD
  const list = Array.from({ length: trains[stage] ?? 0 }, (_, train) => train)
  const path = join(folder, `r000${stage + 1}`)
  mkdirSync(path, { recursive: true })
  const ids = stages.flatMap((_, part) =>
    Array.from({ length: cells }, (_, cell) => (part === 0 ? cell : 777)),
  )
  await writeModule(path, {
    ...{ module: 3, run: stage + 1, karaboId, frame, name: `RAW-R0001-${part}03-S00000.h5` },
    trainIds: list.map(train => 1000 * (stage + 1) + train),
    counts: list.map(() => cells * stages.length),
    cellIds: list.flatMap(() => ids),
    pulseIds: list.flatMap(() => ids),
    also: (file, root) => {
      const data = file.get(`${root}/image/data`) as Dataset
      let row = 0
      for (const train of list)
        for (const of of stages)
          for (let cell = 0; cell < cells; cell++, row++) {
            const bits = name === 'lpd' ? of << 12 : 0
            const raw = goldenSignal(name, of, train, cell).map(value => value | bits)
            data.write_slice([[row, row + 1], [], [], []], raw)
          }
    },
  })
  return path
}
