import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BridgeArray, BridgeSource, BridgeTime } from '../../src/bridge/message.js'
import { type Detector, pixelsOf } from '../../src/detectors/detector.js'
import type { FrameOrder } from '../../src/engine/contract/module-arrays.js'
import type { CorrectionPlan } from '../../src/engine/plan/plan.js'
import { type Dataset, withFile } from '../../src/hdf5/library.js'
import { DETECTORS } from '../../src/kits/index.js'
import type { ServeRequest } from '../../src/online/request.js'
import { type GOLDEN_RUNS, unpackDetectorRun } from '../golden/detectors/index.js'
import { unpackGoldenRun } from '../golden/run/index.js'
import { correct, importGolden, planOf, type Request } from './correction.js'

export type GoldenName = 'agipd' | (typeof GOLDEN_RUNS)[number]

/** Raw frames of one module in one train, as its file has them. */
export interface RawModule {
  /** u16, `[frame][plane][slow scan][fast scan]`. */
  readonly data: Uint8Array
  readonly cellIds: Uint16Array
  readonly pulseIds: BigUint64Array
}

export interface RawTrain {
  readonly train: number
  readonly modules: ReadonlyMap<number, RawModule>
}

/** Planes of a frame of one module, `[slow scan][fast scan]`: f32, u8, u32. */
export interface Planes {
  readonly data: Uint8Array
  readonly gain: Uint8Array
  readonly mask: Uint8Array
}

/** Frames by train and module. */
export type Frames = ReadonlyMap<number, ReadonlyMap<number, readonly Planes[]>>

/** A golden run in a folder of its own, and its raw trains. */
export interface GoldenStream {
  readonly folder: string
  readonly catalogue: string
  readonly detector: Detector
  readonly plan: CorrectionPlan
  readonly karaboId: string
  readonly trains: readonly RawTrain[]
  /** What a service must be told to correct them as `detcal correct` does. */
  readonly request: Partial<ServeRequest>
  /** Corrects the files as `detcal correct` does. */
  correct(more?: Partial<Request>): Promise<Frames>
  remove(): void
}

let outputs = 0

export async function goldenStream(name: GoldenName): Promise<GoldenStream> {
  const folder = mkdtempSync(join(tmpdir(), 'detcal-online-'))
  const golden = name === 'agipd' ? unpackGoldenRun(folder) : unpackDetectorRun(name, folder)
  const detector = DETECTORS.find(({ id }) => id.startsWith(name.slice(0, 3)))
  if (detector === undefined) throw new Error(`no detector is like ${name}`)
  const catalogue = join(folder, 'catalogue')
  await importGolden(golden, folder, catalogue, detector)
  return streamOf({ folder, catalogue, detector, ...golden })
}

