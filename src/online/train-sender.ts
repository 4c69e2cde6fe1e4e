import type { Publisher } from './publisher.js'
import type { Statistics } from './statistics.js'
import { type CorrectedTrain, type SentArrays, trainMessage } from './train-message.js'

/** Corrected values of a train, spread over it, that its intensity is the mean of. */
const SAMPLED = 4096

/** Publishes a corrected train, and records it; resolves when every output has queued or dropped it. */
export async function sendTrain(
  corrected: CorrectedTrain,
  arrays: readonly SentArrays[],
  publisher: Publisher,
  statistics: Statistics,
): Promise<void> {
  const { train, frames, present } = corrected
  const message = trainMessage(corrected, arrays, publisher.version)
  const record = {
    train: train.train,
    at: Date.now(),
    latency: performance.now() - train.receivedAt,
    intensity: intensityOf(arrays[0]?.values ?? []),
    modules: present.size,
    frames: frames.length,
  }
  await publisher.send(message)
  statistics.published(
    record,
    message.reduce((sum, { byteLength }) => sum + byteLength, 0),
  )
}

/** Mean of finite values over a sample of a train's corrected pixels; NaN where there is none. */
function intensityOf(arrays: readonly Float32Array[]): number {
  const total = arrays.reduce((sum, { length }) => sum + length, 0)
  // An odd step meets all rows and columns in turn.
  const step = Math.max(1, Math.floor(total / SAMPLED)) | 1
  let [sum, count] = [0, 0]
  for (const values of arrays)
    for (let i = 0; i < values.length; i += step) {
      const value = values[i] as number
      if (value - value !== 0) continue
      sum += value
      count++
    }
  return sum / count
}
