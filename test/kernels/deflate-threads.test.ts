import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { inflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { writeParams } from '../../src/wasm/kernels.js'

const THREAD = fileURLToPath(new URL('../helpers/deflating-thread.mjs', import.meta.url))
const PIXELS = 65536
const THREADS = 3
const ROUNDS = 300
const MIB = 2 ** 20

const at = {
  params: 65536,
  masks: MIB,
  kept: 2 * MIB,
  keptBytes: PIXELS / 4,
  list: 3 * MIB,
  departures: 300,
  own: 4 * MIB,
  ownBytes: 2 * MIB,
}

// Kernels that are new to a memory write their tables into it, and the first to need a cell's masks deflated make them
// for all: whoever does either while others read must not be noticed.
test('threads that pack frames of one cell at once all get whole streams', async () => {
  const pages = ((4 + 2 * THREADS) * MIB) / 65536
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
  writeParams(memory.buffer, at.params, PIXELS, [0, 0, 0, 0])
  const masks = new Uint32Array(memory.buffer, at.masks, PIXELS)
  for (let p = 0; p < PIXELS; p += 997) masks[p] = 1 + (p % 11)
  const list = new Uint32Array(memory.buffer, at.list, 2 * at.departures)
  for (let i = 0; i < at.departures; i++) {
    const p = i * 211
    list.set([(p | (1 << 30)) >>> 0, masks[p] ?? 0], 2 * i)
  }
  const barrier = new SharedArrayBuffer(8)
  const threads = Array.from({ length: THREADS }, (_, number) => {
    const workerData = { memory, barrier, threads: THREADS, number, rounds: ROUNDS, at }
    return new Promise<(Uint8Array | number)[]>((resolve, reject) => {
      new Worker(THREAD, { workerData }).once('message', resolve).once('error', reject)
    })
  })
  const gain = new Uint8Array(PIXELS)
  for (let i = 0; i < at.departures; i++) gain[i * 211] = 1
  const expected = [gain, new Uint8Array(masks.slice().buffer)].map(plane =>
    Buffer.from(plane).toString('hex'),
  )
  for (const streams of await Promise.all(threads))
    for (let i = 0; i < streams.length; i += 2) {
      const [stream, gainBytes] = [streams[i] as Uint8Array, streams[i + 1] as number]
      const planes = [stream.subarray(0, gainBytes), stream.subarray(gainBytes)]
      expect(planes.map(plane => inflateSync(plane).toString('hex'))).toEqual(expected)
    }
})
