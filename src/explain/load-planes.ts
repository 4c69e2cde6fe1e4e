import { locateConstant } from '../../constants/files/source.js'
import { loadPlanes } from '../../constants/loading/load.js'
import { finiteMedian } from '../../constants/loading/median.js'
import type { ConstantVersion } from '../../constants/model/version.js'
import type { PlaneLookup } from '../corrections/open/interpret.js'
import { calibrationsOf, medianCalibrationOf, type PlaneRecipe } from '../corrections/planes.js'
import { type Detector, pixelsOf } from '../detectors/detector.js'
import type { ModuleIndex } from '../model/ids.js'

/**
 * Loads planes of a module's constants for these cells.
 * @returns finds a plane of a cell.
 * @throws ConstantsError naming file, dataset and module if a constant cannot be read.
 */
export async function planesOfModule(
  detector: Detector,
  module: ModuleIndex,
  {
    recipes,
    constants,
    cells,
  }: {
    readonly recipes: readonly PlaneRecipe[]
    readonly constants: ReadonlyMap<string, ConstantVersion>
    readonly cells: readonly number[]
  },
): Promise<(cell: number) => PlaneLookup> {
  const planes = [...new Map(recipes.map(recipe => [JSON.stringify(recipe), recipe])).values()]
  const sources = new Map<string, Awaited<ReturnType<typeof locateConstant>>>()
  for (const name of calibrationsOf(planes)) {
    const version = constants.get(name)
    if (version !== undefined) sources.set(name, await locateConstant(detector, version, module))
  }
  const slopes = sources.get(medianCalibrationOf(planes) ?? '')
  const median = slopes && (await finiteMedian(detector, slopes))
  const pixels = pixelsOf(detector)
  const buffer = new ArrayBuffer(4 * pixels * planes.length * cells.length)
  await loadPlanes({
    ...{ detector, buffer, base: 0, cells, planes, constants: sources, slowScan: [0, detector.slowScan] },
    ...(median !== undefined && { median }),
  })
  const numbers = new Map(planes.map((recipe, number) => [JSON.stringify(recipe), number]))
  return cell => recipe => {
    const number = numbers.get(JSON.stringify(recipe))
    if (number === undefined) throw new RangeError(`the plane ${JSON.stringify(recipe)} was not loaded`)
    const at = 4 * pixels * (cells.indexOf(cell) * planes.length + number)
    return { f32: new Float32Array(buffer, at, pixels), u32: new Uint32Array(buffer, at, pixels) }
  }
}
