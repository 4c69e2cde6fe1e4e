import { parseEndpoint } from '../bridge/endpoint.js'
import { builtSteps } from '../corrections/steps.js'
import { constantsOfRequest } from '../engine/run/constants-of-request.js'
import { checkStreamSteps, NO_STEPS, type StreamFields } from '../engine/stream/plan-modules.js'
import type { DetectorKit } from '../kits/kit.js'
import { errorText, isDetcalError, UsageError } from '../model/errors.js'
import { parseTime } from '../model/time.js'
import { parseModules } from '../sources/run/query.js'
import { kitsAsked } from './detector-stream.js'
import type { CheckedServeRequest } from './request.js'

/**
 * What can be seen before the first train comes, when it is not yet known which detector it is of.
 * @throws UsageError for endpoints, times, modules, steps and a gain mode that no detector has. @throws ConstantsError if the catalogue cannot
 * be read.
 */
export async function checkAtStart(request: CheckedServeRequest): Promise<void> {
  const { sources, at, modules, steps, detector } = request
  for (const source of sources) parseEndpoint(source, '--source')
  if (at !== undefined) parseTime(at)
  const kits = kitsAsked(detector)
  const largest = kits.reduce((most, kit) =>
    kit.detector.moduleCount > most.detector.moduleCount ? kit : most,
  )
  if (modules !== undefined) parseModules(modules, largest.detector)
  checkSteps(request, kits)
  if (steps === NO_STEPS) return
  const { catalogue } = await constantsOfRequest(request)()
  catalogue.close()
}

/** @throws UsageError for steps or a gain mode that none of the detectors can be corrected with. */
export function checkSteps(asked: StreamFields, kits: readonly DetectorKit[]): void {
  const refused = kits.flatMap(kit => {
    try {
      checkStreamSteps(asked, kit)
      return []
    } catch (error) {
      return [{ error }]
    }
  })
  const [first] = refused
  if (first === undefined || refused.length < kits.length) return
  const alike = refused.every(({ error }) => errorText(error) === errorText(first.error))
  if (alike || !isDetcalError(first.error)) throw first.error
  const own = kits.map(
    ({ detector, corrections }) => `${detector.id}: ${builtSteps(corrections.steps).join(', ')}`,
  )
  throw new UsageError(first.error.message, { hint: `Each detector has its own steps (${own.join('; ')})` })
}