/** A run in a folder of its own that belongs to the stream, and its raw trains. */
export async function streamOf({
  folder,
  catalogue,
  detector,
  path,
  karaboId,
}: Pick<GoldenStream, 'folder' | 'catalogue' | 'detector' | 'karaboId'> & {
  readonly path: string
}): Promise<GoldenStream> {
  const asked = { run: path, catalogue, out: join(folder, 'out') }
  const plan = await planOf(asked)
  const { run } = plan
  return {
    ...{ folder, catalogue, detector, plan, karaboId },
    trains: await rawTrainsOf(plan),
    request: {
      ...{ catalogue, conditions: run.conditions as Record<string, number> },
      at: run.time?.toISOString() ?? '2026-01-01',
      parallelGain: run.rawFrames > 1,
    },
    correct: async more => {
      const out = join(folder, `proc-${outputs++}`)
      await correct({ ...asked, out, ...more })
      return corrected(out, karaboId)
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Trains of a run that have frames, with all that its files have of them. */
async function rawTrainsOf(plan: CorrectionPlan): Promise<RawTrain[]> {
  const found = new Map<number, Map<number, RawModule>>()
  const frameBytes = 2 * plan.detector.rawPlanes * pixelsOf(plan.detector)
  for (const { module, sequences, chain } of plan.modules)
    for (const { joined } of sequences) {
      const { file, trains } = joined
      await withFile(file.path, 'r', hdf5 => {
        const rows = (key: string, from: number, count: number) => {
          const dataset = hdf5.get(`INSTRUMENT/${file.source}/image/${key}`) as Dataset
          return dataset.slice([[from, from + count]]) as ArrayLike<number | bigint> & Uint16Array
        }
        for (const { entry, trainId, rows: kept } of trains) {
          if (entry === undefined || kept.count === 0) continue
          const { first } = entry.image
          const count = entry.image.count * chain.rawFrames
          const { buffer, byteOffset } = rows('data', first, count)
          const train = found.get(trainId) ?? new Map<number, RawModule>()
          found.set(trainId, train)
          train.set(module, {
            data: new Uint8Array(buffer, byteOffset, count * frameBytes),
            cellIds: Uint16Array.from(rows('cellId', first, count), Number),
            pulseIds: BigUint64Array.from(rows('pulseId', first, count), BigInt),
          })
        }
      })
    }
  return [...found]
    .sort(([a], [b]) => a - b)
    .map(([train, modules]) => ({ train, modules: new Map([...modules].sort(([a], [b]) => a - b)) }))
}

/** Reads CORR files. */
async function corrected(out: string, karaboId: string): Promise<Frames> {
  const found = new Map<number, Map<number, Planes[]>>()
  for (const name of readdirSync(out).sort()) {
    const module = Number(/^CORR-.*?(\d+)-S\d+\.h5$/.exec(name)?.[1])
    if (Number.isNaN(module)) continue
    await withFile(join(out, name), 'r', file => {
      const source = `${karaboId}/CORR/${module}CH0:output`
      const numbers = (path: string) =>
        Array.from((file.get(path) as Dataset).value as unknown as ArrayLike<bigint>, Number)
      const counts = numbers(`INDEX/${source}/image/count`)
      const firsts = numbers(`INDEX/${source}/image/first`)
      const plane = (key: string, frame: number) => {
        const dataset = file.get(`INSTRUMENT/${source}/image/${key}`) as Dataset
        const { buffer, byteOffset, byteLength } = dataset.slice([[frame, frame + 1]]) as Uint8Array
        return new Uint8Array(buffer, byteOffset, byteLength)
      }
      for (const [i, train] of numbers('INDEX/trainId').entries()) {
        const [first = 0, count = 0] = [firsts[i], counts[i]]
        if (count === 0) continue
        const modules = found.get(train) ?? new Map<number, Planes[]>()
        found.set(train, modules)
        modules.set(
          module,
          Array.from({ length: count }, (_, frame) => ({
            data: plane('data', first + frame),
            gain: plane('gain', first + frame),
            mask: plane('mask', first + frame),
          })),
        )
      }
    })
  }
  return found
}

const bytesOf = (view: ArrayBufferView) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength)

const TIME = { seconds: 1_700_000_000n, attoseconds: 0n }

/** Sources of modules of a train as a bridge sends them; `online`: only where frames have one plane. */
export function moduleSources(
  { detector, karaboId }: Pick<GoldenStream, 'detector' | 'karaboId'>,
  { train, modules }: RawTrain,
  order: FrameOrder = 'file',
  time: Omit<BridgeTime, 'train'> = TIME,
): BridgeSource[] {
  const { slowScan, fastScan, rawPlanes } = detector
  return [...modules].map(([module, { data, cellIds, pulseIds }]) => ({
    name: `${karaboId}/DET/${module}CH0:xtdf`,
    time: { train: BigInt(train), ...time },
    values: {},
    arrays: {
      'image.data':
        order === 'file'
          ? { dtype: 'u2', shape: [cellIds.length, rawPlanes, slowScan, fastScan], data }
          : {
              ...{ dtype: 'u2', shape: [fastScan, slowScan, cellIds.length] },
              data: framesLastOf(data, cellIds.length, detector),
            },
      'image.cellId': { dtype: 'u2', shape: [cellIds.length], data: bytesOf(cellIds) },
      'image.pulseId': { dtype: 'u8', shape: [pulseIds.length, 1], data: bytesOf(pulseIds) },
    },
  }))
}

function framesLastOf(data: Uint8Array, frames: number, { slowScan, fastScan }: Detector): Uint8Array {
  const from = new Uint16Array(Uint8Array.from(data).buffer)
  const to = new Uint16Array(from.length)
  for (let frame = 0, i = 0; frame < frames; frame++)
    for (let slow = 0; slow < slowScan; slow++)
      for (let fast = 0; fast < fastScan; fast++, i++)
        to[(fast * slowScan + slow) * frames + frame] = from[i] as number
  return bytesOf(to)
}

/** One source that has all modules of a train; zeros, and `modulesPresent`, where one is missing. */
export function stackedSource(
  { detector, karaboId }: Pick<GoldenStream, 'detector' | 'karaboId'>,
  { train, modules }: RawTrain,
  order: FrameOrder = 'file',
): BridgeSource {
  const { slowScan, fastScan, rawPlanes, moduleCount } = detector
  const [first] = modules.values()
  if (first === undefined) throw new Error(`train ${train} has no module`)
  const frames = first.cellIds.length
  const planeBytes = 2 * pixelsOf(detector)
  const data = new Uint8Array(frames * rawPlanes * moduleCount * planeBytes)
  for (const [module, raw] of modules) {
    if (order === 'online') data.set(framesLastOf(raw.data, frames, detector), module * frames * planeBytes)
    else
      for (let plane = 0; plane < frames * rawPlanes; plane++)
        data.set(
          raw.data.subarray(plane * planeBytes, (plane + 1) * planeBytes),
          (plane * moduleCount + module) * planeBytes,
        )
  }
  const shape =
    order === 'file'
      ? [frames, rawPlanes, moduleCount, slowScan, fastScan]
      : [moduleCount, fastScan, slowScan, frames]
  return {
    name: `${karaboId}/${order === 'file' ? 'DET/APPEND' : 'CAL/APPEND_RAW'}`,
    time: { train: BigInt(train), ...TIME },
    values: { modulesPresent: Array.from({ length: moduleCount }, (_, module) => modules.has(module)) },
    arrays: {
      'image.data': { dtype: 'u2', shape, data },
      'image.cellId': { dtype: 'u2', shape: [frames], data: bytesOf(first.cellIds) },
      'image.pulseId': { dtype: 'u8', shape: [frames], data: bytesOf(first.pulseIds) },
    },
  }
}

/** A train that was served: what modules it has, and their frames. */
export interface Served {
  readonly train: number
  readonly sources: readonly BridgeSource[]
  readonly cellIds: readonly number[]
  readonly pulseIds: readonly number[]
  readonly passport: readonly string[]
  /** Whose modules `modulesPresent` says are there, or that have a source. */
  readonly present: readonly number[]
  /** Data, and where they are sent gain and mask, of every module that has a place, in image order. */
  readonly frames: ReadonlyMap<number, readonly (Pick<Planes, 'data'> & Partial<Planes>)[]>
}

/** Reads a served message; of a message with both kinds of sources the stacked one. */
export function servedOf(
  sources: readonly BridgeSource[],
  { detector }: Pick<GoldenStream, 'detector'>,
): Served {
  const [first] = sources
  if (first === undefined) throw new Error('the message has no source')
  const ids = (key: string) => {
    const { data, dtype } = first.arrays[key] as BridgeArray
    const own = Uint8Array.from(data).buffer
    return Array.from(dtype === 'u2' ? new Uint16Array(own) : new BigUint64Array(own), Number)
  }
  const stacked = first.name.endsWith('/CAL/APPEND_CORRECTED')
  const numberOf = (name: string) => Number(/\/CORR\/(\d+)CH0:output$/.exec(name)?.[1])
  const single = new Map(sources.map(source => [numberOf(source.name), source]))
  const places = stacked
    ? (first.values['sources'] as string[]).map(numberOf)
    : [...single.keys()].sort((a, b) => a - b)
  const frames = new Map(
    places.map((module, index) => {
      const { arrays } = stacked ? first : (single.get(module) ?? first)
      const planes = (key: string) =>
        arrays[key] && planesOf(arrays[key], detector, stacked ? { index, of: places.length } : undefined)
      const [data, gain, mask] = ['image.data', 'image.gain', 'image.mask'].map(planes)
      return [
        module,
        (data ?? []).map((plane, i) => ({
          data: plane,
          ...(gain?.[i] && { gain: gain[i] }),
          ...(mask?.[i] && { mask: mask[i] }),
        })),
      ] as const
    }),
  )
  return {
    ...{ train: Number(first.time.train), sources, frames },
    ...{ cellIds: ids('image.cellId'), pulseIds: ids('image.pulseId') },
    passport: first.values['image.passport'] as string[],
    present: stacked ? places.filter((_, i) => (first.values['modulesPresent'] as boolean[])[i]) : places,
  }
}

/** Planes of one module in an array of either order. */
function planesOf(
  { shape, data, dtype }: BridgeArray,
  { slowScan, fastScan }: Detector,
  stacked: { readonly index: number; readonly of: number } | undefined,
): Uint8Array[] {
  const bytes = Number(dtype[1])
  const pixels = slowScan * fastScan
  const file = shape.at(-1) === fastScan && shape.at(-2) === slowScan
  const frames = (file ? shape[0] : shape.at(-1)) ?? 0
  const { index, of } = stacked ?? { index: 0, of: 1 }
  const own = Uint8Array.from(data)
  if (file)
    return Array.from({ length: frames }, (_, frame) => {
      const from = (frame * of + index) * pixels * bytes
      return own.subarray(from, from + pixels * bytes)
    })
  const Elements = bytes === 4 ? Uint32Array : Uint8Array
  const from = new Elements(own.buffer).subarray(index * pixels * frames, (index + 1) * pixels * frames)
  return Array.from({ length: frames }, (_, frame) => {
    const plane = new Elements(pixels)
    for (let slow = 0, i = 0; slow < slowScan; slow++)
      for (let fast = 0; fast < fastScan; fast++, i++)
        plane[i] = from[(fast * slowScan + slow) * frames + frame] as number
    return bytesOf(plane)
  })
}
