import type { ExdfDataset, ExdfGroup } from '../../exdf/description.js'
import type { TypedArrayOf } from '../../model/dtypes.js'
import { storedPulse } from '../../model/ids.js'
import type { JoinedFile } from '../../sources/run/join.js'
import { type PulseTable, pulseAt } from '../../sources/run/pulse-table.js'
import { positionsList } from '../../sources/run/query.js'

/** Rows a chunk of an id column holds, as pyCalibration writes them. */
const ID_CHUNK = 32

type ColumnType = 'u8' | 'u4' | 'u2' | 'i4' | 'f4' | 'f8'

/** A column of one value a frame. */
function chunkedColumn<D extends ColumnType>(name: string, dtype: D, data: TypedArrayOf<D>): ExdfDataset {
  const frames = data.length
  return {
    name,
    dtype,
    shape: [frames],
    ...(frames > 0 ? { chunk: [Math.min(ID_CHUNK, frames)] } : {}),
    data,
  }
}

/** Train, pulse and cell of each frame of a CORR file. */
export function idColumns({ file, trains }: JoinedFile): ExdfDataset[] {
  const rows = trains.flatMap(train => positionsList(train.rows))
  const ids = trains.flatMap(({ trainId, rows: { count } }) =>
    Array.from({ length: count }, () => BigInt(trainId)),
  )
  const pulseIds = BigUint64Array.from(rows, row =>
    storedPulse(file.pulseIds[row], file.widePulseIds?.get(row)),
  )
  return [
    chunkedColumn('trainId', 'u8', BigUint64Array.from(ids)),
    chunkedColumn('pulseId', 'u8', pulseIds),
    chunkedColumn(
      'cellId',
      'u2',
      Uint16Array.from(rows, row => file.cellIds[row] ?? 0),
    ),
  ]
}

/** Energy of each frame's X-ray pulses, µJ (NaN: not known), and where the last of them is in the gas monitor's arrays (−1: none). */
export interface FramePulses {
  readonly energies: Float32Array
  readonly xgmIndices: Int32Array
}

/** What a LitFrameFinder says of frames that are listed train by train. */
export function framePulses(
  { trains }: PulseTable,
  frames: Iterable<{ readonly trainId: number; readonly pulseIds: ArrayLike<number> }>,
): FramePulses {
  const energies: number[] = []
  const xgmIndices: number[] = []
  for (const { trainId, pulseIds } of frames) {
    const train = trains.get(trainId as Parameters<typeof trains.get>[0])
    const find = train && pulseAt(train)
    for (const pulseId of Array.from(pulseIds)) {
      const frame = find?.(pulseId)
      energies.push(frame === undefined ? Number.NaN : (train?.energies[frame] ?? Number.NaN))
      xgmIndices.push(frame === undefined ? -1 : (train?.xgmIndices[frame] ?? -1))
    }
  }
  return { energies: Float32Array.from(energies), xgmIndices: Int32Array.from(xgmIndices) }
}

/** `pulseEnergy` and `xgmIndex` of each frame of a CORR file. */
export function pulseColumns({ file, trains }: JoinedFile, table: PulseTable): ExdfDataset[] {
  const { energies, xgmIndices } = framePulses(
    table,
    trains.map(({ trainId, rows }) => ({
      trainId,
      pulseIds: positionsList(rows).map(row => file.pulseIds[row] ?? Number.NaN),
    })),
  )
  return [chunkedColumn('pulseEnergy', 'f4', energies), chunkedColumn('xgmIndex', 'i4', xgmIndices)]
}

/** Columns of the index group `litpx`, by the facility's names, that are written when the frames are there. */
export const LITPX = { unmaskedPixels: 'u4', litPixels: 'u4', totalIntensity: 'f8' } as const

/** The index group `litpx`: lit pixels of each frame, zero for now. */
export function litpxGroup(joined: JoinedFile): ExdfGroup {
  const shape = [joined.frames]
  const counted = [
    { name: 'unmaskedPixels', dtype: LITPX.unmaskedPixels, shape, data: new Uint32Array(joined.frames) },
    { name: 'litPixels', dtype: LITPX.litPixels, shape, data: new Uint32Array(joined.frames) },
    { name: 'totalIntensity', dtype: LITPX.totalIntensity, shape, data: new Float64Array(joined.frames) },
  ]
  return { counts: joined.trains.map(({ rows }) => rows.count), datasets: [...idColumns(joined), ...counted] }
}
