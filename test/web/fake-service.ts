import { snap } from '../../src/geometry/snap.js'
import { AGIPD } from '../../src/kits/agipd/index.js'
import { layoutOf } from '../../src/kits/kit.js'
import { ConstantsError, UsageError } from '../../src/model/errors.js'
import {
  type Incident,
  type LiveService,
  type LiveSettings,
  LOSS_CAUSES,
  type OnlineStatus,
  type TrainRecord,
  type View,
  type ViewPlanes,
} from '../../src/online/live.js'

export const GEOMETRY = layoutOf(AGIPD).fromQuadrants([
  [-525, 625],
  [-550, -10],
  [520, -160],
  [542.5, 475],
])
export const TABLE = snap(GEOMETRY)
const [MODULES, SLOW, FAST] = [16, 512, 128]
const PIXELS = SLOW * FAST
const FRAMES = 8
const STEPS = ['threshold', 'offset', 'relative-gain', 'xray-gain', 'mask', 'range']

/** Distance of each pixel from the beam, pixels. */
const RADII = new Uint16Array(MODULES * PIXELS)
for (const [i, pixel] of TABLE.pixels.entries()) {
  if (pixel === 0) continue
  const [y, x] = [Math.floor(i / TABLE.width) - TABLE.centre[0], (i % TABLE.width) - TABLE.centre[1]]
  RADII[pixel - 1] = Math.hypot(y, x)
}

/** Rings that move from train to train, above a background that tells modules apart. */
function profile(train: number): Float32Array {
  return Float32Array.from({ length: 1024 }, (_, radius) => {
    const ring = (at: number): number => Math.exp(-(((radius - at) / 18) ** 2))
    const move = 12 * Math.sin(train / 4)
    return (
      90 * ring(120 + move) + 60 * ring(260 - move) + 35 * ring(420 + move) + 300 * Math.exp(-radius / 40)
    )
  })
}

/** Planes of a train, `[module][slow scan][fast scan]`; modules that are missing are NaN. */
export function planesOf({ layer, frame }: View, train: number, missing: readonly number[]): Float32Array {
  const rings = profile(train)
  const planes = new Float32Array(MODULES * PIXELS)
  const dimmer = frame === 'mean' ? 1 : 1 / (1 + frame)
  for (let i = 0; i < planes.length; i++) {
    const corrected =
      (rings[RADII[i] ?? 0] ?? 0) * dimmer + Math.floor(i / PIXELS) / 4 + ((i * 7919) % 13) / 64
    const isBad = i % FAST === 64 || (i * 31) % 9973 === 0
    planes[i] = {
      corrected,
      raw: Math.round(5000 + 8 * corrected),
      gain: corrected > 150 ? 2 : corrected > 60 ? 1 : 0,
      mask: isBad ? 2049 : 0,
    }[layer]
  }
  for (const module of missing) planes.fill(Number.NaN, module * PIXELS, (module + 1) * PIXELS)
  return planes
}

/** A service whose trains come when the test says so. */
export interface FakeService extends LiveService {
  /** One train goes through; it is what watchers see. */
  next(): Promise<void>
  /** Trains every so many ms until {@link FakeService.rest}. */
  run(interval: number): void
  rest(): void
  state: OnlineStatus['state']
  readonly changes: readonly Partial<LiveSettings>[]
  readonly reloads: () => number
  readonly watched: () => readonly View[]
}

