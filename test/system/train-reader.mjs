// Asks for one train after the other and says which modules each has, a line of JSON: node train-reader.mjs ENDPOINT
import { decode } from '@msgpack/msgpack'
import { Request } from 'zeromq'

const socket = new Request({ relaxed: true, correlate: false, linger: 0 })
socket.connect(process.argv[2])
for (;;) {
  await socket.send('next')
  const frames = await socket.receive()
  const { metadata } = decode(frames[0])
  const { modulesPresent } = decode(frames[1])
  const index = frames.findIndex((frame, i) => i % 2 === 0 && decode(frame).path === 'image.data')
  const { shape } = decode(frames[index])
  const data = Uint8Array.from(frames[index + 1])
  const values = new Float32Array(data.buffer)
  const each = values.length / shape[0]
  // Whether all of a module is NaN.
  const empty = modulesPresent.map((_, module) =>
    values.subarray(module * each, (module + 1) * each).every(Number.isNaN),
  )
  process.stdout.write(
    `${JSON.stringify({ train: metadata['timestamp.tid'], present: modulesPresent, empty })}\n`,
  )
}
