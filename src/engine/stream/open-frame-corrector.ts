import * as v from 'valibot'
import { kitOf } from '../../kits/index.js'
import { ConstantsError, UsageError } from '../../model/errors.js'
import { parseModules } from '../../sources/run/query.js'
import { CONSTANTS_FIELDS, checkFields, optionsOf, STEP_FIELDS, TEXT } from '../run/request.js'
import { FrameCorrector, type FrameCorrectorOptions } from './frame-corrector.js'
import { planModules } from './plan-modules.js'

const COUNT = v.pipe(v.number(), v.integer(), v.minValue(0))

const REQUEST = optionsOf({
  ...CONSTANTS_FIELDS,
  ...STEP_FIELDS,
  /** The detector's id, `agipd1m`. */
  detector: TEXT,
  /** Its Karabo name, by which the catalogue knows its modules; absent: the usual one. */
  karaboId: v.optional(TEXT),
  /** Number of the module. */
  module: COUNT,
  /** Memory cells that the frames may have: their constants are kept in memory. */
  cells: v.pipe(v.array(COUNT), v.minLength(1)),
  /** Most frames of a train; absent: as many as there are cells. */
  frames: v.optional(COUNT),
  /** When the frames are taken, ISO 8601, UTC without a zone. */
  at: TEXT,
})

/** Which frames are corrected in memory, with which constants and how: plain JSON. */
export type FrameCorrectorRequest = v.InferInput<typeof REQUEST>

/**
 * Opens a corrector of one module's frames; its constants are loaded meanwhile.
 * @throws UsageError for options that cannot be, naming them. @throws ConstantsError if the module cannot be corrected
 * with what there is.
 */
export async function openFrameCorrector(
  request: FrameCorrectorRequest,
  options: Pick<FrameCorrectorOptions, 'engine' | 'inFlight'> = {},
): Promise<FrameCorrector> {
  const asked = checkFields(REQUEST, request)
  const { inFlight } = options
  if (inFlight !== undefined && !(Number.isSafeInteger(inFlight) && inFlight >= 1))
    throw new UsageError(`inFlight ${inFlight} is not a number of calls, 1 or more`)
  const kit = kitOf({ id: asked.detector })
  const { detector } = kit
  const [module] = parseModules(String(asked.module), detector)
  const cells = [...new Set(asked.cells)].sort((a, b) => a - b)
  const beyond = cells.find(cell => cell >= detector.maxCells)
  if (module === undefined || beyond !== undefined)
    throw new UsageError(`${detector.name} has no cell ${beyond}`, {
      hint: `Its cells are 0 to ${detector.maxCells - 1}`,
    })
  const karaboId = asked.karaboId ?? detector.karaboId
  const { modules, problems } = await planModules(asked, { kit, karaboId, modules: [module] })
  const resolved = modules.get(module)
  if (resolved === undefined) {
    const { message, place } = problems.find(({ severity }) => severity === 'error') ?? {
      message: '',
      place: {},
    }
    throw new ConstantsError(message, { place })
  }
  return FrameCorrector.open({
    ...options,
    ...{ detector, frames: asked.frames ?? cells.length, problems },
    plan: { module, ...resolved, cells, sequences: [] },
  })
}
