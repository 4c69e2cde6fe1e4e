import { openSync } from 'node:fs'
import { join } from 'node:path'
import type { NewExdf } from '../../exdf/description.js'
import { writeExdf } from '../../exdf/writer.js'
import { asOutputError } from '../../files/errors.js'
import type { OutputFolder } from '../../files/output-folder.js'
import { storedPulse } from '../../model/ids.js'
import type { JoinedTrain } from '../../sources/run/join.js'
import type { Run, TrainEntry } from '../../sources/run/run.js'
import { type Provenance, provenanceAttributes } from '../metadata/provenance.js'

/** The hits of a run, by frame of the whole detector; thresholds by train. */
export interface HitColumns {
  readonly scores: Float64Array
  readonly hit: Uint8Array
  readonly miss: Uint8Array
  readonly mu: Float64Array
  readonly sig: Float64Array
}

/** `CORR-R0042-SPIHITS-S00000.h5`, beside the CORR files. */
export function hitFilePath(folder: string, { run }: Pick<Run, 'run'>): string {
  return join(folder, `CORR-R${String(run ?? 0).padStart(4, '0')}-SPIHITS-S00000.h5`)
}

/**
 * Writes the hits as the facility's hit finder does: source `<DET>/REDU/SPI_HITFINDER:output`, one row a frame in `data`,
 * one row a train in `threshold`. @throws OutputError
 */
export async function writeHitFile(
  folder: OutputFolder,
  path: string,
  run: Run,
  trains: readonly JoinedTrain[],
  columns: HitColumns,
  provenance: Provenance,
): Promise<void> {
  const part = folder.part(path)
  try {
    writeExdf(part, description(run, trains, columns, provenance))
    await folder.publish(part, path, openSync(part, 'r'))
  } catch (error) {
    folder.discard(part)
    throw asOutputError(error, path)
  }
}

function description(
  run: Run,
  trains: readonly JoinedTrain[],
  { scores, hit, miss, mu, sig }: HitColumns,
  provenance: Provenance,
): NewExdf {
  const entries = new Map<number, TrainEntry>()
  for (const { trains } of [...run.modules.values()].flat())
    for (const entry of trains) if (!entries.has(entry.trainId)) entries.set(entry.trainId, entry)
  const stored = trains.map(({ trainId }) => entries.get(trainId))
  const ids = trains.flatMap(({ trainId, pulseIds }) => Array.from(pulseIds, () => BigInt(trainId)))
  const pulses = trains.flatMap(({ pulseIds, widePulseIds }) =>
    Array.from(pulseIds, (id, i) => storedPulse(id, widePulseIds?.get(i))),
  )
  const frames = [scores.length]
  const rows = [trains.length]
  const made = new Date(provenance.created)
  return {
    version: '1.2',
    growable: false,
    metadata: {
      proposalNumber: run.proposal ?? 0,
      runNumber: run.run ?? 0,
      sequenceNumber: 0,
      ...{ runType: '', sample: '', daqLibrary: '', karaboFramework: '' },
      ...{ creationDate: made, updateDate: made },
    },
    trains: {
      trainIds: trains.map(({ trainId }) => trainId),
      flags: stored.map(entry => entry?.flag ?? 1),
      timestamps: stored.map(entry => entry?.timestamp ?? 0n),
      origins: stored.map(entry => entry?.origin ?? -1),
    },
    sources: [
      {
        name: `${run.karaboId}/REDU/SPI_HITFINDER:output`,
        groups: {
          data: {
            counts: trains.map(({ pulseIds }) => pulseIds.length),
            datasets: [
              { name: 'trainId', dtype: 'u8', shape: frames, data: BigUint64Array.from(ids) },
              { name: 'pulseId', dtype: 'u8', shape: frames, data: BigUint64Array.from(pulses) },
              { name: 'hitscore', dtype: 'f4', shape: frames, data: Float32Array.from(scores) },
              { name: 'hitFlag', dtype: 'u1', shape: frames, data: hit },
              { name: 'missFlag', dtype: 'u1', shape: frames, data: miss },
            ],
          },
          threshold: {
            counts: trains.map(() => 1),
            datasets: [
              { name: 'mu', dtype: 'f8', shape: rows, data: mu },
              { name: 'sig', dtype: 'f8', shape: rows, data: sig },
            ],
          },
        },
      },
    ],
    attributes: { '/': provenanceAttributes(provenance) },
  }
}
