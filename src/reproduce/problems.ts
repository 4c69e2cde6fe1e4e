import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { software } from '../files/version.js'
import { grouped } from '../model/grouped.js'
import type { Problem } from '../model/problem.js'
import type { ConstantFinding, ReproducedFile } from './outcome.js'
import type { RecordedCorrection } from './recorded-correction.js'

/** Another build may give other numbers; mostly it does not. */
export function versionProblem({ madeBy, metadata }: RecordedCorrection): Problem[] {
  if (madeBy === software()) return []
  const message = `its files were made by ${madeBy}, and are made again by ${software()}`
  return [{ check: 'other_version', severity: 'warning', message, place: { file: metadata } }]
}

/** Constants that are not what was used then: errors where a file could not be reproduced for it. */
export function constantProblems(
  constants: readonly ConstantFinding[],
  files: readonly ReproducedFile[],
): Problem[] {
  const lost = new Set(files.filter(({ status }) => status === 'not reproduced').map(({ module }) => module))
  return constants
    .filter(({ status }) => status !== 'equal')
    .map(({ module: aggregator, calibration, file, dataset, status, where }) => {
      const module = Number(/\d+$/.exec(aggregator)?.[0])
      const severity = status !== 'unknown' && lost.has(module) ? ('error' as const) : ('warning' as const)
      const message = `${calibration} ${MEANING[status]}${status === 'different' ? `: ${where ?? DIFFERS}` : ''}`
      return { check: 'constant_changed', severity, message, place: { file, dataset, module } }
    })
}

const DIFFERS = 'the checksum of the file differs'

const MEANING = {
  equal: 'is what was used then',
  different: 'is not what was used then',
  beside:
    'is what was used then, but something else in its file has changed: the checksum of the file differs',
  missing: 'is not there any more. If the store has moved, name its folder with --catalogue',
  unknown: 'has no checksum in the metadata file: nobody knows whether it is what was used then',
} as const

/** CORR files beside the metadata file that it does not name. */
export function untoldFiles({ metadata, files }: RecordedCorrection): Problem[] {
  const folder = dirname(metadata)
  const told = grouped(files, ({ path }) => basename(path))
  const detector = /^\D+/.exec(files[0]?.aggregator ?? '')?.[0] ?? ''
  const message = 'is not in the metadata file, which does not say how it was made'
  return readdirSync(folder)
    .filter(name => name.startsWith('CORR-') && name.includes(`-${detector}`) && name.endsWith('.h5'))
    .filter(name => !told.has(name))
    .map(name => ({
      check: 'file_untold',
      severity: 'warning',
      message,
      place: { file: join(folder, name) },
    }))
}
