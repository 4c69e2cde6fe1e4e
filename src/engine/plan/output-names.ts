import { basename } from 'node:path'
import type { Detector } from '../../detectors/detector.js'
import { FILE_NAME } from '../../exdf/euxfel-layout.js'
import { KITS } from '../../kits/index.js'
import { type ModuleIndex, twoDigits } from '../../model/ids.js'
import type { ModuleFile, Run } from '../../sources/run/run.js'
import { moduleSource } from '../../sources/run/run-folder.js'

/** The name of the CORR file of a module's RAW file. */
export type CorrectedNames = (module: ModuleIndex, file: ModuleFile) => string

/**
 * Names the CORR files of a run, each differently, and by the whole run: which part of it is corrected changes no name.
 *
 * `RAW-R0001-AGIPD00-S00000.h5` becomes `CORR-R0001-AGIPD00-S00000.h5`. A file of several modules becomes several, and one
 * whose name says nothing gets one that does: by run, module and sequence, the next free sequence where that is taken.
 */
export function correctedNames(run: Run): CorrectedNames {
  const names = new Map<string, string>()
  const taken = new Set<string>()
  const all = [...run.modules].flatMap(([module, files]) => files.map(file => ({ module, file })))
  const take = (module: ModuleIndex, file: ModuleFile, name: string): boolean => {
    // Many file systems know names without case.
    const key = name.toLowerCase()
    if (taken.has(key)) return false
    taken.add(key)
    names.set(keyOf(module, file), name)
    return true
  }
  const unnamed = all.filter(({ module, file }) => {
    const name = basename(file.path)
    const kept = FILE_NAME.exec(name)?.groups?.['kind'] === 'RAW' && holdsOneModule(file, run)
    return !kept || !take(module, file, `CORR-${name.slice('RAW-'.length)}`)
  })
  for (const { module, file } of unnamed) {
    let sequence = file.sequence
    while (!take(module, file, nameOf(run.run, run.detector, module, sequence))) sequence++
  }
  return (module, file) => names.get(keyOf(module, file)) ?? `CORR-${basename(file.path)}`
}

function keyOf(module: ModuleIndex, { path }: ModuleFile): string {
  return `${module} ${path}`
}

/** Whether it holds no module but one, of whatever detector. */
function holdsOneModule({ path, facts }: ModuleFile, { modules, kit }: Run): boolean {
  const sources = facts
    ? [...facts.instrumentSources.keys()].filter(source => moduleSource(source, [kit, ...KITS]))
    : [...modules.values()].flat().filter(file => file.path === path)
  return sources.length === 1
}

function nameOf(
  run: number | undefined,
  { aggregator }: Detector,
  module: ModuleIndex,
  sequence: number,
): string {
  const digits = (value: number, width: number) => String(value).padStart(width, '0')
  return `CORR-R${digits(run ?? 0, 4)}-${aggregator}${twoDigits(module)}-S${digits(sequence, 5)}.h5`
}
