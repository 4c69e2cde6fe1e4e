// Sends raw trains of AGIPD modules 0-3, one after the other, to whoever subscribes: node raw-feeder.mjs ENDPOINT RATE FRAMES
import { setTimeout as wait } from 'node:timers/promises'
import { encode } from '@msgpack/msgpack'
import { Publisher } from 'zeromq'

const [endpoint, rate, count] = process.argv.slice(2)
const frames = Number(count)
const socket = new Publisher({ sendHighWaterMark: 2, linger: 0 })
await socket.bind(endpoint)
const pixels = new Uint16Array(frames * 2 * 512 * 128).map((_, i) => 5000 + (i % 977))
const cells = Uint16Array.from({ length: frames }, (_, i) => i)
const pulses = BigUint64Array.from({ length: frames }, (_, i) => BigInt(i))
const bytes = array => new Uint8Array(array.buffer)
const array = (source, path, dtype, shape, data) => [
  encode({ source, content: 'array', path, dtype, shape }),
  bytes(data),
]
for (let train = 1; ; train++) {
  const message = [0, 1, 2, 3].flatMap(module => {
    const source = `SPB_DET_AGIPD1M-1/DET/${module}CH0:xtdf`
    const metadata = {
      source,
      'timestamp.tid': train,
      'timestamp.sec': '1780000000',
      'timestamp.frac': '0'.repeat(18),
    }
    return [
      encode({ source, content: 'msgpack', metadata }),
      encode({}),
      ...array(source, 'image.data', 'uint16', [frames, 2, 512, 128], pixels),
      ...array(source, 'image.cellId', 'uint16', [frames], cells),
      ...array(source, 'image.pulseId', 'uint64', [frames], pulses),
    ]
  })
  await socket.send(message)
  if (train === 1) process.stdout.write('sending\n')
  await wait(1000 / Number(rate))
}
