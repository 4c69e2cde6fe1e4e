import { createHash } from 'node:crypto'
import { ConstantsError } from '../../src/model/errors.js'

/** A row of a catalogue as text, by column; null where it has nothing. */
export type TextRow = Readonly<Record<string, string | null>>

/** The tables whose rows are sealed: their columns, in the order in which checksums take them, and what a scope is. */
export const SEALED = {
  placements: { columns: ['detector', 'module', 'begin_at', 'pdu'], scope: ['detector', 'module'] },
  versions: {
    columns: [
      ...['id', 'calibration', 'detector_type', 'pdu', 'file', 'dataset', 'begin_at', 'conditions'],
      ...['shape', 'dtype', 'dims', 'size', 'sha256', 'raw_data', 'created'],
    ],
    scope: ['pdu'],
  },
  changes: { columns: ['id', 'version', 'action', 'before', 'reason', 'created'], scope: ['version'] },
} as const
export type SealedTable = keyof typeof SEALED

/** The file that has the rows and their seals. */
export interface SealedFile {
  readonly path: string
  texts(table: string, columns: readonly string[]): TextRow[]
  run(sql: string, ...parameters: readonly (string | number)[]): number
}

/** Number of rows, and the XOR of their checksums. */
interface Seal {
  readonly members: number
  readonly checksum: string
}

const EMPTY: Seal = { members: 0, checksum: '0'.repeat(32) }
/** The scope of all other seals: it detects one that vanishes. */
const ALL = ''

/** Checksum of a row: half a SHA-256, hexadecimal. */
export function rowChecksum(table: SealedTable, row: TextRow): string {
  return digestOf(SEALED[table].columns.map(column => row[column] ?? null))
}

/** Half a SHA-256 of `values` as JSON, hexadecimal. */
export function digestOf(values: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(values)).digest('hex').slice(0, 32)
}

/** The rows that are read together, or not at all: all of a PDU, all placements of a module. */
export function scopeOf(table: SealedTable, row: TextRow): string {
  return JSON.stringify([table, ...SEALED[table].scope.map(column => row[column] ?? null)])
}

/**
 * Detects rows of a catalogue that were damaged or lost: SQLite itself notices few damaged bytes in its file. Every row
 * has a checksum, each scope of rows a seal (their number and combined checksums), and all seals together one more.
 */
export class Seals {
  readonly #file: SealedFile
  readonly #seals: Map<string, Seal>

  private constructor(file: SealedFile, seals: Map<string, Seal>) {
    this.#file = file
    this.#seals = seals
  }

  /** Reads all seals, as they are in the transaction. @throws ConstantsError if they are damaged. */
  static read(file: SealedFile): Seals {
    const rows = file.texts('seals', ['scope', 'members', 'checksum'])
    const seals = new Map(
      rows.map(({ scope, members, checksum }): [string, Seal] => [
        scope ?? '',
        { members: Number(members), checksum: checksum ?? '' },
      ]),
    )
    const all = seals.get(ALL) ?? EMPTY
    seals.delete(ALL)
    const found = sealOf([...seals].map(([scope, seal]) => digestOfSeal(scope, seal)))
    if (!same(all, found)) throw damagedCatalogue(file, 'the checksums of its rows are damaged')
    return new Seals(file, seals)
  }

  /**
   * Checks that `rows`, with their checksums, are all of a table; or all of `scope`, if there are none.
   * @throws ConstantsError naming the catalogue.
   */
  check(table: SealedTable, rows: readonly TextRow[], scope?: string): void {
    const checksums = new Map<string, string[]>(
      scope === undefined ? this.#scopesOf(table).map(each => [each, []]) : [[scope, []]],
    )
    for (const row of rows) {
      const checksum = rowChecksum(table, row)
      const what = { versions: `constant ${row['id']}`, placements: 'a placement', changes: 'a change' }[
        table
      ]
      if (row['checksum'] !== checksum)
        throw damagedCatalogue(this.#file, `${what} is not what was entered: its checksum differs`)
      const of = scopeOf(table, row)
      checksums.set(of, [...(checksums.get(of) ?? []), checksum])
    }
    for (const [of, each] of checksums)
      if (!same(sealOf(each), this.#seals.get(of) ?? EMPTY))
        throw damagedCatalogue(this.#file, `rows of ${table} are missing, or not what was entered`)
  }

  /** Enters rows whose checksums are written already; to be called in the transaction that writes them. */
  add(table: SealedTable, rows: readonly TextRow[]): void {
    const changed = new Set<string>()
    for (const row of rows) {
      const scope = scopeOf(table, row)
      const { members, checksum } = this.#seals.get(scope) ?? EMPTY
      const combined = xor(checksum, rowChecksum(table, row))
      this.#seals.set(scope, { members: members + 1, checksum: combined })
      changed.add(scope)
    }
    for (const scope of changed) this.#write(scope, this.#seals.get(scope) ?? EMPTY)
    this.#write(ALL, sealOf([...this.#seals].map(([scope, seal]) => digestOfSeal(scope, seal))))
  }

  /** Enters `after` in place of `before`, of the same scope; to be called in the transaction that writes it. */
  replace(table: SealedTable, before: TextRow, after: TextRow): void {
    const scope = scopeOf(table, before)
    const { members, checksum } = this.#seals.get(scope) ?? EMPTY
    this.#seals.set(scope, { members: members - 1, checksum: xor(checksum, rowChecksum(table, before)) })
    this.add(table, [after])
  }

  #write(scope: string, { members, checksum }: Seal): void {
    this.#file.run('INSERT OR REPLACE INTO seals VALUES (?, ?, ?)', scope, members, checksum)
  }

  #scopesOf(table: SealedTable): string[] {
    return [...this.#seals.keys()].filter(scope => scope.startsWith(`["${table}",`))
  }
}

/** @returns an error of a catalogue that cannot be trusted. */
export function damagedCatalogue({ path }: { readonly path: string }, what: string): ConstantsError {
  return new ConstantsError(`the catalogue is damaged: ${what}`, {
    place: { file: path },
    hint: 'Restore it from a copy, or import the constants into a new folder',
  })
}

function sealOf(checksums: readonly string[]): Seal {
  return { members: checksums.length, checksum: checksums.reduce(xor, EMPTY.checksum) }
}

function digestOfSeal(scope: string, { members, checksum }: Seal): string {
  return digestOf([scope, members, checksum])
}

function same(a: Seal, b: Seal): boolean {
  return a.members === b.members && a.checksum === b.checksum
}

/** Of 32 hexadecimal digits each; any other input gives a text that is not a checksum. */
function xor(a: string, b: string): string {
  if (!(HEX.test(a) && HEX.test(b))) return `${a}${b}`
  return (BigInt(`0x${a}`) ^ BigInt(`0x${b}`)).toString(16).padStart(32, '0')
}

const HEX = /^[0-9a-f]{32}$/
