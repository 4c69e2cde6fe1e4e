import { existsSync, statSync } from 'node:fs'
import { exdfDate, INDEX, METADATA } from '../../exdf/euxfel-layout.js'
import { readExdf } from '../../exdf/file.js'
import { readStrings, requireDataset } from '../../hdf5/index.js'
import { isDetcalError, OutputError, UsageError } from '../../model/errors.js'
import { correctedGroup } from '../../sinks/corr/corrected-file.js'
import { type Provenance, provenanceAttributes } from '../../sinks/metadata/provenance.js'
import type { CorrectionPlan, ModulePlan, SequencePlan } from '../plan/plan.js'
import { moduleProvenance } from './open-sequence.js'

/** Which CORR files of an earlier attempt are kept. */
export interface Resuming {
  readonly provenance: Provenance
  /** Whether files of another correction are replaced; else they are refused. */
  readonly overwrite: boolean
  /** When the earlier attempt said that its files are made; undefined: at any time. */
  readonly made: string | undefined
}

/**
 * The CORR files that an earlier attempt at the same correction has finished, by path: a file is whole if it is there, and the
 * same if it says so: version, options, steps, constants by dataset and checksum, its trains and frames, and its RAW file
 * has not changed since.
 * @throws OutputError naming the first that is not, and what of it differs, unless it may be replaced.
 * @throws UsageError if there is a combined file, which is made of all frames at once.
 */
export async function finishedFiles(plan: CorrectionPlan, resuming: Resuming): Promise<Set<string>> {
  if (plan.combined)
    throw new UsageError('a combined file is made of all frames at once, so --resume cannot go on with it', {
      place: { file: plan.combined.path },
      hint: 'Leave out --combined or --resume',
    })
  const finished = new Set<string>()
  for (const module of plan.modules)
    for (const sequence of module.sequences) {
      const { output } = sequence
      if (output === undefined || !existsSync(output)) continue
      const differs = await differences(plan, module, { ...sequence, output }, resuming)
      if (differs.length === 0) finished.add(output)
      else if (!resuming.overwrite)
        throw new OutputError(`is not of this correction: ${differs.join(', ')}`, {
          place: { file: output },
          hint: 'Resume with the options it was made with, replace it with --overwrite, or choose another --out',
        })
    }
  return finished
}

/** What of a CORR file is otherwise than it would be made now, in words. */
async function differences(
  { run }: CorrectionPlan,
  module: ModulePlan,
  { joined, output }: SequencePlan & { readonly output: string },
  { provenance, made }: Resuming,
): Promise<string[]> {
  if (statSync(output).mtimeMs < joined.file.mtimeMs) return ['its RAW file has changed since']
  try {
    return await readExdf(output, ({ file }) => {
      const wanted = provenanceAttributes(provenance, moduleProvenance(module))
      const differs = Object.entries(wanted).flatMap(([name, text]) =>
        attributeDifferences(name, file.attribute('/', name), text),
      )
      const trains = requireDataset(file, INDEX.trainId)
      const ids = [...(trains.read([0], [trains.shape[0] ?? 0]) as Iterable<number | bigint>)]
      const { shape } = requireDataset(file, `${correctedGroup(run, joined, 'image')}/cellId`)
      const sameTrains =
        ids.length === joined.trains.length &&
        ids.every((id, i) => Number(id) === joined.trains[i]?.trainId) &&
        shape[0] === joined.frames
      if (!sameTrains) differs.push('other trains or frames')
      const [date] = readStrings(requireDataset(file, METADATA.updateDate))
      if (made !== undefined && date !== exdfDate(new Date(made))) differs.push('made by another request')
      return differs
    })
  } catch (error) {
    if (!isDetcalError(error)) throw error
    return [`it cannot be read (${error.message})`]
  }
}

function attributeDifferences(name: string, found: unknown, wanted: string): string[] {
  if (found === wanted) return []
  if (typeof found !== 'string') return [`it has no attribute ${name}`]
  if (name === 'detcal_software') return [`made by ${found}`]
  if (name === 'detcal_steps') return [`other steps (${found})`]
  return tableDifferences(name, found, wanted)
}

/** Options by name, constants by calibration; of a constant, where its file lies makes no difference. */
function tableDifferences(name: string, found: string, wanted: string): string[] {
  const [before, now] = [tableOf(found), tableOf(wanted)]
  if (before === undefined || now === undefined) return [`attribute ${name} cannot be read`]
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])]
  return keys
    .filter(key => textOf(before[key]) !== textOf(now[key]))
    .map(key => (name === 'detcal_constants' ? `another ${key}` : `other ${key}`))
}

function textOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('sha256' in value)) return JSON.stringify(value)
  const { dataset, sha256 } = value as { readonly dataset?: unknown; readonly sha256: unknown }
  return JSON.stringify([dataset, sha256])
}

function tableOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
