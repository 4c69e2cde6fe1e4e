import { contentOf } from '../../src/files/content.js'
import { findDataset, type Hdf5Dataset, readHdf5, type SlabReader } from '../../src/hdf5/index.js'
import { arrayOf, DTYPE_BYTES, type DType, viewAs } from '../../src/model/dtypes.js'
import { ConstantsError } from '../../src/model/errors.js'
import { badPixelMask } from '../model/bad-pixels.js'
import type { StoredConstant } from './layout.js'
import { requireWritten } from './not-written.js'
import { openSlabs } from './source.js'
import { type ConstantArray, type SlabOf, writeConstants } from './write.js'

/** One dataset of a Cheetah file, and the constant that is made of it. */
interface CheetahDataset {
  readonly name: string
  readonly calibration: string
  /** Which of its three planes are taken, in this order. */
  readonly planes: readonly number[]
  readonly planeAxis: string
  /** Whatever is not 0 is bad, and becomes this mask; absent: numbers as they are. */
  readonly bad?: number
}

const STAGES = { planes: [0, 1, 2], planeAxis: 'gain' } as const

/**
 * The datasets of `Cheetah-AGIPDnn-calib.h5`, each (gain, cell, slow scan, fast scan), as the AGIPD calibrator of
 * Cheetah and programs after it use them: with r the raw gain, a pixel is in medium gain if r > DigitalGainLevel[1], in
 * low gain if r > DigitalGainLevel[2], strictly greater as in step `threshold`; plane 0 is read by nobody. The value is
 * (d − AnalogOffset)·RelativeGain, and a pixel is bad where Badpixel is not 0. Usual types are i2, u2, f4 and u1.
 *
 * Why a pixel is bad is not said: EXPERT_CHOICE, for somebody chose it. BadPixelsDark is the map it becomes.
 */
const DATASETS: readonly CheetahDataset[] = [
  { name: 'AnalogOffset', calibration: 'Offset', ...STAGES },
  { name: 'DigitalGainLevel', calibration: 'ThresholdsDark', planes: [1, 2], planeAxis: 'threshold' },
  { name: 'RelativeGain', calibration: 'RelativeGain', ...STAGES },
  { name: 'Badpixel', calibration: 'BadPixelsDark', ...STAGES, bad: badPixelMask('EXPERT_CHOICE') },
]

/** A Cheetah file, described: the constants that it will be once it is written in CalCat's layout. */
export interface CheetahFile {
  /** Without a unit, which Cheetah's files do not name; axes are (cell, last axis, slow scan, fast scan). */
  readonly constants: readonly StoredConstant[]
  /**
   * Writes them to `path` as constants of `pdu`: the same content gives the same bytes.
   * @throws DataError or ConstantsError if the Cheetah file is damaged; OutputError
   */
  write(path: string, pdu: string, beginAt: Date): Promise<void>
}

/** Of (gain, cell, slow scan, fast scan). */
const CELL_AXIS = 1

interface Found {
  readonly kind: CheetahDataset
  readonly shape: readonly number[]
  readonly dtype: DType | undefined
}

/**
 * Describes `file` if it has one of {@link DATASETS} at its top; undefined: it is of another kind.
 * @throws DataError if it cannot be opened; ConstantsError if the shape of one is not that of a Cheetah file.
 */
export async function openCheetahFile(file: string): Promise<CheetahFile | undefined> {
  const found = await readHdf5(file, root => {
    const names = root.names('/') ?? []
    return DATASETS.filter(({ name }) => names.includes(name)).flatMap((kind): Found[] => {
      // CalCat's layout may have a group of this name.
      const dataset = root.isGroup(kind.name) ? undefined : root.dataset(kind.name)
      return dataset ? [{ kind, shape: checkedShape(dataset, file), dtype: dataset.type.dtype }] : []
    })
  })
  if (found.length === 0) return undefined
  const rawData = `Cheetah file of SHA-256 ${(await contentOf(file)).sha256}`
  const statements = { conditions: {}, places: [], rawData }
  return {
    constants: found.map(({ kind, shape: [, ...inner], dtype }) => ({
      pdu: undefined,
      calibration: kind.calibration,
      index: 0,
      dataset: `/${kind.calibration}/0`,
      shape: inner.toSpliced(1, 0, kind.planes.length),
      dtype: dtype && kind.bad !== undefined ? 'u4' : dtype,
      dims: ['cell', kind.planeAxis, 'slow_scan', 'fast_scan'],
      statements,
    })),
    async write(path, pdu, beginAt) {
      const readers: SlabReader[] = []
      try {
        const arrays: ConstantArray[] = []
        for (const { kind, shape, dtype } of found) {
          if (dtype === undefined) throw new TypeError(`${kind.name} is of no type that can be read`)
          const place = { file, dataset: kind.name }
          const { located } = await findDataset(file, kind.name)
          if (located) requireWritten(located, CELL_AXIS, place)
          const reader = await openSlabs({ place, ...(located && { located }) })
          readers.push(reader)
          arrays.push(arrayOfDataset(reader, kind, shape, dtype, pdu, { ...statements, beginAt }))
        }
        await writeConstants(path, arrays)
      } finally {
        for (const reader of readers) reader.close()
      }
    },
  }
}

function checkedShape({ shape, path: dataset }: Hdf5Dataset, file: string): readonly number[] {
  if (shape.length === 4 && shape[0] === 3) return shape
  throw new ConstantsError(
    `its shape (${shape.join(', ')}) is not (3, cells, slow scan, fast scan) as in Cheetah's files`,
    { place: { file, dataset }, hint: "Write it in that order, or in CalCat's layout" },
  )
}

function arrayOfDataset(
  reader: SlabReader,
  { calibration, planes, planeAxis, bad }: CheetahDataset,
  [, cells = 0, slowScan = 0, fastScan = 0]: readonly number[],
  dtype: DType,
  pdu: string,
  statements: NonNullable<ConstantArray['statements']>,
): ConstantArray {
  const pixels = slowScan * fastScan
  /** Cells `start[0]` on, with their planes one behind the other. */
  const numbers: SlabOf<DType> = ([first = 0], [count = 0]) => {
    const plane = new Uint8Array(count * pixels * DTYPE_BYTES[dtype])
    const read = viewAs(dtype, plane.buffer, 0, count * pixels)
    const out = arrayOf(dtype, count * planes.length * pixels)
    planes.forEach((gain, p) => {
      reader.read([gain, first, 0, 0], [1, count, slowScan, fastScan], plane)
      for (let cell = 0; cell < count; cell++)
        // Both arrays are of `dtype`, which TypeScript cannot tell of a union.
        out.set(
          read.subarray(cell * pixels, (cell + 1) * pixels) as never,
          (cell * planes.length + p) * pixels,
        )
    })
    return out
  }
  const shape = [cells, planes.length, slowScan, fastScan]
  const dims = ['cell', planeAxis, 'slow_scan', 'fast_scan']
  const common = { pdu, calibration, shape, dims, statements }
  if (bad === undefined) return { ...common, dtype, data: numbers }
  // NaN is not 0 either.
  const masks: SlabOf<'u4'> = (start, count) =>
    Uint32Array.from(numbers(start, count) as ArrayLike<number>, value => (Number(value) === 0 ? 0 : bad))
  return { ...common, dtype: 'u4', data: masks }
}
