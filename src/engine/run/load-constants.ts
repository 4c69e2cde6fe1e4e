import { type ConstantSource, locateConstant } from '../../../constants/files/source.js'
import { calibrationsOf, medianCalibrationOf } from '../../corrections/planes.js'
import type { Detector } from '../../detectors/detector.js'
import { decodedChunk } from '../../hdf5/index.js'
import { ConstantsError, type Place } from '../../model/errors.js'
import type { Assignment } from '../contract/assignment.js'
import { type ConstantsTask, contentOfFile, findMedian, loadConstants } from '../contract/operations.js'
import type { PhaseTotals } from '../contract/phase-times.js'
import type { ModulePlan } from '../plan/plan.js'
import type { Engine } from '../threads/engine.js'
import type { Job, RunStop } from '../threads/job.js'

/** Rows of slow scan that share a page of a plane. */
const PAGE_ROWS = 8

/**
 * Jobs that a module's constants are cut into: two for each worker that falls to its lane, so that all have work to
 * the end, but no more, since long reads are fast ones.
 */
export function loadingJobs({ engine, lanes }: Pick<LoadContext, 'engine' | 'lanes'>): number {
  return 2 * Math.ceil(engine.pool.size / lanes)
}

/**
 * Rows of slow scan that one job loads. Compressed chunks are not cut, as each
 * job that needs a part of one inflates it wholly.
 */
function stripRows(rows: number, jobs: number, sources: Iterable<ConstantSource>): number {
  let strip = Math.ceil(rows / jobs / PAGE_ROWS) * PAGE_ROWS
  for (const { located, axes } of sources) {
    const chunk = decodedChunk(located)?.[axes.slowScan] ?? 1
    strip = Math.ceil(strip / chunk) * chunk
  }
  return Math.min(strip, rows)
}

/** What loading needs of the engine. */
export interface LoadContext {
  readonly detector: Detector
  readonly engine: Engine
  readonly stop: RunStop
  /** Lanes that modules go through side by side. */
  readonly lanes: number
  readonly phases: PhaseTotals
}

/** Constants of one module on their way into a lane. */
export interface ConstantsLoad {
  jobs(): AsyncGenerator<Job>
  /** Cells the constants lack, once all jobs are done. @throws what a job failed with. */
  finish(): readonly number[]
}

function notImported(place: Place): ConstantsError {
  return new ConstantsError('its content is not what was imported: the checksum of the file differs', {
    place,
    hint: 'Restore the file from a copy; detcal constants verify tells which others are damaged',
  })
}

/**
 * Finds a module's constants in their files and makes the jobs, one a strip of slow-scan rows, that fill the lane.
 * @throws ConstantsError naming file, dataset and module.
 */
export async function loadFromFiles(module: ModulePlan, context: LoadContext): Promise<ConstantsLoad> {
  const { chain, constants, cells } = module
  const { detector, engine, phases } = context
  const sources = new Map<string, ConstantSource>()
  const checked = new Set<string>()
  for (const name of calibrationsOf(chain.planes)) {
    const version = constants.constants.get(name)
    if (version === undefined) continue
    const source = await locateConstant(detector, version, module.module)
    sources.set(name, source)
    // Imported by an earlier detcal: all there is is the checksum of the file, which takes longer than loading.
    if (source.checksums || version.isChecked || checked.has(version.path)) continue
    checked.add(version.path)
    const { sha256 } = await engine.call(contentOfFile, { path: version.path })
    if (sha256 !== version.sha256) throw notImported(source.place)
  }
  const slopes = sources.get(medianCalibrationOf(chain.planes) ?? '')
  const median = slopes && (await engine.call(findMedian, { detector, source: slopes }))
  let error: unknown
  const missing = new Set<number>()

  const job = (from: number, to: number): Job => ({
    name: `module ${module.module}, constants of rows ${from} to ${to - 1}`,
    run: async (assignment: Assignment) => {
      const task: ConstantsTask = {
        ...assignment,
        detector,
        cells,
        planes: chain.planes,
        constants: sources,
        slowScan: [from, to],
        ...(median === undefined ? {} : { median }),
      }
      const { report, times } = await engine.pool.run(loadConstants, task)
      phases.merge(times)
      for (const cell of report.missingCells) missing.add(cell)
    },
    failed: cause => {
      error ??= cause
    },
  })
  return {
    async *jobs() {
      const strip = stripRows(detector.slowScan, loadingJobs(context), sources.values())
      for (let row = 0; row < detector.slowScan && error === undefined; row += strip)
        yield job(row, Math.min(row + strip, detector.slowScan))
    },
    finish: () => {
      if (error !== undefined) throw error
      return [...missing].sort((a, b) => a - b)
    },
  }
}
