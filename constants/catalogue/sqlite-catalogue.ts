import { isAbsolute, join, normalize, resolve } from 'node:path'
import { DTYPE_BYTES, type DType } from '../../src/model/dtypes.js'
import { ConstantsError } from '../../src/model/errors.js'
import type { ModuleIndex } from '../../src/model/ids.js'
import { calibrationOf } from '../model/calibrations.js'
import { type Conditions, conditionsMatch, conditionsOf } from '../model/conditions.js'
import type { ConstantVersion } from '../model/version.js'
import type { Catalogue, ConstantQuery, ModuleConstants } from './catalogue.js'
import { Changes } from './changes.js'
import { sweepCatalogue } from './claims.js'
import { nearestMiss } from './nearest-miss.js'
import { damagedCatalogue, digestOf, SEALED, type TextRow } from './seals.js'
import { selectVersion } from './select.js'
import { CatalogueFile } from './sqlite.js'

/** A version to be entered: the catalogue assigns its id and path. */
export type NewVersion = Omit<ConstantVersion, 'id' | 'path' | 'created'>

/** States that from `beginAt` on, `pdu` served as module `module` of `detector` (Karabo name or detector id). */
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
  /** PDUs that ever served as one of these modules, of this detector if given too, under its name at that time. */
  readonly modules?: readonly number[]
  readonly detector?: string
  /** Those that are removed, and no others. */
  readonly removed?: boolean
}

/**
 * A catalogue in a folder: `catalogue.sqlite` and, below `xfel/cal/<type>/<pdu>/`, the files. Readers and one writer
 * may use it at the same time.
 */
export class SqliteCatalogue implements Catalogue {
  readonly root: string
  readonly remedy =
    'Make dark constants that match the run with detcal dark, or import them with detcal constants import; ' +
    'detcal constants list shows which there are, of when and for which conditions'
  readonly namesMask = false
  /** What was removed and amended. */
  readonly changes: Changes
  readonly #file: CatalogueFile

  private constructor(root: string, file: CatalogueFile) {
    this.root = root
    this.#file = file
    this.changes = new Changes(file)
  }

  /**
   * Opens the catalogue in `root`; to `write` creates one if there is none, and removes what dead processes left there.
   * @throws ConstantsError
   */
  static open(root: string, mode: 'read' | 'write' = 'read'): SqliteCatalogue {
    const absolute = resolve(root)
    const file = CatalogueFile.open(absolute, mode)
    if (mode === 'write')
      sweepCatalogue(absolute, name => file.texts('versions', ['id'], 'file = ?', name).length > 0)
    return new SqliteCatalogue(absolute, file)
  }

  /** Whether there is a catalogue in `root`. @throws ConstantsError if there is something that cannot be one. */
  static isThere(root: string): boolean {
    return CatalogueFile.isThere(resolve(root))
  }

  /** What `use` makes of the catalogue in `root`, which is closed afterwards. @throws ConstantsError; what `use` throws */
  static async using<T>(
    root: string,
    use: (catalogue: SqliteCatalogue) => T | Promise<T>,
    mode: 'read' | 'write' = 'read',
  ): Promise<T> {
    const catalogue = SqliteCatalogue.open(root, mode)
    try {
      return await use(catalogue)
    } finally {
      catalogue.close()
    }
  }

  async find(query: ConstantQuery): Promise<Map<ModuleIndex, ModuleConstants>> {
    return this.#file.snapshot(() => {
      const found = new Map<ModuleIndex, ModuleConstants>()
      for (const module of query.modules) {
        const pdu = this.#pduOf(query, module)
        if (pdu !== undefined) found.set(module, { pdu, ...this.#constantsOf(query, pdu) })
      }
      return found
    })
  }

