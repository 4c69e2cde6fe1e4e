import { isAbsolute, join, normalize, resolve } from 'node:path'
import { DTYPE_BYTES, type DType } from '../src/model/dtypes.js'
import { ConstantsError } from '../src/model/errors.js'
import type { ModuleIndex } from '../src/model/ids.js'
import { calibrationOf } from './calibrations.js'
import type { Catalogue, ConstantQuery, ConstantVersion, ModuleConstants } from './catalogue.js'
import { type Conditions, conditionsMatch, conditionsOf } from './conditions.js'
import { selectVersion } from './select.js'
import { CatalogueFile, type Row } from './sqlite.js'

/** A version that is about to be entered: the catalogue gives it its id and works out its path. */
export type NewVersion = Omit<ConstantVersion, 'id' | 'path' | 'created'>

/** Says that at `beginAt`, module `module` of `detector` (Karabo name or detector id) was the unit `pdu`. */
export interface Placement {
  readonly detector: string
  readonly module: number
  readonly beginAt: Date
  readonly pdu: string
}

/** Which versions {@link SqliteCatalogue.list} gives; what is left out matches everything. */
export interface ListFilter {
  readonly id?: number
  readonly pdu?: string
  readonly calibrations?: readonly string[]
  readonly detectorType?: string
  /** Units that ever were one of these modules, of this detector where that is given too, as it was named then. */
  readonly modules?: readonly number[]
  readonly detector?: string
}

/**
 * A catalogue in a folder: `catalogue.sqlite` and, below `xfel/cal/<type>/<pdu>/`, the files. Readers and one writer
 * may use it at the same time.
 */
export class SqliteCatalogue implements Catalogue {
  readonly root: string
  readonly remedy =
    'Import dark constants that match the run with detcal constants import; ' +
    'detcal constants list shows which there are, of when and for which conditions'
  readonly namesMask = false
  readonly #file: CatalogueFile

  private constructor(root: string, file: CatalogueFile) {
    this.root = root
    this.#file = file
  }

  /** Opens the catalogue in `root`; to `write` makes a new one where there is none. @throws ConstantsError */
  static open(root: string, mode: 'read' | 'write' = 'read'): SqliteCatalogue {
    const absolute = resolve(root)
    return new SqliteCatalogue(absolute, CatalogueFile.open(absolute, mode))
  }

