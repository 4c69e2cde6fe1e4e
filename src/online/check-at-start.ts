import { parseEndpoint } from '../bridge/endpoint.js'
import { constantsOfRequest } from '../engine/run/constants-of-request.js'
import { NO_STEPS } from '../engine/stream/plan-modules.js'
import { KITS } from '../kits/index.js'
import { UsageError } from '../model/errors.js'
import { parseTime } from '../model/time.js'
import { parseModules } from '../sources/run/query.js'
import type { CheckedServeRequest } from './request.js'

/**
 * What can be seen before the first train comes, when it is not yet known which detector it is of.
 * @throws UsageError for endpoints, times, modules and steps that no detector has. @throws ConstantsError if the catalogue cannot
 * be read.
 */
export async function checkAtStart(request: CheckedServeRequest): Promise<void> {
  const { sources, at, modules, steps, detector } = request
  for (const source of sources) parseEndpoint(source, '--source')
  if (at !== undefined) parseTime(at)
  const named = KITS.filter(kit => kit.detector.id === detector)
  const kits = named.length > 0 ? named : KITS
  const largest = kits.reduce((most, kit) =>
    kit.detector.moduleCount > most.detector.moduleCount ? kit : most,
  )
  if (modules !== undefined) parseModules(modules, largest.detector)
  if (steps === NO_STEPS) return
  const known = new Set(kits.flatMap(({ corrections }) => Object.keys(corrections.steps)))
  const unknown = steps?.split(',').find(step => !known.has(step.trim()))
  if (unknown !== undefined)
    throw new UsageError(`no correction step is called ${unknown.trim()}`, {
      hint: `Use some of ${[...known].join(', ')}, or ${NO_STEPS}`,
    })
  const { catalogue } = await constantsOfRequest(request)()
  catalogue.close()
}
