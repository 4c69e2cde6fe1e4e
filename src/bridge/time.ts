import type { BridgeTime } from './message.js'

const DIGITS = 18

/** The metadata of a source, as the protocol has them; times are text but for the seconds as a float. */
export function metadataOf(
  name: string,
  { train, seconds, attoseconds = 0n }: BridgeTime,
): Record<string, unknown> {
  if (seconds === undefined) return { source: name, 'timestamp.tid': train }
  const fraction = String(attoseconds).padStart(DIGITS, '0')
  return {
    source: name,
    timestamp: Number(seconds) + Number(attoseconds) / 1e18,
    'timestamp.sec': String(seconds),
    'timestamp.frac': fraction,
    'timestamp.tid': train,
  }
}

/** When a source was, of its metadata; undefined without a train id that can be. */
export function bridgeTimeOf(metadata: unknown): BridgeTime | undefined {
  if (typeof metadata !== 'object' || metadata === null) return undefined
  const {
    'timestamp.tid': tid,
    'timestamp.sec': sec,
    'timestamp.frac': frac,
  } = metadata as Record<string, unknown>
  const train = integer(tid)
  if (train === undefined || train < 0n) return undefined
  const seconds = typeof sec === 'string' && /^\d{1,12}$/.test(sec) ? BigInt(sec) : undefined
  if (seconds === undefined) return { train }
  // Right-padded with zeros: `5` is half a second.
  const digits = typeof frac === 'string' && /^\d{1,18}$/.test(frac) ? frac.padEnd(DIGITS, '0') : '0'
  return { train, seconds, attoseconds: BigInt(digits) }
}

/** A whole number of any msgpack form, a float that is one among them. */
function integer(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : undefined
}