export function fakeService({ missing = [5, 11], first = 1_000_000_001 } = {}): FakeService {
  const startedAt = Date.now() - 60_000
  const recent: TrainRecord[] = []
  const incidents: Incident[] = []
  const watchers = new Map<object, { readonly view: View; readonly take: (planes: ViewPlanes) => unknown }>()
  const changes: Partial<LiveSettings>[] = []
  const lost = Object.fromEntries(LOSS_CAUSES.map(cause => [cause, 0])) as Record<
    (typeof LOSS_CAUSES)[number],
    number
  >
  let settings: LiveSettings = { steps: ['threshold', 'offset', 'mask', 'range'], stride: 1 }
  let train = first
  let reloads = 0
  let timer: NodeJS.Timeout | undefined
  const present = Array.from({ length: MODULES }, (_, module) => !missing.includes(module))

  const service: FakeService = {
    state: 'waiting',
    changes,
    reloads: () => reloads,
    watched: () => [...watchers.values()].map(({ view }) => view),
    next: async () => {
      service.state = 'running'
      const intensity = 20 + 3 * Math.sin(train / 9)
      const latency = 31 + 6 * Math.abs(Math.sin(train * 12.9898))
      const at = startedAt + 100 * (train - first)
      recent.push({ train, at, latency, intensity, modules: 16 - missing.length, frames: FRAMES })
      if (recent.length > 300) recent.shift()
      if (train % 40 === 7) {
        lost.late++
        const place = { module: 11, train: train - 3 }
        incidents.unshift({
          at: Date.now(),
          cause: 'late',
          place,
          message: 'came after its train was joined',
        })
      }
      const number = train++
      for (const { view, take } of [...watchers.values()])
        await take({ view, train: number, planes: planesOf(view, number, missing), present })
    },
    run: interval => {
      clearInterval(timer)
      timer = setInterval(() => void service.next(), interval)
    },
    rest: () => clearInterval(timer),
    change: async change => {
      if (change.steps?.includes('xray-gain'))
        throw new ConstantsError('there is no SlopesFF of AGIPD_M305 for this time', {
          place: { module: 3 },
          hint: 'Import one, or go on without the step xray-gain',
        })
      const unknown = change.steps?.find(step => !STEPS.includes(step))
      if (unknown !== undefined) throw new UsageError(`there is no step ${unknown}`)
      changes.push(change)
      settings = { ...settings, ...change }
    },
    reloadConstants: async () => {
      reloads++
    },
    watch: (view, _interval, take) => {
      const key = {}
      watchers.set(key, { view, take })
      return () => watchers.delete(key)
    },
    status: () => ({
      state: service.state,
      version: '0.1.0+0123456789abcdef',
      startedAt,
      detector: {
        ...{ id: 'agipd1m', name: 'AGIPD-1M', karaboId: 'SPB_DET_AGIPD1M-1' },
        ...{ moduleCount: MODULES, slowScan: SLOW, fastScan: FAST },
      },
      settings,
      knownSteps: STEPS,
      sources: [
        {
          ...{ endpoint: 'tcp://10.253.0.51:4501', socket: 'REQ', messages: recent.length * 16 },
          bytes: recent.length * 16 * PIXELS * 2 * FRAMES,
          ...(recent.at(-1) && { lastAt: recent.at(-1)?.at ?? 0 }),
        },
      ],
      outputs: [
        { endpoint: 'tcp://0.0.0.0:4545', socket: 'REP', sent: recent.length, dropped: 0 },
        {
          endpoint: 'tcp://0.0.0.0:4546',
          socket: 'PUB',
          sent: Math.max(0, recent.length - 2),
          dropped: Math.min(2, recent.length),
        },
      ],
      modules: present.map((there, module) => ({
        ...{ module, trains: there ? recent.length : 0, missing: there ? 0 : recent.length },
        ...(recent.length === 0
          ? { state: 'waiting' as const }
          : there
            ? { state: 'ok' as const }
            : module === 5
              ? { state: 'failed' as const, problem: 'there is no Offset of AGIPD_M305 for these conditions' }
              : { state: 'missing' as const }),
      })),
      constants: present.flatMap((_, module) =>
        ['Offset', 'ThresholdsDark', 'BadPixelsDark'].map(calibration => ({
          ...{ module, calibration, from: '2026-11-15T08:30:00Z' },
          file: `agipd-type/agipd_m3${module}/cal.1700000000.h5`,
        })),
      ),
      trains: {
        ...{
          received: recent.length,
          published: recent.length,
          complete: 0,
          partial: recent.length,
          skipped: 0,
          lost,
        },
        matching: recent.length === 0 ? Number.NaN : 0,
      },
      rates: { trains: 10, bytesIn: 167_772_160, bytesOut: 335_544_320 },
      latency: recent.length === 0 ? { p50: Number.NaN, p99: Number.NaN } : { p50: 33.4, p99: 41.2 },
      memory: 1_234_567_890,
      recent,
      incidents,
    }),
  }
  return service
}
