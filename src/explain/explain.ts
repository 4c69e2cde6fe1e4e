import {
  EXPLAINED,
  type Explained,
  type OpenCorrections,
  type StepReading,
} from '../corrections/open/readings.js'
import { DataError, UsageError } from '../model/errors.js'
import { given } from '../model/given.js'
import { openRun } from '../sources/run/open-run.js'
import { parseModules } from '../sources/run/query.js'
import type { Run, StoredRun } from '../sources/run/run.js'
import { openStoredRun } from '../sources/run/stored-run.js'
import { choicesOf, type Decided, type OperationsOfModules } from './candidates.js'
import { chainsOf, type OpenChains } from './chains.js'
import { describeParts } from './describe-parts.js'
import type { ExplainedDataset, Explanation } from './outcome.js'
import { choosePairs, modulesOfBoth, pairsOf } from './pairs.js'
import { type FrameSample, readSample } from './sample.js'
import { type SearchResult, searchReadings } from './search.js'

/** Which files are explained. */
export interface ExplainRequest {
  /** Folder of the RAW run. */
  readonly raw: string
  /** Folder of the CORR run. */
  readonly corrected: string
  /** Metadata file of the correction, the facility's or detcal's. */
  readonly metadata: string
  /** Folder of relative paths of constants, or of a copy of the store. */
  readonly constantsRoot?: string
  /** Module numbers, `0,3,5-7`; absent: at most three. */
  readonly modules?: string
  /** Frames that are looked at; absent: {@link FRAMES}. */
  readonly frames?: number
  readonly signal?: AbortSignal
}

/** Frames that are looked at by default, and at most: all are in memory, some 10 MB each with their constants. */
export const FRAMES = 24
const MOST_FRAMES = 1000

/**
 * Finds the readings of a correction's steps by which its files come out to the last bit: for some frames, what the steps do
 * is interpreted as decided, then by other readings, one by one and together.
 * @throws UsageError for options that cannot be. @throws DataError, ConstantsError if files or constants cannot be read.
 */
export async function explain(request: ExplainRequest): Promise<Explanation> {
  const { signal, frames: wanted = FRAMES } = request
  if (!(Number.isInteger(wanted) && wanted >= 1 && wanted <= MOST_FRAMES))
    throw new UsageError(`--frames ${wanted} is not a number of frames`, { hint: `Use 1 to ${MOST_FRAMES}` })
  const { raw, corrected, open } = await openBoth(request)
  const { detector } = raw
  const asked = request.modules === undefined ? undefined : parseModules(request.modules, detector)
  const both = modulesOfBoth(raw, corrected, asked)
  const chains = await chainsOf(raw, open, both, request)
  const modules = [...chains.modules.keys()]
  const { pairs, ...alone } = pairsOf(raw, corrected, modules)
  if (pairs.length === 0) throw nothingShared(request, chains)
  const chosen = choosePairs(pairs, wanted)
  const decided = decidedOf(open, chains)
  const choices = EXPLAINED.map(dataset => choicesOf(decided, open.readings, dataset))
  const sample = await readSample(detector, chains.modules, chosen, choices, signal)
  const datasets: ExplainedDataset[] = []
  let earlier: OperationsOfModules | undefined
  for (const [i, dataset] of EXPLAINED.entries()) {
    const own = choices[i]
    if (own === undefined || !isStored(dataset, sample)) continue
    const checkpoint = () => signal?.throwIfAborted()
    const found = searchReadings(dataset, own, sample, { checkpoint, ...(earlier && { earlier }) })
    const parts = describeParts(dataset, found, sample, detector.fastScan, earlier)
    datasets.push(datasetOf(dataset, found, parts))
    if (dataset === 'data') earlier = found.best.candidate.operations
  }
  const explained = datasets.map(({ dataset }) => dataset)
  const notExplained = EXPLAINED.filter(dataset => !explained.includes(dataset))
  return {
    exact: datasets.length > 0 && notExplained.length === 0 && datasets.every(({ exact }) => exact),
    ...{
      detector: detector.id,
      karaboId: raw.karaboId,
      datasets,
      notExplained,
      shared: pairs.length,
      ...alone,
    },
    steps: Object.fromEntries([...chains.modules].map(([module, { chain }]) => [module, chain.steps])),
    frames: chosen.map(({ module, trainId: train, pulseId: pulse, cell }) => ({
      module,
      train,
      pulse,
      cell,
    })),
    about: meaningOf(open.readings, datasets),
    problems: chains.problems,
  }
}

async function openBoth({ raw: folder, corrected: results, signal }: ExplainRequest): Promise<{
  readonly raw: Run
  readonly corrected: StoredRun
  readonly open: OpenCorrections
}> {
  const corrected = await openStoredRun(results, given({ signal }))
  if (!corrected.corrected)
    throw new UsageError('holds no corrected files', {
      place: { file: results },
      hint: 'Name the folder of RAW files first, that of CORR files second',
    })
  const raw = await openRun(folder, { detector: corrected.karaboId, ...given({ signal }) })
  const { open } = raw.kit
  if (open) return { raw, corrected, open }
  throw new UsageError(`files of ${raw.detector.name} cannot be explained`, {
    hint: 'Its detector kit has no readings',
  })
}

function nothingShared({ corrected, raw }: ExplainRequest, { problems }: OpenChains): DataError {
  const why = problems.find(({ severity }) => severity === 'error')
  if (why) return new DataError(why.message, { place: why.place })
  return new DataError(`has no frame of a train and pulse that ${raw} has`, {
    place: { file: corrected },
    hint: 'Give the CORR run of the same run',
  })
}

function decidedOf(open: OpenCorrections, { modules, options }: OpenChains): Decided {
  const entries = [...modules]
  return {
    operations: new Map(entries.map(([module, { chain }]) => [module, open.operations(chain, options)])),
    available: new Map(entries.map(([module, { constants }]) => [module, new Set(constants.keys())])),
  }
}

/** Whether the files have the dataset, of the type that is compared. */
function isStored(dataset: Explained, { frames }: FrameSample): boolean {
  return frames.length > 0 && frames.every(({ stored }) => stored[dataset] !== undefined)
}

function datasetOf(
  dataset: Explained,
  { best, tried, instead, undecided }: SearchResult,
  parts: ExplainedDataset['parts'],
): ExplainedDataset {
  return {
    ...{ dataset, exact: best.total === 0, readings: namesOf(best.candidate.readings), tried, parts },
    instead: instead.map(namesOf),
    undecided: namesOf(undecided),
  }
}

function namesOf(readings: readonly StepReading[]): string[] {
  return readings.map(({ name }) => name)
}

/** What the readings mean that a report names. */
function meaningOf(
  readings: readonly StepReading[],
  datasets: readonly ExplainedDataset[],
): Record<string, string> {
  const named = new Set(
    datasets.flatMap(({ readings, instead, undecided, parts }) => [
      ...[...readings, ...instead.flat(), ...undecided],
      ...parts.flatMap(part => part.readings ?? []),
    ]),
  )
  return Object.fromEntries(
    readings.filter(({ name }) => named.has(name)).map(({ name, about }) => [name, about]),
  )
}
