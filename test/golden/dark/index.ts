import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Dataset } from '../../../src/hdf5/library.js'
import { type ModuleSpec, put, sourceOf, writeModule } from '../../helpers/exdf.js'

/** What `make_dark.py` found; arrays of bits are by stage. */
export interface GoldenDark {
  readonly stages: readonly { readonly trains: number; readonly cells: readonly number[] }[]
  readonly sha256: Readonly<Record<'Offset' | 'Noise' | 'ThresholdsDark' | 'BadPixelsDark', string>>
  readonly bits: readonly Readonly<Record<string, number>>[]
  /** Sum of all samples of the first frame. */
  readonly first: number
}

export const GOLDEN_DARK = JSON.parse(
  readFileSync(join(import.meta.dirname, 'expected.json'), 'utf8'),
) as GoldenDark

const PIXELS = 512 * 128

/** A hash of 32 bits. */
export function mix(x: number): number {
  x ^= x >>> 16
  x = Math.imul(x, 0x85ebca6b)
  x ^= x >>> 13
  x = Math.imul(x, 0xc2b2ae35)
  return (x ^ (x >>> 16)) >>> 0
}

/** One frame, `[plane][pixel]`: the twin of `frame` in make_dark.py. */
export function goldenFrame(stage: number, train: number, cell: number): Uint16Array {
  const raw = new Uint16Array(2 * PIXELS)
  for (let p = 0; p < PIXELS; p++) {
    const h = mix(p + PIXELS * (cell + 16 * (train + 1024 * stage)))
    const own = mix(p + 7)
    const dead = p % 977 === 5
    const signal = 4900 + 1500 * stage + (own % 200) + (h & 31) + ((h >>> 5) & 31) - 31
    const gain = 6000 + 1500 * stage + ((own >>> 8) % 64) + ((h >>> 10) & 63) + ((h >>> 16) & 63) - 63
    raw[p] = p % 1009 === 7 ? (h & 1 ? 65535 : 0) : dead ? 0 : signal
    raw[PIXELS + p] = p % 811 === 3 ? 7000 : dead ? 0 : gain
  }
  return raw
}

/**
 * Writes the dark run of one stage as `<folder>/rNNNN`: two sequence files of module 3.
 * @param more damage, or another module.
 */
export async function writeGoldenRun(
  folder: string,
  stage: number,
  { compressed = false, ...more }: Partial<ModuleSpec> & { compressed?: boolean } = {},
  trains = GOLDEN_DARK.stages[stage]?.trains ?? 0,
): Promise<string> {
  const path = join(folder, `r000${stage + 1}`)
  mkdirSync(path, { recursive: true })
  const cells = GOLDEN_DARK.stages[stage]?.cells ?? []
  const split = Math.min(4, trains)
  for (const [sequence, [from, to]] of [
    [0, split],
    [split, trains],
  ].entries()) {
    const list = Array.from({ length: (to ?? 0) - (from ?? 0) }, (_, i) => (from ?? 0) + i)
    if (list.length === 0) continue
    const spec: ModuleSpec = {
      module: 3,
      sequence,
      run: stage + 1,
      trainIds: list.map(train => 1000 * (stage + 1) + train),
      counts: list.map(() => cells.length),
      cellIds: list.flatMap(() => cells),
      timestamps: list.map(train => 1_700_000_000_000_000_000n + BigInt(stage * 3600 * 1e9 + train * 1e8)),
      without: compressed ? [`INSTRUMENT/${sourceOf({ module: 3, ...more })}/image/data`] : [],
      also: (file, root) => {
        if (compressed)
          put(file, `${root}/image/data`, new Uint16Array(list.length * cells.length * 2 * PIXELS), {
            shape: [list.length * cells.length, 2, 512, 128],
            chunks: [1, 2, 512, 128],
            compression: 1,
          })
        const data = file.get(`${root}/image/data`) as Dataset
        list.forEach((train, t) => {
          cells.forEach((cell, c) => {
            const row = t * cells.length + c
            data.write_slice([[row, row + 1], [], [], []], goldenFrame(stage, train, cell))
          })
        })
      },
      ...more,
    }
    await writeModule(path, spec)
  }
  return path
}
