import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { makeFolders } from '../files/folders.js'
import { DataError } from '../model/errors.js'
import type { Problem } from '../model/problem.js'
import { checkConstants } from './check-constants.js'
import type { ReproducedFile, Reproduction } from './outcome.js'
import { constantProblems, untoldFiles, versionProblem } from './problems.js'
import { recordedCorrection } from './recorded-correction.js'
import { type AgainOptions, takeAgain } from './take-again.js'
import { takesOf } from './takes.js'

/** Which correction is made once more, and where. */
export interface ReproductionRequest {
  /** Its `calibration_metadata_<DET>.yml`; the CORR files lie beside it. */
  readonly metadata: string
  /** Folder of the RAW run, if it has moved. */
  readonly run?: string
  /** Folder of the catalogue or store that has the constants, if they have moved. */
  readonly constantsRoot?: string
  /** Folder in which a temporary one is made; absent: the system's. */
  readonly out?: string
}

/**
 * Makes a correction once more as its metadata file tells it: same options, constants by their checksums. Modules are
 * corrected one after the other into a temporary folder, and every file is held against the one there was, bit by bit.
 * @throws UsageError if the metadata file is not detcal's. @throws DataError if its RAW run is not there.
 */
export async function reproduce(
  request: ReproductionRequest,
  options: AgainOptions = {},
): Promise<Reproduction> {
  const recorded = await recordedCorrection(request.metadata)
  const run = resolve(request.run ?? recorded.run)
  if (!existsSync(run))
    throw new DataError('the RAW run of this correction is not there any more', {
      place: { file: run },
      hint: 'State with --run where it is now',
    })
  const constants = await checkConstants(recorded.metadata, request.constantsRoot)
  const parent = resolve(request.out ?? tmpdir())
  makeFolders(parent)
  const folder = mkdtempSync(join(parent, 'detcal-reproduce-'))
  try {
    const files: ReproducedFile[] = []
    const problems: Problem[] = []
    for (const take of await takesOf(recorded, folder)) {
      const found = await takeAgain(take, { run, constantsRoot: request.constantsRoot, folder }, options)
      files.push(...found.files)
      problems.push(...found.problems)
    }
    files.sort((a, b) => (a.file < b.file ? -1 : 1))
    const { metadata, madeBy, created } = recorded
    const equal = files.every(({ status }) => status === 'equal')
    return {
      ...{ equal, metadata, run, madeBy, created, files, constants },
      problems: [
        ...versionProblem(recorded),
        ...constantProblems(constants, files),
        // What was wrong with the run was so then, too.
        ...problems.map(problem => (equal ? { ...problem, severity: 'warning' as const } : problem)),
        ...untoldFiles(recorded),
      ],
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
