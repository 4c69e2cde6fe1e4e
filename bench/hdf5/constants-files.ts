import { copyFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describeConstants } from '../../constants/files/layout.js'
import { type ConstantArray, writeConstants } from '../../constants/files/write.js'
import type { ConstantVersion } from '../../constants/model/version.js'
import { DEFAULT_STEP_OPTIONS, parseSteps } from '../../src/corrections/steps.js'
import type { ModulePlan } from '../../src/engine/plan/plan.js'
import { contentOf } from '../../src/files/content.js'
import { AGIPD_CORRECTIONS } from '../../src/kits/agipd/chain.js'
import { AGIPD_1M } from '../../src/kits/agipd/record.js'
import type { ModuleIndex } from '../../src/model/ids.js'
import { kept } from '../kept.js'
import type { SuiteOptions } from '../suite.js'

/** Modules with the constants of the default chain, f64 in CalCat's order, one file a module and nothing else in it. */
export interface StoredModules {
  readonly modules: readonly ModulePlan[]
  readonly files: readonly string[]
  /** Bytes of all files. */
  readonly bytes: number
}

const PDU = 'AGIPD_BENCH'

/** Constants of `modules` modules, written unless an earlier benchmark left them in the scratch folder. */
export async function storedModules(
  modules: number,
  cells: number,
  { scratch, onProgress, signal }: Pick<SuiteOptions, 'scratch' | 'onProgress' | 'signal'>,
): Promise<StoredModules> {
  const folder = join(scratch, `constants-${modules}x${cells}`)
  const files = Array.from({ length: modules }, (_, module) => join(folder, `${module}.h5`))
  await kept(folder, async () => {
    onProgress(`writing constants of ${modules} modules × ${cells} cells in ${folder}`)
    const [first = '', ...others] = files
    await writeConstants(first, arraysOf(cells))
    for (const file of others) {
      signal.throwIfAborted()
      copyFileSync(first, file)
    }
  })
  const content = await contentOf(files[0] ?? '')
  const stored = await describeConstants(files[0] ?? '')
  return {
    files,
    bytes: files.reduce((sum, file) => sum + statSync(file).size, 0),
    modules: files.map((path, module) => {
      const versions = stored.map(found => versionOf(found, path, content))
      return planOf(module as ModuleIndex, cells, new Map(versions.map(one => [one.calibration, one])))
    }),
  }
}

type Stored = Awaited<ReturnType<typeof describeConstants>>[number]

function versionOf(
  { calibration, dataset, shape, dtype = 'f8', dims = [] }: Stored,
  path: string,
  content: Pick<ConstantVersion, 'size' | 'sha256'>,
): ConstantVersion {
  const rest = { id: 0, detectorType: AGIPD_1M.type, pdu: PDU, conditions: {}, rawData: undefined }
  const time = new Date(0)
  // Modules are told apart by their files' times, which copying made anew.
  return {
    ...rest,
    ...content,
    calibration,
    dataset,
    shape,
    dtype,
    dims,
    path,
    file: path,
    beginAt: time,
    created: time,
  }
}

function planOf(
  module: ModuleIndex,
  cells: number,
  constants: ReadonlyMap<string, ConstantVersion>,
): ModulePlan {
  const chain = AGIPD_CORRECTIONS.resolve({
    steps: parseSteps(AGIPD_CORRECTIONS.steps, AGIPD_CORRECTIONS.defaultSteps, 0),
    options: DEFAULT_STEP_OPTIONS,
    gainMode: 0,
    rawFrames: 1,
    available: new Set(constants.keys()),
  })
  const all = Array.from({ length: cells }, (_, cell) => cell)
  return { module, chain, constants: { pdu: PDU, constants }, cells: all, sequences: [] }
}

/** Numbers of the right size; what they are makes no difference to speed. */
function arraysOf(cells: number): ConstantArray[] {
  const floats = (calibration: string, bases: readonly number[]): ConstantArray<'f8'> => ({
    pdu: PDU,
    calibration,
    shape: [AGIPD_1M.fastScan, AGIPD_1M.slowScan, cells, bases.length],
    dims: ['fast_scan', 'slow_scan', 'cell', calibration === 'Offset' ? 'gain' : 'threshold'],
    dtype: 'f8',
    data: ([first = 0], [count = 0]) => {
      const out = new Float64Array(count * AGIPD_1M.slowScan * cells * bases.length)
      for (let i = 0; i < out.length; i++)
        out[i] = (bases[i % bases.length] ?? 0) + (((first * out.length + i) * 48271) % 65537) / 256
      return out
    },
  })
  const masks: ConstantArray<'u4'> = {
    pdu: PDU,
    calibration: 'BadPixelsDark',
    shape: [AGIPD_1M.fastScan, AGIPD_1M.slowScan, cells, 3],
    dims: ['fast_scan', 'slow_scan', 'cell', 'gain'],
    dtype: 'u4',
    data: ([first = 0], [count = 0]) => {
      const out = new Uint32Array(count * AGIPD_1M.slowScan * cells * 3)
      for (let i = 0; i < out.length; i++) out[i] = ((first * out.length + i) * 48271) % 997 === 0 ? 2 : 0
      return out
    },
  }
  return [
    floats('Offset', [4000, 6000, 6500]),
    floats('ThresholdsDark', [7000, 9000, 6000, 8000, 10000]),
    masks,
  ]
}
