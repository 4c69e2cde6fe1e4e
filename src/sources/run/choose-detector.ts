import type { DetectorKit } from '../../kits/kit.js'
import { DataError, UsageError } from '../../model/errors.js'
import { grouped } from '../../model/grouped.js'
import { type ModuleSource, moduleSource, type RunFolder } from './run-folder.js'
import { shortList } from './short-list.js'

/** The one detector of a run that was asked for, with its modules, raw and corrected. */
export interface DetectorOfRun {
  readonly kit: DetectorKit
  readonly karaboId: string
  readonly modules: readonly ModuleSource[]
}

/**
 * The kit of the one detector of a RAW run that `wanted` names: `auto`, a detector's id or a Karabo name.
 * @throws as {@link findDetector}, and DataError if its data are corrected.
 */
export function chooseDetector(
  folder: RunFolder,
  wanted: string,
  kits: readonly DetectorKit[],
): DetectorOfRun {
  const found = findDetector(folder, wanted, kits)
  // Corrected runs name their data CORR/…:output and keep the raw names as links to it.
  const corrected = found.modules.find(module => module.corrected)
  if (corrected)
    throw new DataError(`is corrected already: it holds ${corrected.source}`, {
      place: { file: folder.path },
      hint: 'Give the RAW folder of the run',
    })
  return found
}

/**
 * The same of a run of either kind.
 * @throws DataError if there is none, naming what is there. @throws UsageError if there are several.
 */
export function findDetector(folder: RunFolder, wanted: string, kits: readonly DetectorKit[]): DetectorOfRun {
  const sources = folder.files.flatMap(file => file.instrumentSources)
  const found = grouped(
    [...new Set(sources)].flatMap(source => moduleSource(source, kits) ?? []),
    ({ karaboId }) => karaboId,
  )
  const matching = [...found].filter(
    ([karaboId, [first]]) => wanted === 'auto' || wanted === karaboId || wanted === first?.detector.id,
  )
  const place = { file: folder.path }
  const [only] = matching
  if (!only) {
    const known = kits.map(({ detector }) => detector.name).join(', ')
    const there = [...new Set(sources)].sort()
    const listed = there.length > 0 ? `It holds ${shortList(there, 5)}` : 'It holds no instrument data'
    throw new DataError(
      wanted === 'auto' ? `holds no data of ${known}` : `holds no data of detector ${wanted}`,
      { place, hint: listed },
    )
  }
  if (matching.length > 1)
    throw new UsageError('holds data of several detectors', {
      place,
      hint: `Choose with --detector: ${matching.map(([karaboId]) => karaboId).join(' or ')}`,
    })
  const [karaboId, modules] = only
  const kit = modules[0]?.kit
  if (!kit) throw new Error('a detector without modules was found')
  return { kit, karaboId, modules }
}