  async find(query: ConstantQuery): Promise<Map<ModuleIndex, ModuleConstants>> {
    const found = new Map<ModuleIndex, ModuleConstants>()
    for (const module of query.modules) {
      const pdu = this.#pduOf(query, module)
      if (pdu !== undefined) found.set(module, { pdu, constants: this.#constantsOf(query, pdu) })
    }
    return found
  }

  /** The unit that `module` of `detector` was at `at`, as far as the catalogue has been told. */
  pduAt(detector: string, module: number, at: Date): string | undefined {
    const [row] = this.#file.rows(
      `SELECT pdu FROM placements WHERE detector = ? AND module = ?
       ORDER BY begin_at > ?, abs(julianday(begin_at) - julianday(?)) LIMIT 1`,
      detector,
      module,
      at.toISOString(),
      at.toISOString(),
    )
    return row && String(row['pdu'])
  }

  /** All placements, by detector, module and time. */
  placements(): Placement[] {
    return this.#file.rows('SELECT * FROM placements ORDER BY detector, module, begin_at').map(row => ({
      detector: String(row['detector']),
      module: Number(row['module']),
      beginAt: new Date(String(row['begin_at'])),
      pdu: String(row['pdu']),
    }))
  }

  /** Versions in order of id. */
  list(filter: ListFilter = {}): ConstantVersion[] {
    const { id = null, pdu = null, detector = null, detectorType = null } = filter
    const listed = (values: readonly unknown[] | undefined) =>
      values === undefined ? null : JSON.stringify(values)
    const rows = this.#file.rows(
      `SELECT * FROM versions
       WHERE (?1 IS NULL OR id = ?1) AND (?2 IS NULL OR pdu = ?2)
         AND (?3 IS NULL OR calibration IN (SELECT value FROM json_each(?3)))
         AND ((?4 IS NULL AND ?5 IS NULL) OR pdu IN
           (SELECT pdu FROM placements WHERE (?4 IS NULL OR module IN (SELECT value FROM json_each(?4)))
              AND (?5 IS NULL OR detector = ?5)))
         AND (?6 IS NULL OR detector_type = ?6)
       ORDER BY id`,
      id,
      pdu,
      listed(filter.calibrations),
      listed(filter.modules),
      detector,
      detectorType,
    )
    return rows.map(row => this.#version(row))
  }

  /** The version made from `dataset` of a file with this checksum, if it is there already. */
  existing(sha256: string, dataset: string): ConstantVersion | undefined {
    const [row] = this.#file.rows('SELECT * FROM versions WHERE sha256 = ? AND dataset = ?', sha256, dataset)
    return row && this.#version(row)
  }

  /** Runs `action` in one transaction: all that it enters, or nothing. */
  transaction<T>(action: () => T): T {
    return this.#file.transaction(action)
  }

  /**
   * Enters a placement; one that is there already is left alone.
   * @throws ConstantsError if the module was another unit, or the unit another module, at that very time.
   */
  place({ detector, module, beginAt, pdu }: Placement): void {
    const time = beginAt.toISOString()
    const contradicting = this.#file.rows(
      'SELECT module, pdu FROM placements WHERE detector = ? AND begin_at = ? AND (module = ?) <> (pdu = ?)',
      detector,
      time,
      module,
      pdu,
    )
    const [other] = contradicting
    if (other)
      throw new ConstantsError(
        `${pdu} cannot be module ${module} of ${detector} at ${time}: then ${other['pdu']} is module ${other['module']}`,
        { place: { file: this.#file.path }, hint: 'Check --module, --pdu and --begin-at' },
      )
    this.#file.run(
      'INSERT INTO placements VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
      detector,
      module,
      time,
      pdu,
    )
  }

  /** Enters a version. */
  insert(version: NewVersion): ConstantVersion {
    const created = new Date()
    const id = this.#file.run(
      `INSERT INTO versions (calibration, detector_type, pdu, file, dataset, begin_at, conditions, shape, dtype, dims,
         size, sha256, raw_data, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      version.calibration,
      version.detectorType,
      version.pdu,
      version.file,
      version.dataset,
      version.beginAt.toISOString(),
      JSON.stringify(version.conditions),
      JSON.stringify(version.shape),
      version.dtype,
      JSON.stringify(version.dims),
      version.size,
      version.sha256,
      version.rawData ?? null,
      created.toISOString(),
    )
    return { ...version, id, created, path: join(this.root, version.file) }
  }

  close(): void {
    this.#file.close()
  }

  #pduOf({ karaboId, detector, at }: ConstantQuery, module: number): string | undefined {
    return (karaboId && this.pduAt(karaboId, module, at)) || this.pduAt(detector.id, module, at)
  }

  #constantsOf(query: ConstantQuery, pdu: string): Map<string, ConstantVersion> {
    const constants = new Map<string, ConstantVersion>()
    for (const name of query.calibrations) {
      const calibration = calibrationOf(query.detector, name)
      if (calibration === undefined) continue
      const wanted = conditionsOf(query.detector, calibration, query.conditions)
      const matching = this.#file
        .rows(
          'SELECT * FROM versions WHERE pdu = ? AND calibration = ? AND detector_type = ?',
          pdu,
          name,
          query.detector.type,
        )
        .map(row => this.#version(row))
        .filter(version => conditionsMatch(wanted, version.conditions))
      const chosen = selectVersion(matching, query.at, query.strategy)
      if (chosen) constants.set(name, chosen)
    }
    return constants
  }

  /** A row as a version; a catalogue that was tampered with does not lead out of its folder. */
  #version(row: Row): ConstantVersion {
    try {
      const text = (column: string): string => {
        const value = row[column]
        if (typeof value !== 'string') throw new Error(`${column} is no text`)
        return value
      }
      const list = (column: string, type: 'number' | 'string'): unknown[] => {
        const value: unknown = JSON.parse(text(column))
        if (Array.isArray(value) && value.every(item => typeof item === type)) return value
        throw new Error(`${column} is no list`)
      }
      const time = (column: string): Date => {
        const value = new Date(text(column))
        if (Number.isNaN(value.getTime())) throw new Error(`${column} is no time`)
        return value
      }
      const conditions = (): Conditions => {
        const value: unknown = JSON.parse(text('conditions'))
        if (isConditions(value)) return value
        throw new Error('conditions are none')
      }
      const file = text('file')
      if (isAbsolute(file) || normalize(file).startsWith('..')) throw new Error(`${file} is outside of it`)
      if (!(text('dtype') in DTYPE_BYTES)) throw new Error(`dtype ${text('dtype')}`)
      return {
        id: Number(row['id']),
        calibration: text('calibration'),
        detectorType: text('detector_type'),
        pdu: text('pdu'),
        file,
        path: join(this.root, file),
        dataset: text('dataset'),
        beginAt: time('begin_at'),
        conditions: conditions(),
        shape: list('shape', 'number') as number[],
        dtype: text('dtype') as DType,
        dims: list('dims', 'string') as string[],
        size: Number(row['size']),
        sha256: text('sha256'),
        rawData: row['raw_data'] === null ? undefined : text('raw_data'),
        created: time('created'),
      }
    } catch (error) {
      throw new ConstantsError(`constant ${row['id']} is damaged: ${(error as Error).message}`, {
        place: { file: this.#file.path },
        hint: 'Restore the catalogue from a copy',
        cause: error,
      })
    }
  }
}

function isConditions(value: unknown): value is Conditions {
  const simple = (item: unknown) => typeof item === 'number' || typeof item === 'string'
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(simple)
  )
}
