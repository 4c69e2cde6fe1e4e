import type { ConstantVersion } from '../../constants/model/version.js'
import type { Chain } from '../corrections/chain.js'
import type { OpenCorrections } from '../corrections/open/readings.js'
import type { StepOptions, StepTable } from '../corrections/steps.js'
import { resolveModule } from '../engine/plan/module-chain.js'
import { readConfig } from '../engine/run/config.js'
import { constantsOfRequest, lookUp } from '../engine/run/constants-of-request.js'
import { gainModeOf } from '../engine/run/gain-of-request.js'
import { type CorrectionRequest, checkRequest } from '../engine/run/request.js'
import { stepRequestOf } from '../engine/run/steps-of-request.js'
import { given } from '../model/given.js'
import type { ModuleIndex } from '../model/ids.js'
import type { Problem } from '../model/problem.js'
import type { Run } from '../sources/run/run.js'

/** A module's chain, and every constant that there is for it. */
export interface OpenModule {
  readonly chain: Chain
  readonly constants: ReadonlyMap<string, ConstantVersion>
}

/** What a metadata file asks for, of each module. */
export interface OpenChains {
  readonly modules: ReadonlyMap<ModuleIndex, OpenModule>
  readonly options: StepOptions
  readonly problems: readonly Problem[]
}

/**
 * The chains of a correction, as its metadata file tells it. Steps that are not built are left out, and named.
 * @throws UsageError, ConstantsError as `prepareCorrection` does.
 */
export async function chainsOf(
  run: Run,
  open: OpenCorrections,
  modules: readonly ModuleIndex[],
  { metadata, constantsRoot }: { readonly metadata: string; readonly constantsRoot?: string },
): Promise<OpenChains> {
  const { request } = await readConfig(metadata)
  const { kit } = run
  const { asked: built, left } = onlyBuilt(request, kit.corrections.steps)
  const asked = checkRequest({
    ...{ run: run.path, out: '-', ...built, constantsFrom: metadata },
    ...given({ constantsRoot }),
  })
  const gainMode = gainModeOf(asked, kit.detector, run.gainMode)
  const steps = stepRequestOf(asked, kit, gainMode)
  const found = await lookUp(await constantsOfRequest(asked)(), asked, run, modules, gainMode)
  const problems: Problem[] = left.map(step => notBuilt(step, metadata))
  const resolved = new Map<ModuleIndex, OpenModule>()
  const unknown = new Set<string>()
  for (const module of modules) {
    const constants = found.constants.get(module)
    const input = { ...found, kit, rawFrames: run.rawFrames, steps }
    const one = resolveModule(input, module, constants, problems)
    if (one === undefined || constants === undefined) continue
    resolved.set(module, { chain: one.chain, constants: constants.constants })
    const told = new Set(open.operations(one.chain, steps.options).map(({ step }) => step))
    for (const step of one.chain.steps)
      if (!told.has(step) && !open.inPlanes.includes(step)) unknown.add(step)
  }
  problems.push(...[...unknown].map(step => notBuilt(step, metadata)))
  return { modules: resolved, options: steps.options, problems }
}

/** A request without the steps that are asked for and not built. */
function onlyBuilt(
  request: Partial<CorrectionRequest>,
  table: StepTable,
): { readonly asked: Partial<CorrectionRequest>; readonly left: readonly string[] } {
  const switches = Object.entries(request.switches ?? {})
  const left = switches.filter(([step, on]) => on && !(Object.hasOwn(table, step) && table[step]?.built))
  const names = left.map(([step]) => step)
  const rest = Object.fromEntries(switches.filter(([step]) => !names.includes(step)))
  return { asked: { ...request, switches: rest }, left: names }
}

function notBuilt(step: string, file: string): Problem {
  const message = `${step} is on, and cannot be explained yet: what it changes stays a difference`
  return { check: 'step_not_explained', severity: 'warning', message, place: { file } }
}
