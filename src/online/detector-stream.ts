import type { BridgeSource } from '../bridge/message.js'
import type { Detector } from '../detectors/detector.js'
import { gainModeOf } from '../engine/run/gain-of-request.js'
import type { StreamFields } from '../engine/stream/plan-modules.js'
import { rawFramesAPulse } from '../engine/stream/plan-modules.js'
import { KITS } from '../kits/index.js'
import type { DetectorKit } from '../kits/kit.js'
import { UsageError } from '../model/errors.js'
import { type ModuleIndex, moduleIndex } from '../model/ids.js'
import { parseModules } from '../sources/run/query.js'
import { type PartOptions, rawSourceOf } from './raw-part.js'
import type { CheckedServeRequest } from './request.js'
import type { ArrayForm } from './train-arrays.js'

/** The detector whose raw data come. */
export interface DetectorStream {
  readonly kit: DetectorKit
  readonly karaboId: string
  readonly modules: readonly ModuleIndex[]
  readonly parts: PartOptions
  /** The arrays that are made of each train. */
  readonly forms: readonly ArrayForm[]
}

/**
 * The detector that a message has raw data of, if it is the one asked for.
 * @throws UsageError for modules that it does not have, or a gain mode.
 */
export function detectorStreamOf(
  sources: readonly BridgeSource[],
  request: CheckedServeRequest,
): DetectorStream | undefined {
  const wanted = request.detector
  for (const { name } of sources)
    for (const kit of kitsAsked(wanted)) {
      const found = rawSourceOf(name, kit.detector)
      if (found === undefined) continue
      if (wanted === undefined || wanted === kit.detector.id || wanted === found.karaboId)
        return streamOf(kit, found.karaboId, request)
    }
  return undefined
}

/** The detectors that an id or a Karabo name may mean; absent: all. @throws UsageError if it means none. */
export function kitsAsked(wanted: string | undefined): readonly DetectorKit[] {
  if (wanted === undefined) return KITS
  const found = KITS.filter(
    ({ detector }) =>
      detector.id === wanted || rawSourceOf(`${wanted}/DET/0CH0:xtdf`, detector) !== undefined,
  )
  if (found.length > 0) return found
  throw new UsageError(`--detector ${wanted} is no detector that is known`, {
    hint: `Use ${KITS.map(({ detector }) => detector.id).join(', ')}, or a Karabo name like SPB_DET_AGIPD1M-1`,
  })
}

function streamOf(kit: DetectorKit, karaboId: string, request: CheckedServeRequest): DetectorStream {
  const { detector } = kit
  const modules = modulesOf(request.modules, detector)
  const { sourceAxisOrder, badPixelsAs } = request
  return {
    ...{ kit, karaboId, modules },
    parts: {
      ...{ detector, karaboId, rawFrames: rawFramesAPulse(request, kit) },
      withoutGain: gainModeOf(request, detector, undefined) !== 0,
      seen: {},
      ...(sourceAxisOrder !== undefined && { order: sourceAxisOrder }),
    },
    forms: formsOf({ detector, modules, withMask: badPixelsAs === 'mask' }, request),
  }
}

/** The modules that an option names; absent: all. @throws UsageError */
export function modulesOf(text: string | undefined, detector: Detector): ModuleIndex[] {
  if (text !== undefined) return parseModules(text, detector)
  return Array.from({ length: detector.moduleCount }, (_, module) => moduleIndex(module))
}

/** The arrays that are made of each train. */
export function formsOf(
  form: Omit<ArrayForm, 'order' | 'stacked'>,
  { output, axisOrder: order }: Pick<CheckedServeRequest, 'output' | 'axisOrder'>,
): ArrayForm[] {
  return [
    ...(output === 'modules' ? [] : [{ ...form, order, stacked: true }]),
    ...(output === 'stacked' ? [] : [{ ...form, order, stacked: false }]),
  ]
}

/** Fields of the request that decide how frames are corrected, with other steps. */
export function withSteps(
  request: CheckedServeRequest,
  steps: readonly string[] | undefined,
  none: string,
): StreamFields {
  if (steps === undefined) return request
  return { ...request, steps: steps.length === 0 ? none : steps.join(',') }
}
