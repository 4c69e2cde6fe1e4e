import { basename, dirname, join, resolve } from 'node:path'
import * as v from 'valibot'
import { readMetadataAs } from '../../constants/catalogue/recorded/parse.js'
import { DataError, UsageError } from '../model/errors.js'
import { TABLE } from '../model/shape.js'

type Table = Readonly<Record<string, unknown>>

/** A CORR file that a metadata file names. */
export interface RecordedFile {
  /** Where it is: beside the metadata file, wherever both were moved. */
  readonly path: string
  readonly module: number
  /** Data aggregator, `AGIPD00`. */
  readonly aggregator: string
  /** What was otherwise for it than the file says of all; undefined: nothing. */
  readonly otherwise: Table | undefined
}

/** What `calibration_metadata_<DET>.yml` of a correction of detcal tells. */
export interface RecordedCorrection {
  readonly metadata: string
  /** Folder of the RAW files then. */
  readonly run: string
  readonly madeBy: string
  readonly created: string
  readonly configuration: Table
  /** By data aggregator. */
  readonly constants: Table
  readonly files: readonly RecordedFile[]
}

const SEQUENCE = v.object({
  output: v.optional(v.string()),
  'other-configurations': v.optional(TABLE),
})

const RECORDED = v.pipe(
  TABLE,
  v.object({
    'calibration-configurations': v.pipe(TABLE, v.looseObject({ 'in-folder': v.optional(v.string(), '') })),
    'detcal-version': v.optional(v.string()),
    created: v.fallback(v.string(), ''),
    'retrieved-constants': v.fallback(TABLE, {}),
    'module-outcomes': v.optional(
      v.record(
        v.string(),
        v.object({
          sequences: v.optional(v.array(SEQUENCE), []),
          'other-configurations': v.optional(TABLE),
        }),
      ),
      {},
    ),
  }),
)

/**
 * Reads the metadata file of a correction.
 * @throws ConstantsError if it cannot be read. @throws UsageError if detcal did not write it. @throws DataError if it names no CORR file.
 */
export async function recordedCorrection(metadata: string): Promise<RecordedCorrection> {
  const tree = await readMetadataAs(RECORDED, metadata)
  const madeBy = tree['detcal-version']
  const place = { file: metadata }
  if (madeBy === undefined)
    throw new UsageError('was not written by detcal, which could make the same files', {
      place,
      hint: 'Hold files of the facility against their raw data with detcal explain',
    })
  const files = Object.entries(tree['module-outcomes']).flatMap(([aggregator, outcome]) =>
    outcome.sequences.flatMap(({ output, 'other-configurations': own }): RecordedFile[] => {
      const otherwise = outcome['other-configurations'] ?? own
      if (output === undefined) return []
      const path = join(dirname(resolve(metadata)), basename(output))
      const module = Number(/\d+$/.exec(aggregator)?.[0])
      return [{ path, module, aggregator, otherwise: otherwise && { ...otherwise, ...own } }]
    }),
  )
  if (files.length === 0)
    throw new DataError('names no CORR file', { place, hint: 'A combined file alone is not reproduced' })
  return {
    ...{ metadata: resolve(metadata), madeBy, created: tree.created, files },
    configuration: tree['calibration-configurations'],
    run: tree['calibration-configurations']['in-folder'],
    constants: tree['retrieved-constants'],
  }
}
