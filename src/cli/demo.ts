#!/usr/bin/env node
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AGIPD_1M } from '../kits/agipd/record.js'
import { moduleIndex } from '../model/ids.js'
import { compareWithTruth, type Residuals } from '../simulator/closed-loop.js'
import type { SimulationOptions } from '../simulator/model/options.js'
import { EXIT } from './exit.js'
import { table } from './table.js'

/**
 * `npm run demo`: simulates dark runs and a photon run of 16 modules, characterises the dark runs, corrects the photon
 * run with constants from these alone, and compares it with the truth. It runs and shows the commands that a user would
 * run.
 */
const OUT = 'demo'
const MAIN = fileURLToPath(new URL('./main.js', import.meta.url))
const DARK_TRAINS = 32
const PHOTONS: SimulationOptions = {
  detector: AGIPD_1M,
  modules: Array.from({ length: AGIPD_1M.moduleCount }, (_, module) => moduleIndex(module)),
  proposal: 900_000,
  run: 4,
  trains: 16,
  cells: 2,
  trainsPerFile: 8,
  kind: 'photons',
  stage: undefined,
  energy: 9.2,
  switched: 0.02,
  seed: 1,
  formatVersion: '1.2',
}

function detcal(...args: readonly string[]): void {
  process.stdout.write(`\n$ detcal ${args.join(' ')}\n`)
  const { status, signal } = spawnSync(process.execPath, [MAIN, ...args], { stdio: 'inherit' })
  if (status !== EXIT.done) process.exit(status ?? (signal ? EXIT.problems : EXIT.internal))
}

const run = (number: number) => join(OUT, 'raw', `r000${number}`)
const simulate = (...args: readonly string[]) =>
  detcal('simulate', OUT, '--detector', PHOTONS.detector.id, '--cells', String(PHOTONS.cells), ...args)

rmSync(OUT, { recursive: true, force: true })
for (const [i, stage] of ['high', 'medium', 'low'].entries())
  simulate('--kind', 'dark', '--gain-stage', stage, '--run', String(i + 1), '--trains', String(DARK_TRAINS))
const catalogue = join(OUT, 'catalogue')
const report = join(OUT, 'dark.html')
detcal(
  ...['dark', '--high', run(1), '--medium', run(2), '--low', run(3)],
  ...['--catalogue', catalogue, '--report', report],
)
// The simulator's own constants are not in the catalogue: the correction uses only those of the dark runs.
const truth = join(OUT, 'truth.h5')
simulate(
  ...['--run', String(PHOTONS.run), '--trains', String(PHOTONS.trains)],
  ...['--trains-per-file', String(PHOTONS.trainsPerFile), '--switched', String(PHOTONS.switched)],
  ...['--truth', truth, '--catalogue', join(OUT, 'catalogue-of-the-simulator')],
)
detcal('inspect', run(4))
const corrected = join(OUT, 'proc', 'r0004')
const combined = join(OUT, 'r0004.cxi')
detcal('correct', run(4), '--out', corrected, '--catalogue', catalogue, '--combined', combined)
detcal('validate', corrected)

process.stdout.write('\nCorrected minus simulated signal, ADU, over all pixels that are not masked:\n')
const residuals = await compareWithTruth({ options: PHOTONS, truth, corrected, darkTrains: DARK_TRAINS })
process.stdout.write(residualText(residuals))
process.stdout.write(`
RAW files       ${resolve(OUT, 'raw')}   (darks r0001 to r0003, photons r0004)
constants       ${resolve(catalogue)}
dark report     ${resolve(report)}
CORR files      ${resolve(corrected)}   (EXtra-data: RunDirectory, AGIPD1M)
combined frames ${resolve(combined)}   (CrystFEL, h5py)
`)

function residualText({ stages, pixels, worst, peaks, masked, misassigned }: Residuals): string {
  const figures = (values: readonly number[]) => values.map(value => value.toFixed(3))
  const rows = stages.map(({ values, bias, rms, predicted }, stage) => [
    ['high', 'medium', 'low'][stage] ?? '',
    String(values),
    ...figures([bias, rms, predicted, rms / predicted]),
  ])
  return [
    table(['gain', 'values', 'bias', 'rms', 'predicted rms', 'ratio'], rows),
    `single (cell, pixel): rms over trains / predicted ${pixels.rms.toFixed(3)}`,
    `largest bias of a memory cell ${worst.cell.toFixed(3)}, of an ASIC ${worst.asic.toFixed(3)}, of the seams of ASICs ${worst.seam.toFixed(3)}`,
    `peaks of 0, 1, 2 photons are off by ${figures(peaks).join(', ')}`,
    `${masked} pixels masked, ${misassigned} taken for another gain stage`,
    '',
  ].join('\n')
}
