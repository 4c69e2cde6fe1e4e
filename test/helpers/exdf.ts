import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Dataset, type File, openLibrary } from '../../src/hdf5/library.js'

/** A folder that goes when the test ends. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'detcal-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** One module file as the DAQ would write it, or damaged in any way a field allows. Image data are zeros. */
export interface ModuleSpec {
  readonly module?: number
  readonly sequence?: number
  readonly version?: string
  readonly karaboId?: string
  /** INDEX/trainId as stored, zeros included. */
  readonly trainIds: readonly (number | bigint)[]
  readonly flags?: readonly number[]
  readonly timestamps?: readonly bigint[]
  /** Frames of each row, and where they start; by default one after the other. */
  readonly counts: readonly (number | bigint)[]
  readonly first?: readonly (number | bigint)[]
  /** Rows of the image datasets; by default as many as the index needs. */
  readonly frames?: number
  /** image/pulseId by row; by default 0, 1, 2 … in each train. */
  readonly pulseIds?: readonly number[]
  readonly cellIds?: readonly number[]
  /** Shape of image/data behind the frames, and its dtype. */
  readonly frame?: readonly number[]
  readonly dtype?: string
  /** Whether chunks of image/data are there; absent: if they are few. */
  readonly written?: boolean
  /** Old files: first, last, status. */
  readonly legacyIndex?: boolean
  readonly proposal?: number
  readonly run?: number
  readonly creationDate?: string
  readonly name?: string
  /** Datasets to leave out, by full path. */
  readonly without?: readonly string[]
  /** Last touch, with the file still open. */
  readonly also?: (file: File, root: string) => void
}

const bigints = (values: readonly (number | bigint)[]) => BigUint64Array.from(values, value => BigInt(value))

/** Creates a dataset and the groups above it; the library creates neither groups nor resizable empty data alone. */
export function put(
  file: File,
  path: string,
  data: Parameters<File['create_dataset']>[0]['data'],
  more: Partial<Parameters<File['create_dataset']>[0]> = {},
): void {
  const parts = path.split('/')
  const name = parts.pop() ?? ''
  let group = ''
  for (const part of parts) {
    group += `/${part}`
    if (file.get(group) === null) file.create_group(group)
  }
  const parent = parts.length > 0 ? file.get(group) : file
  ;(parent as File).create_dataset({ name, data, ...more })
}

/** Arrays by dtype, for {@link declare}. */
const ARRAYS = {
  '<H': Uint16Array,
  '<h': Int16Array,
  '<B': Uint8Array,
  '<I': Uint32Array,
  '<f': Float32Array,
}
/** Rows above which no array is written: some tests declare millions. */
const MOST_WRITTEN = 200

/**
 * An array of any shape that takes hardly any space: zeros in deflated chunks of a row each.
 * @param written whether the chunks are there; absent: if they are few.
 */
export function declare(
  file: File,
  path: string,
  dtype: string,
  shape: readonly number[],
  written = (shape[0] ?? 0) <= MOST_WRITTEN,
): void {
  const [rows = 0, ...row] = shape
  const empty = dtype.includes('f') ? new Float32Array(0) : new Uint8Array(0)
  put(file, path, empty, {
    dtype,
    shape: [0, ...row],
    maxshape: [null, ...row],
    chunks: [1, ...row.map(length => Math.max(1, length))],
    ...(written ? { compression: 'gzip', compression_opts: [1] } : {}),
  })
  const dataset = file.get(`/${path}`) as Dataset
  dataset.resize([rows, ...row])
  const ArrayOf = ARRAYS[dtype as keyof typeof ARRAYS]
  if (!written || !ArrayOf || rows === 0 || row.includes(0)) return
  // One element of each chunk makes it be.
  dataset.write_slice([[0, rows], ...row.map((): [number, number] => [0, 1])], new ArrayOf(rows))
}

export function sourceOf(spec: Pick<ModuleSpec, 'karaboId' | 'module'>): string {
  return `${spec.karaboId ?? 'SPB_DET_AGIPD1M-1'}/DET/${spec.module ?? 0}CH0:xtdf`
}

