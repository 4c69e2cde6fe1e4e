import type { Detector } from '../../detectors/detector.js'
import type { ModuleIndex } from '../../model/ids.js'
import type { ModuleFile, Run, TrainEntry } from './run.js'
import { partsOfName, type RunFolder } from './run-folder.js'

/** Proposal and run from METADATA, else the run from a file name and the proposal from the folder's path. */
export function identity(folder: RunFolder, detector: Detector): Pick<Run, 'proposal' | 'run'> {
  const told = folder.files.map(file => file.metadata)
  const named = folder.files.map(file => partsOfName(file.name, detector).run)
  const inPath = /(?:^|\/)p(\d{6})\//.exec(folder.path)?.[1]
  return {
    proposal:
      told.find(metadata => metadata.proposal !== undefined)?.proposal ??
      (inPath ? Number(inPath) : undefined),
    run: told.find(metadata => metadata.run !== undefined)?.run ?? named.find(run => run !== undefined),
  }
}

/** ns since 1970 of 2000 and 2100: what lies outside is no time of a train, and would pick constants of another age. */
const FROM = BigInt(Date.UTC(2000)) * 1_000_000n
const TO = BigInt(Date.UTC(2100)) * 1_000_000n

/** Time of the first train that has one, of trusted trains first; else when the first file was created. */
export function timeOf(
  modules: ReadonlyMap<ModuleIndex, readonly ModuleFile[]>,
  folder: RunFolder,
): Date | undefined {
  const timed = [...modules.values()]
    .flat()
    .flatMap(file => file.trains.filter(train => train.timestamp >= FROM && train.timestamp < TO))
  const trusted = timed.filter(train => train.flag !== 0 && !train.stray)
  const earliest = (trusted.length > 0 ? trusted : timed).reduce<TrainEntry | undefined>(
    (best, train) => (best === undefined || train.trainId < best.trainId ? train : best),
    undefined,
  )
  const date = new Date(Number((earliest?.timestamp ?? 0n) / 1_000_000n))
  if (earliest && !Number.isNaN(date.getTime())) return date
  const created = folder.files
    .map(file => file.metadata.creationDate?.getTime())
    .filter(time => time !== undefined)
  return created.length > 0 ? new Date(Math.min(...created)) : undefined
}
