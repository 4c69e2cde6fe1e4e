/**
 * What the kernels cost on this machine: seeded, warmed, working sets beyond cache, one thread, median and best.
 * Run with `npm run build && node dist/bench/kernels.js`.
 */
import { cpus } from 'node:os'
import { deflateSync } from 'node:zlib'
import { AGIPD, type AgipdKernel } from '../src/corrections/agipd/chain.js'
import { correctionKernel, instantiateKernels, kernelModule, writeParams } from '../src/corrections/kernel.js'
import { DEFAULT_STEP_OPTIONS, parseSteps } from '../src/corrections/steps.js'
import { FrameTable } from '../src/memory/frame-table.js'

const PIXELS = 65536
const TILE = 8
const CELLS = 32
const PLANES = 13
const PARAMS = 65536
const TABLE = 65536 + 4096
const CONSTANTS = 2 * 65536
const RAW = CONSTANTS + CELLS * PLANES * PIXELS * 4
const RESULTS = RAW + CELLS * TILE * PIXELS * 4
const BYTES = RESULTS + CELLS * TILE * PIXELS * 9

const pages = Math.ceil(BYTES / 65536)
const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
const kernels = instantiateKernels(kernelModule(), memory)
const u8 = new Uint8Array(memory.buffer)
const u16 = new Uint16Array(memory.buffer)
const u32 = new Uint32Array(memory.buffer)
const f32 = new Float32Array(memory.buffer)

let state = 20250129
function random(): number {
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  return (state >>> 0) / 2 ** 32
}

/** Best and median nanoseconds of `runs` runs, divided by `units`. */
function measure(units: number, run: () => void, runs = 9): { best: number; median: number } {
  run()
  const times = Array.from({ length: runs }, () => {
    const start = process.hrtime.bigint()
    run()
    return Number(process.hrtime.bigint() - start) / units
  }).sort((a, b) => a - b)
  return { best: times[0] ?? 0, median: times[runs >> 1] ?? 0 }
}

function report(name: string, { best, median }: { best: number; median: number }, more = ''): void {
  console.log(`${name.padEnd(44)} best ${best.toFixed(3)}  median ${median.toFixed(3)} ns/px  ${more}`)
}

function fillConstants(): void {
  const level = [4000, 0, 6000, 8000, 5000, 0, 5200, 0, 1, 1, 30, 120, 5]
  for (let i = 0; i < CELLS * PLANES * PIXELS; i++) {
    const value = level[Math.floor(i / PIXELS) % PLANES] ?? 0
    if (value === 0) u32[CONSTANTS / 4 + i] = random() < 0.01 ? 1 << (random() * 24) : 0
    else f32[CONSTANTS / 4 + i] = value > 1000 ? value + random() * 500 : value
  }
}

function fillRaw(switched: number): void {
  for (let frame = 0; frame < CELLS * TILE; frame++) {
    const at = RAW / 2 + 2 * PIXELS * frame
    for (let p = 0; p < PIXELS; p++) {
      const stage = random() < switched ? (random() < 0.2 ? 2 : 1) : 0
      u16[at + p] = stage === 0 ? 4500 + random() * 500 : 7500
      u16[at + PIXELS + p] = 5000 + 2200 * stage
    }
  }
}

/** All frames through `kernel`; with `reuse`, every tile's results go to the same place, as in a slot. */
function correctAll(kernel: AgipdKernel, table: FrameTable, reuse: boolean): void {
  const frames = CELLS * TILE
  const correct = correctionKernel(kernels, kernel)
  for (let cell = 0; cell < CELLS; cell++) {
    for (let train = 0; train < TILE; train++) {
      const frame = cell * TILE + train
      const to = reuse ? train : frame
      table.set(train, {
        raw: RAW + frame * PIXELS * 4,
        data: RESULTS + to * PIXELS * 4,
        gain: RESULTS + frames * PIXELS * 8 + to * PIXELS,
        mask: RESULTS + frames * PIXELS * 4 + to * PIXELS * 4,
      })
    }
    correct(TABLE, TILE, CONSTANTS + cell * PLANES * PIXELS * 4, PARAMS)
  }
}

const gainMode = 0
const chain = AGIPD.resolve({
  steps: parseSteps(AGIPD.steps, AGIPD.defaultSteps, gainMode),
  options: DEFAULT_STEP_OPTIONS,
  gainMode,
  rawFrames: 1,
  available: new Set(['Offset', 'ThresholdsDark', 'BadPixelsDark']),
})
writeParams(memory.buffer, PARAMS, PIXELS, chain.params)
const table = new FrameTable(memory.buffer, TABLE, TILE)
fillConstants()

console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}`)
const copied = CELLS * TILE * PIXELS * 4
const copy = measure(copied, () => u8.copyWithin(RESULTS, RAW, RAW + copied))
const bound = { best: copy.best * 6.5, median: copy.median * 6.5 }
report('copy that moves 13 B a pixel', bound, `${(2 / copy.best).toFixed(1)} GB/s read and written`)

for (const switched of [0, 0.004, 0.02]) {
  fillRaw(switched)
  const percent = `${switched * 100} % switched`
  for (const kernel of ['agipdAdaptive', 'agipdAdaptiveGain'] as const)
    for (const reuse of [false, true]) {
      const time = measure(CELLS * TILE * PIXELS, () => correctAll(kernel, table, reuse))
      const where = reuse ? 'results in a slot' : 'results spread'
      report(`${kernel}, ${percent}, ${where}`, time, `${(bound.best / time.best).toFixed(2)} of copy`)
    }
  deflatePlanes(percent)
}

/** Gain and mask of the first tile, by the run-length kernel and by zlib level 1. */
function deflatePlanes(percent: string): void {
  correctAll('agipdAdaptive', table, false)
  const frames = CELLS * TILE
  const gain = RESULTS + frames * PIXELS * 8
  const mask = RESULTS + frames * PIXELS * 4
  let bytes = 0
  const ours = measure(TILE * PIXELS, () => {
    bytes = 0
    for (let f = 0; f < TILE; f++) {
      bytes += kernels.deflateRuns(gain + f * PIXELS, PIXELS, RAW, 1 << 18)
      bytes += kernels.deflateRuns(mask + 4 * f * PIXELS, 4 * PIXELS, RAW, 1 << 18)
    }
  })
  report(`deflateRuns, ${percent}`, ours, `${Math.round(bytes / TILE)} B a frame`)
  const zlib = measure(TILE * PIXELS, () => {
    bytes = 0
    for (let f = 0; f < TILE; f++) {
      bytes += deflateSync(u8.subarray(gain + f * PIXELS, gain + (f + 1) * PIXELS), { level: 1 }).length
      const at = mask + 4 * f * PIXELS
      bytes += deflateSync(u8.subarray(at, at + 4 * PIXELS), { level: 1 }).length
    }
  })
  report(`zlib level 1, ${percent}`, zlib, `${Math.round(bytes / TILE)} B a frame`)
}
