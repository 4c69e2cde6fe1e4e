import { openSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { ConstantVersion } from '../../../constants/model/version.js'
import type { Detector } from '../../detectors/detector.js'
import { asOutputError } from '../../files/errors.js'
import type { OutputFolder } from '../../files/output-folder.js'
import { twoDigits } from '../../model/ids.js'
import { type EarlierMetadata, type KeptFile, keptFiles, keptModules } from './earlier.js'
import type { Provenance } from './provenance.js'

/** What the file says of a constant. */
export type NamedConstant = Pick<ConstantVersion, 'id' | 'beginAt' | 'dataset' | 'path' | 'sha256' | 'dims'>

/** One module in `calibration_metadata_<DET>.yml`. */
export interface ModuleMetadata {
  readonly module: number
  readonly pdu: string | undefined
  readonly constants: ReadonlyMap<string, NamedConstant>
  /** `corrected`, `partial` or `failed`, and what else is worth knowing. */
  readonly outcome: Readonly<Record<string, unknown>>
}

/** The content of the file. */
export interface RunMetadata {
  readonly detector: Detector
  readonly karaboId: string
  /** Folder of the RAW run. */
  readonly input: string
  readonly provenance: Provenance
  readonly modules: readonly ModuleMetadata[]
}

/** `<folder>/calibration_metadata_SPB_DET_AGIPD1M-1.yml`. */
export function metadataPath(folder: string, karaboId: string): string {
  return join(resolve(folder), `calibration_metadata_${karaboId}.yml`)
}

/**
 * Writes the file from which EXtra (`CalibrationData.from_correction`) and `--constants-from` read the constants of a
 * correction, and `--config` its options. Keys of our own hold versions, checksums and what became of each module.
 * @param earlier what is there of an earlier correction of the run: modules that this one has not are kept.
 * @returns the CORR files of those modules that are still the earlier correction's.
 * @throws OutputError
 */
export async function writeMetadataFile(
  folder: OutputFolder,
  path: string,
  content: RunMetadata,
  earlier?: EarlierMetadata,
): Promise<(KeptFile & { readonly module: number })[]> {
  const { detector, karaboId, input, provenance, modules } = content
  const aggregator = (module: number) => `${detector.aggregator}${twoDigits(module)}`
  const { stringify } = await import('yaml')
  const configuration = {
    'karabo-id': karaboId,
    'in-folder': resolve(input),
    'out-folder': resolve(folder.path),
    ...provenance.options,
    ...provenance.repeat,
  }
  const general = { 'detcal-version': provenance.software, created: provenance.created }
  const names = new Set(modules.map(({ module }) => aggregator(module)))
  const kept = earlier && keptModules(earlier, names, { ...configuration, ...general })
  const told = modules.map(each => {
    const name = aggregator(each.module)
    const constants = each.constants.size > 0 ? constantsOf(each) : undefined
    const sequences = (each.outcome['sequences'] ?? []) as readonly { readonly output?: string }[]
    const outputs = sequences.flatMap(({ output }) => output ?? [])
    const now = { ...configuration, ...general, ...each.outcome, constants }
    const files = earlier ? keptFiles(earlier, name, { folder: folder.path, outputs }, now) : []
    const all = [...sequences, ...files.map(({ sequence }) => sequence)]
    return {
      module: each.module,
      name,
      constants,
      files,
      outcome: files.length > 0 ? { ...each.outcome, sequences: all } : each.outcome,
    }
  })
  const tree = {
    'calibration-configurations': configuration,
    ...general,
    'retrieved-constants': {
      ...kept?.constants,
      ...Object.fromEntries(told.flatMap(({ name, constants }) => (constants ? [[name, constants]] : []))),
      'time-summary': {},
    },
    'module-outcomes': {
      ...kept?.outcomes,
      ...Object.fromEntries(told.map(({ name, outcome }) => [name, outcome])),
    },
  }
  // Quoted, since readers of YAML 1.1, Python's among them, take plain times for times and some words for booleans.
  // Lines of any length: a path that is folded cannot be found by who looks for it in the text.
  const text = stringify(tree, { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', lineWidth: 0 })
  const part = folder.part(path)
  try {
    writeFileSync(part, text)
    await folder.publish(part, path, openSync(part, 'r'))
  } catch (error) {
    folder.discard(part)
    throw asOutputError(error, path)
  }
  return told.flatMap(({ module, files }) => files.map(file => ({ ...file, module })))
}

/** The constants of a module as the facility writes them. */
function constantsOf({ pdu, constants }: ModuleMetadata): Record<string, unknown> {
  return {
    'physical-name': pdu,
    constants: Object.fromEntries([...constants].map(([name, version]) => [name, constantEntry(version)])),
  }
}

/** As the facility writes it; `creation-time` must stay text, EXtra parses it itself. */
function constantEntry(version: NamedConstant): Record<string, unknown> {
  return {
    ccv_id: version.id,
    'creation-time': version.beginAt.toISOString().replace('Z', '+00:00'),
    dataset: version.dataset,
    path: version.path,
    sha256: version.sha256,
    dims: version.dims,
  }
}