/** Writes the file into `folder` and returns its path. */
export async function writeModule(folder: string, spec: ModuleSpec): Promise<string> {
  const { module = 0, sequence = 0, version = '1.2', without = [] } = spec
  const digits = (value: number, width: number) => String(value).padStart(width, '0')
  const name = spec.name ?? `RAW-R0001-AGIPD${digits(module, 2)}-S${digits(sequence, 5)}.h5`
  const path = join(folder, name)
  const source = sourceOf(spec)
  const root = `INSTRUMENT/${source}`
  const file = (await openLibrary()).open(path, 'w')
  const add = (at: string, data: Parameters<typeof put>[2], more?: Parameters<typeof put>[3]) => {
    if (!without.includes(at)) put(file, at, data, more)
  }

  const groups = ['detector', 'header', 'image', 'trailer']
  writeMetadata(
    add,
    version,
    { ...spec, sequence },
    groups.map(group => `INSTRUMENT/${source}/${group}`),
  )
  const { trainIds, counts } = spec
  add('INDEX/trainId', bigints(trainIds))
  if (version !== '0.5') {
    const clear = version === '1.1' ? 0 : 1
    add('INDEX/flag', Int32Array.from(spec.flags ?? trainIds.map(() => clear)))
    const start = 1_700_000_000_000_000_000n
    const times = spec.timestamps ?? trainIds.map((_, i) => start + BigInt(i) * 100_000_000n)
    add('INDEX/timestamp', bigints(times))
  }
  const first = spec.first ?? cumulative(counts)
  writeIndex(add, `INDEX/${source}/image`, first, counts, spec.legacyIndex)
  const slow = trainIds.map(() => 1)
  for (const group of groups.filter(group => group !== 'image'))
    writeIndex(
      add,
      `INDEX/${source}/${group}`,
      slow.map((_, row) => row),
      slow,
      spec.legacyIndex,
    )

  const ends = counts.map((count, row) => (Number(count) > 0 ? Number(first[row]) + Number(count) : 0))
  const frames = spec.frames ?? Math.max(0, ...ends)
  const rows = Math.min(frames, 1e6)
  const ids = new Array<number>(rows).fill(0)
  const trains = new BigUint64Array(rows)
  counts.forEach((count, row) => {
    for (let i = 0; i < Math.min(Number(count), rows); i++) {
      ids[Number(first[row]) + i] = i
      trains[Number(first[row]) + i] = BigInt(trainIds[row] ?? 0)
    }
  })
  const pulseIds = bigints(spec.pulseIds ?? ids.slice(0, rows))
  const cellIds = Uint16Array.from(spec.cellIds ?? ids.slice(0, rows))
  if (!without.includes(`${root}/image/data`))
    declare(
      file,
      `${root}/image/data`,
      spec.dtype ?? '<H',
      [frames, ...(spec.frame ?? [2, 512, 128])],
      spec.written,
    )
  add(`${root}/image/pulseId`, pulseIds, { shape: [pulseIds.length, 1] })
  add(`${root}/image/cellId`, cellIds, { shape: [cellIds.length, 1] })
  add(`${root}/image/trainId`, trains, { shape: [rows, 1] })
  add(`${root}/image/status`, new Uint16Array(rows), { shape: [rows, 1] })
  for (const group of ['detector', 'header', 'trailer']) add(`${root}/${group}/trainId`, bigints(trainIds))
  add(`${root}/header/pulseCount`, bigints(trainIds.map((_, row) => counts[row] ?? 0)))
  spec.also?.(file, root)
  file.close()
  return path
}

/** Where each row starts when they follow one another. */
function cumulative(counts: readonly (number | bigint)[]): number[] {
  let next = 0
  return counts.map(count => {
    const start = next
    next += Number(count)
    return start
  })
}

type Add = (path: string, data: Parameters<typeof put>[2], more?: Parameters<typeof put>[3]) => void

function writeMetadata(
  add: Add,
  version: string,
  { sequence = 0, proposal = 700000, run = 1, creationDate = '20231114T221320Z' }: ModuleSpec,
  sources: readonly string[],
): void {
  // The DAQ pads the list with empty names.
  const padded = [...sources, '', '']
  const root = version === '0.5' ? 'METADATA' : 'METADATA/dataSources'
  add(`${root}/dataSourceId`, padded)
  add(
    `${root}/root`,
    padded.map(name => name.split('/')[0] ?? ''),
  )
  add(
    `${root}/deviceId`,
    padded.map(name => name.split('/').slice(1).join('/')),
  )
  if (version === '0.5') return
  add('METADATA/dataFormatVersion', [version])
  add('METADATA/creationDate', [creationDate])
  add('METADATA/proposalNumber', Uint32Array.of(proposal))
  add('METADATA/runNumber', Uint32Array.of(run))
  add('METADATA/sequenceNumber', Uint32Array.of(sequence))
}

function writeIndex(
  add: Add,
  path: string,
  first: readonly (number | bigint)[],
  counts: readonly (number | bigint)[],
  legacy = false,
): void {
  add(`${path}/first`, bigints(first))
  if (!legacy) {
    add(`${path}/count`, bigints(counts))
    return
  }
  // Rows without data have status 0 and a `last` that means nothing.
  add(`${path}/last`, bigints(counts.map((count, row) => BigInt(first[row] ?? 0) + BigInt(count || 1) - 1n)))
  add(
    `${path}/status`,
    Uint32Array.from(counts, count => (Number(count) > 0 ? 1 : 0)),
  )
}

/** A file of control data: each device's properties, one value a train (or the same for all). */
export async function writeControl(
  folder: string,
  devices: Readonly<Record<string, Readonly<Record<string, number | readonly number[]>>>>,
  trainIds: readonly number[] = [1000, 1001],
): Promise<string> {
  const path = join(folder, 'RAW-R0001-DA01-S00000.h5')
  const file = (await openLibrary()).open(path, 'w')
  const add: Add = (at, data, more) => put(file, at, data, more)
  writeMetadata(
    add,
    '1.2',
    { trainIds, counts: [] },
    Object.keys(devices).map(device => `CONTROL/${device}`),
  )
  add('INDEX/trainId', bigints(trainIds))
  add(
    'INDEX/flag',
    Int32Array.from(trainIds, () => 1),
  )
  for (const [device, properties] of Object.entries(devices)) {
    writeIndex(
      add,
      `INDEX/${device}`,
      trainIds.map((_, row) => row),
      trainIds.map(() => 1),
    )
    for (const [property, value] of Object.entries(properties)) {
      const values = typeof value === 'number' ? trainIds.map(() => value) : value
      const at = `CONTROL/${device}/${property.replaceAll('.', '/')}`
      add(`${at}/value`, Float64Array.from(values))
      add(`${at}/timestamp`, bigints(values.map(() => 1)))
    }
  }
  file.close()
  return path
}