  /** The PDU that served as `module` of `detector` at `at`, as far as the catalogue knows. */
  pduAt(detector: string, module: number, at: Date): string | undefined {
    const placements = this.#file.sealed('placements', [detector, module]).map(placementOf)
    const before = placements.filter(({ beginAt }) => beginAt <= at)
    const [latest, first] = [before, placements].map(each => each.toSorted(byTime))
    return (latest?.at(-1) ?? first?.[0])?.pdu
  }

  /** All placements, by detector, module and time. */
  placements(): Placement[] {
    const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
    return this.#file
      .sealed('placements')
      .map(placementOf)
      .sort((a, b) => byText(a.detector, b.detector) || a.module - b.module || byTime(a, b))
  }

  /** Versions in order of id. */
  list({
    id,
    pdu,
    calibrations,
    detectorType,
    modules,
    detector,
    removed = false,
  }: ListFilter = {}): ConstantVersion[] {
    return this.#file.snapshot(() => {
      const placed = (modules ?? detector) === undefined ? [] : this.placements()
      const units = placed
        .filter(place => modules?.includes(place.module) ?? true)
        .filter(place => detector === undefined || place.detector === detector)
        .map(place => place.pdu)
      const gone = this.changes.removed()
      return this.#file
        .sealed('versions', pdu === undefined ? undefined : [pdu])
        .filter(
          row =>
            gone.has(Number(row['id'])) === removed &&
            (id === undefined || row['id'] === String(id)) &&
            (calibrations?.includes(row['calibration'] ?? '') ?? true) &&
            ((modules ?? detector) === undefined || units.includes(row['pdu'] ?? '')) &&
            (detectorType === undefined || row['detector_type'] === detectorType),
        )
        .map(row => this.#version(row))
        .sort((a, b) => a.id - b.id)
    })
  }

  /** The version made from `dataset` of a file with this checksum, if it exists already, removed or not. */
  existing(sha256: string, dataset: string): ConstantVersion | undefined {
    const [row] = this.#file.texts(
      'versions',
      SEALED.versions.columns,
      'sha256 = ? AND dataset = ?',
      sha256,
      dataset,
    )
    return row && this.#version(row)
  }

  /** Runs `action` in one transaction: all that it enters, or nothing. */
  transaction<T>(action: () => T): T {
    return this.#file.transaction(action)
  }

  /**
   * Enters a placement; an existing one is kept.
   * @throws ConstantsError if the module had another PDU, or the PDU was another module, at that same time.
   */
  place({ detector, module, beginAt, pdu }: Placement): void {
    const time = beginAt.toISOString()
    const contradicting = this.#file.texts(
      'placements',
      SEALED.placements.columns,
      'detector = ? AND begin_at = ? AND (module = ?) <> (pdu = ?)',
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
    this.#file.transaction(() => {
      const placed = this.#file.sealed('placements', [detector, module])
      if (placed.some(row => row['begin_at'] === time)) return
      this.#file.run(
        'INSERT INTO placements (detector, module, begin_at, pdu) VALUES (?, ?, ?, ?)',
        ...([detector, module, time, pdu] as const),
      )
      this.#file.seal('placements', [{ detector, module: String(module), begin_at: time, pdu }])
    })
  }

  /** Enters a version, and the checksums of its elements. */
  insert(version: NewVersion, checksums?: Uint8Array): ConstantVersion {
    return this.#file.transaction(() => {
      const created = new Date()
      const row: TextRow = {
        calibration: version.calibration,
        detector_type: version.detectorType,
        pdu: version.pdu,
        file: version.file,
        dataset: version.dataset,
        begin_at: version.beginAt.toISOString(),
        conditions: JSON.stringify(version.conditions),
        shape: JSON.stringify(version.shape),
        dtype: version.dtype,
        dims: JSON.stringify(version.dims),
        size: String(version.size),
        sha256: version.sha256,
        raw_data: version.rawData ?? null,
        created: created.toISOString(),
      }
      const columns = Object.keys(row)
      const id = this.#file.run(
        `INSERT INTO versions (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
        ...Object.values(row),
      )
      this.#file.seal('versions', [{ ...row, id: String(id) }])
      if (checksums) this.addChecksums(id, checksums)
      return { ...version, id, created, path: join(this.root, version.file) }
    })
  }

  /** Enters the checksums of a version's elements (see `ChecksumGrid`), in place of those it has. */
  addChecksums(id: number, checksums: Uint8Array): void {
    this.#file.run(
      'INSERT OR REPLACE INTO checksums VALUES (?, ?, ?)',
      ...([id, digestOfSums(id, checksums), checksums] as const),
    )
  }

  close(): void {
    this.#file.close()
  }

  #pduOf({ karaboId, detector, at }: ConstantQuery, module: number): string | undefined {
    return (karaboId && this.pduAt(karaboId, module, at)) || this.pduAt(detector.id, module, at)
  }

  #constantsOf(query: ConstantQuery, pdu: string): Pick<Required<ModuleConstants>, 'constants' | 'misses'> {
    const constants = new Map<string, ConstantVersion>()
    const misses = new Map<string, string>()
    const gone = this.changes.removed()
    const rows = this.#file
      .sealed('versions', [pdu])
      .filter(row => row['detector_type'] === query.detector.type && !gone.has(Number(row['id'])))
    for (const name of query.calibrations) {
      const calibration = calibrationOf(query.detector, name)
      if (calibration === undefined) continue
      const wanted = conditionsOf(query.detector, calibration, query.conditions)
      const all = rows.filter(row => row['calibration'] === name).map(row => this.#version(row))
      const matching = all.filter(version => conditionsMatch(wanted, version.conditions))
      const chosen = selectVersion(matching, query.at, query.strategy)
      const miss = chosen ? undefined : nearestMiss(all, wanted, query.at, query.strategy)
      if (chosen) constants.set(name, this.withChecksums(chosen))
      else if (miss !== undefined) misses.set(name, miss)
    }
    return { constants, misses }
  }

  /** A version with the checksums of its elements. Missing or damaged ones count as none: the file's is used then, which takes longer. */
  withChecksums(version: ConstantVersion): ConstantVersion {
    if (!this.#file.isSealed) return version
    const [digest, sums] = ['digest', 'sums'].map(column =>
      this.#file.bytes('checksums', column, 'version = ?', version.id),
    )
    const isSound =
      digest && sums && Buffer.from(digest).toString('latin1') === digestOfSums(version.id, sums)
    return isSound ? { ...version, checksums: sums } : version
  }

  /** A row as a version; its path cannot lead out of the catalogue's folder, even if it was tampered with. */
  #version(row: TextRow): ConstantVersion {
    try {
      const text = (column: string): string => {
        const value = row[column]
        if (typeof value !== 'string') throw new Error(`${column} is not text`)
        return value
      }
      const list = (column: string, type: 'number' | 'string'): unknown[] => {
        const value: unknown = JSON.parse(text(column))
        if (Array.isArray(value) && value.every(item => typeof item === type)) return value
        throw new Error(`${column} is not a list`)
      }
      const time = (column: string): Date => {
        const value = new Date(text(column))
        if (Number.isNaN(value.getTime())) throw new Error(`${column} is not a time`)
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
      throw damagedCatalogue(this.#file, `constant ${row['id']}: ${(error as Error).message}`)
    }
  }
}

function placementOf(row: TextRow): Placement {
  return {
    detector: String(row['detector']),
    module: Number(row['module']),
    beginAt: new Date(String(row['begin_at'])),
    pdu: String(row['pdu']),
  }
}

function byTime(a: Placement, b: Placement): number {
  return a.beginAt.getTime() - b.beginAt.getTime()
}

function digestOfSums(id: number, checksums: Uint8Array): string {
  return digestOf([id, Buffer.from(checksums).toString('base64')])
}

function isConditions(value: unknown): value is Conditions {
  const simple = (item: unknown) => typeof item === 'number' || typeof item === 'string'
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(simple)
  )
}
