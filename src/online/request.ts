import * as v from 'valibot'
import { CLIENT_SOCKETS } from '../bridge/client.js'
import { BRIDGE_VERSIONS } from '../bridge/message.js'
import { SERVER_SOCKETS } from '../bridge/server.js'
import { WHEN_FULL } from '../bridge/train-queue.js'
import { FRAME_ORDERS } from '../engine/contract/module-arrays.js'
import { CONSTANTS_FIELDS, checkFields, optionsOf, STEP_FIELDS, TEXT } from '../engine/run/request.js'

const COUNT = v.pipe(v.number(), v.integer(), v.minValue(1))

/** How corrected trains go out. */
export const OUTPUT_FIELDS = {
  /** Endpoints that corrected trains are served at. */
  publish: v.optional(v.array(TEXT), []),
  publishSocket: v.optional(v.picklist(SERVER_SOCKETS), 'REP'),
  protocol: v.optional(v.picklist(BRIDGE_VERSIONS), '2.2'),
  /** One source for the whole detector, one for each module, or both. */
  output: v.optional(v.picklist(['stacked', 'modules', 'both']), 'stacked'),
  axisOrder: v.optional(v.picklist(FRAME_ORDERS), 'online'),
  /** What becomes of a train that nobody takes in time. */
  whenFull: v.optional(v.picklist(WHEN_FULL), 'drop-oldest'),
}

/** What the bridges of a service have in common. */
export const BRIDGE_FIELDS = {
  /** File of CurveZMQ keys; absent: nothing is encrypted, and whoever connects is served. */
  curveKeys: v.optional(TEXT),
}

/** Where trains come from, and which of them go on. */
export const INPUT_FIELDS = {
  /** Endpoints of bridges: one that has all modules, or one for each module or group of them. */
  sources: v.pipe(v.array(TEXT), v.minLength(1)),
  sourceSocket: v.optional(v.picklist(CLIENT_SOCKETS), 'REQ'),
  /** Axis order of arrays whose shape does not tell it. */
  sourceAxisOrder: v.optional(v.picklist(FRAME_ORDERS)),
  /** Module numbers, `0,3,5-7`; absent: all. */
  modules: v.optional(TEXT),
  /** ms after its first module at which a train goes on without those it lacks. */
  deadline: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(600_000)), 1000),
  /** What becomes of a train that lacks modules then. */
  incomplete: v.optional(v.picklist(['partial', 'drop']), 'partial'),
  /** Only trains whose id is a multiple of this. */
  stride: v.optional(COUNT, 1),
  /** A slice over the frames of each train. */
  pulses: v.optional(TEXT),
}

const REQUEST = optionsOf({
  ...CONSTANTS_FIELDS,
  ...STEP_FIELDS,
  ...INPUT_FIELDS,
  ...OUTPUT_FIELDS,
  ...BRIDGE_FIELDS,
  /** The detector's id or Karabo name; absent: that of the first raw source that comes. */
  detector: v.optional(TEXT),
  /** Values of bad pixels become NaN; or they stay, and `image.mask` and `image.gain` are sent along. */
  badPixelsAs: v.optional(v.picklist(['nan', 'mask']), 'nan'),
  /** Bits that make a pixel NaN, a mask; absent: all. */
  nanBits: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff)), 0xffffffff),
  /** Memory cells and pulse ids whose frames are taken, of those that `pulses` takes. */
  cells: v.optional(TEXT),
  pulseIds: v.optional(TEXT),
  /** Trains that are corrected at a time. */
  inFlight: v.optional(v.pipe(COUNT, v.maxValue(64)), 2),
})

/** What a service is to do: plain JSON. */
export type ServeRequest = v.InferInput<typeof REQUEST>
/** A {@link ServeRequest} that was checked, with all defaults. */
export type CheckedServeRequest = v.InferOutput<typeof REQUEST>

export const SERVE_OPTIONS = Object.keys(REQUEST.entries) as readonly (keyof ServeRequest)[]

/** @throws UsageError naming the option that is missing, unknown or of another type. */
export function checkServeRequest(
  request: unknown,
  nameOf?: (option: string) => string,
): CheckedServeRequest {
  return checkFields(REQUEST, request, nameOf)
}
