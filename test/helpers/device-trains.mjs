// Corrects many trains of drawn numbers on the device alone: `node device-trains.mjs CATALOGUE KARABO-ID MODULE TRAINS`. Prints,
// as JSON, resident memory (MiB) after a fifth of the trains and after all, and how many were corrected.
import { Engine, openFrameCorrector } from '../../dist/src/index.js'

const [catalogue, karaboId, module, trains] = process.argv.slice(2)
const engine = await Engine.start({ workers: 0, device: 'gpu' })
const cells = [0, 1]
const request = { detector: 'agipd1m', karaboId, module: Number(module), cells, catalogue, at: '2026-01-01' }
const corrector = await openFrameCorrector(request, { engine, inFlight: 2 })
const raw = new Uint16Array(cells.length * 2 * 512 * 128).map((_, i) => 4000 + ((i * 7919) % 4001))

const resident = () => process.memoryUsage.rss() / 1024 ** 2
let done = 0
let before = 0
const next = async train => {
  const frames = await corrector.correct({ train, raw, cellIds: cells })
  if (!Number.isFinite(frames.data(1)[1000])) throw new Error(`train ${train}: ${frames.data(1)[1000]}`)
  frames.release()
  if (++done === trains / 5) before = resident()
}
// Two trains in flight, all the time.
const share = async first => {
  for (let train = first; train < trains; train += 2) await next(train)
}
await Promise.all([share(0), share(1)])
console.log(JSON.stringify({ done, before, after: resident() }))
await corrector.close()
await engine.close()
