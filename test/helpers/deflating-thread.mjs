// Packs one frame again and again in step with other threads, each time with kernels new to the memory.
import { parentPort, workerData } from 'node:worker_threads'
import { instantiateKernels, kernelModule } from '../../dist/src/wasm/kernels.js'

const { memory, barrier, threads, number, rounds, at } = workerData
const meeting = new Int32Array(barrier)
const words = new Uint32Array(memory.buffer)
const own = at.own + number * at.ownBytes
const module = kernelModule()
const streams = []

/** Returns when all threads have come here for the `turn`-th time. */
function meet(turn) {
  if (Atomics.add(meeting, 0, 1) === threads * turn - 1) {
    Atomics.store(meeting, 1, turn)
    Atomics.notify(meeting, 1)
  }
  for (let seen = Atomics.load(meeting, 1); seen < turn; seen = Atomics.load(meeting, 1))
    Atomics.wait(meeting, 1, seen)
}

for (let round = 0; round < rounds; round++) {
  const kernels = instantiateKernels(module, memory)
  if (number === 0) words[at.kept / 4] = 0
  words.set([0, 0, own + 4096, own + 4096 + 8 * at.departures, at.departures, 0, 0, 0], own / 4)
  words.set(new Uint32Array(memory.buffer, at.list, 2 * at.departures), (own + 4096) / 4)
  meet(2 * round + 1)
  const { masks, params, kept, keptBytes } = at
  const scratch = own + 65536
  const bytes = kernels.deflateListed(
    own,
    1,
    masks,
    params,
    kept,
    keptBytes,
    scratch,
    2 ** 19,
    own + 2 ** 20,
    2 ** 19,
  )
  streams.push(new Uint8Array(memory.buffer.slice(own + 2 ** 20, own + 2 ** 20 + bytes)), words[own / 4 + 2])
  meet(2 * round + 2)
}
parentPort.postMessage(streams)
