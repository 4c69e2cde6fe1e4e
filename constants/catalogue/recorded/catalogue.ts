import type { Detector } from '../../../src/detectors/detector.js'
import { type Content, contentOf } from '../../../src/files/content.js'
import { ConstantsError, DetcalError } from '../../../src/model/errors.js'
import { type ModuleIndex, twoDigits } from '../../../src/model/ids.js'
import type { Problem } from '../../../src/model/problem.js'
import { describeConstants } from '../../files/layout.js'
import { checkKind } from '../../files/source.js'
import { resolveDims } from '../../model/axes.js'
import { calibrationOf } from '../../model/calibrations.js'
import type { ConstantVersion } from '../../model/version.js'
import type { Catalogue, ConstantQuery, ModuleConstants } from '../catalogue.js'
import { findRecordedFile } from './find-file.js'
import {
  type RecordedConstant,
  type RecordedConstants,
  type RecordedModule,
  readRecordedConstants,
} from './parse.js'

/**
 * The constants that an earlier correction used, as its metadata file names them: regardless of time, strategy and
 * conditions. Every file is read once, for its checksum, which must equal the recorded one if there is one.
 */
export class RecordedCatalogue implements Catalogue {
  readonly remedy: string
  readonly namesMask = true
  readonly #file: string
  readonly #recorded: RecordedConstants
  readonly #root: string | undefined
  readonly #contents = new Map<string, Content>()

  private constructor(file: string, recorded: RecordedConstants, root: string | undefined) {
    this.#file = file
    this.#recorded = recorded
    this.#root = root
    this.remedy = `Give a catalogue that has it instead of ${file}`
  }

  /**
   * Reads a metadata file.
   * @param root folder of its relative paths.
   * @throws ConstantsError
   */
  static async open(file: string, root?: string): Promise<RecordedCatalogue> {
    return new RecordedCatalogue(file, await readRecordedConstants(file), root)
  }

  /** @throws ConstantsError if the file is of another detector. */
  async find(query: ConstantQuery): Promise<Map<ModuleIndex, ModuleConstants>> {
    this.#checkDetector(query)
    const found = new Map<ModuleIndex, ModuleConstants>()
    for (const module of query.modules) {
      const recorded = this.#recorded.modules.get(aggregatorOf(query.detector, module))
      if (recorded) found.set(module, await this.#moduleConstants(query, module, recorded))
    }
    return found
  }

  close(): void {}

  #checkDetector({ detector, karaboId }: ConstantQuery): void {
    const { karaboId: recorded, modules } = this.#recorded
    const place = { file: this.#file }
    if (recorded !== undefined && karaboId !== undefined && recorded !== karaboId)
      throw new ConstantsError(`it names constants of ${recorded}, but the run is one of ${karaboId}`, {
        place,
        hint: 'Give the metadata file of a correction of the same detector',
      })
    const names = [...modules.keys()]
    const ours = Array.from({ length: detector.moduleCount }, (_, module) => aggregatorOf(detector, module))
    if (!names.some(name => ours.includes(name)))
      throw new ConstantsError(`it names constants of ${names.join(', ')}, none of ${detector.name}`, {
        place,
        hint: 'Give the metadata file of a correction of the same detector',
      })
  }

  async #moduleConstants(
    { detector, calibrations }: ConstantQuery,
    module: ModuleIndex,
    recorded: RecordedModule,
  ): Promise<ModuleConstants> {
    const constants = new Map<string, ConstantVersion>()
    const unusable = new Map<string, DetcalError>()
    const problems: Problem[] = []
    const warn = (check: string, message: string): void => {
      problems.push({ check, severity: 'warning', message, place: { file: this.#file, module } })
    }
    for (const [name, constant] of recorded.constants) {
      if (!calibrations.includes(name)) {
        warn('constant_unknown', `${name} is not a calibration of ${detector.name} and is not used`)
        continue
      }
      try {
        if (constant instanceof ConstantsError) throw constant
        const { version, assumed } = await this.#version(detector, module, constant, recorded.pdu)
        constants.set(name, version)
        if (assumed)
          warn(
            'axes_assumed',
            `${name} is taken as (${version.dims.join(', ')}), which neither its dims nor its shape tell. ` +
              'State its dims in the metadata file to be sure',
          )
      } catch (error) {
        if (!(error instanceof DetcalError)) throw error
        unusable.set(name, error)
      }
    }
    return { pdu: recorded.pdu, constants, unusable, problems }
  }

  async #version(
    detector: Detector,
    module: ModuleIndex,
    { calibration: name, path: stated, dataset, beginAt, id, sha256, dims }: RecordedConstant,
    pdu: string,
  ): Promise<{ readonly version: ConstantVersion; readonly assumed: boolean }> {
    const path = findRecordedFile(stated, this.#root, { dataset, module })
    const place = { file: path, dataset: `${dataset}/data`, module }
    const refuse = (message: string) =>
      new ConstantsError(message, { place, hint: `Find out why ${this.#file} names it` })
    const [, calibrationGroup, unit] = dataset.split('/').toReversed()
    if (calibrationGroup !== name || (unit !== '' && unit !== pdu))
      throw refuse(`it is named as ${name} of ${pdu || 'no unit'}`)
    const content = await this.#contentOf(path)
    if (sha256 !== undefined && sha256 !== content.sha256)
      throw refuse('its content is not what was used then: the checksum differs')
    const stored = (await describeConstants(path)).find(constant => constant.dataset === dataset)
    const calibration = calibrationOf(detector, name)
    if (stored === undefined || calibration === undefined) throw refuse('there is no such dataset')
    const resolved = resolveDims(detector, calibration, stored.shape, dims ?? stored.dims, place)
    const version: ConstantVersion = {
      id,
      calibration: name,
      detectorType: detector.type,
      pdu,
      file: stated,
      path,
      dataset,
      beginAt,
      conditions: {},
      shape: stored.shape,
      dtype: checkKind(calibration, stored.dtype, place),
      dims: resolved.dims,
      ...content,
      isChecked: true,
      rawData: stored.statements.rawData,
      created: beginAt,
    }
    return { version, assumed: resolved.assumed }
  }

  async #contentOf(path: string): Promise<Content> {
    const known = this.#contents.get(path)
    if (known) return known
    try {
      const content = await contentOf(path)
      this.#contents.set(path, content)
      return content
    } catch (error) {
      throw new ConstantsError((error as Error).message, {
        place: { file: path },
        hint: 'Check that it can be read',
        cause: error,
      })
    }
  }
}

function aggregatorOf({ aggregator }: Detector, module: number): string {
  return `${aggregator}${twoDigits(module)}`
}
