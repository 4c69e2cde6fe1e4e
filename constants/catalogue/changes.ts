import * as v from 'valibot'
import { ConstantsError } from '../../src/model/errors.js'
import type { Conditions } from '../model/conditions.js'
import { damagedCatalogue, SEALED, type TextRow } from './seals.js'
import type { CatalogueFile } from './sqlite.js'

/** What may be stated anew of a constant; the numbers stay. */
export interface Statement {
  readonly beginAt: Date
  readonly conditions: Conditions
}

/** What was done to a constant after it was entered. */
export interface Change {
  readonly action: 'removed' | 'amended' | 'restored'
  /** What was stated of the constant until then. */
  readonly before: Statement
  readonly reason: string | undefined
  readonly created: Date
}

const CHANGE = v.object({
  action: v.picklist(['removed', 'amended', 'restored']),
  before: v.pipe(
    v.string(),
    v.parseJson(),
    v.object({ beginAt: v.string(), conditions: v.record(v.string(), v.any()) }),
  ),
  reason: v.nullable(v.string()),
  created: v.string(),
})

/**
 * The way back in a catalogue. A constant that is removed keeps its row and its file, and is not found any more; one that is
 * amended is valid for other conditions, or from another time. Both are recorded, and the last change of a constant that
 * still holds can be taken back, then the one before.
 */
export class Changes {
  readonly #file: CatalogueFile

  constructor(file: CatalogueFile) {
    this.#file = file
  }

  /** Of one constant, in order. */
  of(id: number): Change[] {
    return this.#file
      .sealed('changes', [id])
      .sort(byId)
      .map(row => this.#change(row))
  }

  /** Ids of the constants that are removed. */
  removed(): ReadonlySet<number> {
    const changes = new Map<number, Change[]>()
    for (const row of this.#file.sealed('changes').sort(byId)) {
      const id = Number(row['version'])
      changes.set(id, [...(changes.get(id) ?? []), this.#change(row)])
    }
    return new Set([...changes].filter(([, each]) => isRemoved(each)).map(([id]) => id))
  }

  /** @throws ConstantsError if it is removed already, or not there. */
  remove(id: number, reason?: string): void {
    this.#file.transaction(() => {
      const row = this.#row(id)
      if (isRemoved(this.of(id))) throw this.#refusal(`constant ${id} is removed already`)
      this.#record(id, 'removed', row, reason)
    })
  }

  /** @throws ConstantsError if it is removed, not there, or is what it is to become. */
  amend(id: number, { beginAt, conditions }: Partial<Statement>, reason?: string): void {
    this.#file.transaction(() => {
      const row = this.#row(id)
      if (isRemoved(this.of(id)))
        throw this.#refusal(`constant ${id} is removed`, `Take it back with detcal constants restore ${id}`)
      const after = {
        ...row,
        ...(beginAt && { begin_at: beginAt.toISOString() }),
        ...(conditions && { conditions: JSON.stringify(conditions) }),
      }
      if (after.begin_at === row['begin_at'] && after.conditions === row['conditions'])
        throw this.#refusal(`constant ${id} is stated so already`)
      this.#record(id, 'amended', row, reason)
      this.#write(row, after)
    })
  }

  /** Takes back the last change that still holds. @returns what it was. @throws ConstantsError if there is none. */
  restore(id: number, reason?: string): Change {
    return this.#file.transaction(() => {
      const row = this.#row(id)
      const last = holding(this.of(id)).at(-1)
      if (last === undefined)
        throw this.#refusal(`nothing was done to constant ${id} that could be taken back`)
      this.#record(id, 'restored', row, reason)
      const { beginAt, conditions } = last.before
      if (last.action === 'amended')
        this.#write(row, {
          ...row,
          begin_at: beginAt.toISOString(),
          conditions: JSON.stringify(conditions),
        })
      return last
    })
  }

  #row(id: number): TextRow {
    const row = this.#file.sealed('versions').find(each => each['id'] === String(id))
    if (row) return row
    throw this.#refusal(`there is no constant ${id}`, 'List those there are with detcal constants list')
  }

  #record(id: number, action: Change['action'], row: TextRow, reason: string | undefined): void {
    const before = JSON.stringify({
      beginAt: row['begin_at'],
      conditions: JSON.parse(row['conditions'] ?? '{}'),
    })
    const change = {
      version: String(id),
      action,
      before,
      reason: reason ?? null,
      created: new Date().toISOString(),
    }
    const number = this.#file.run(
      'INSERT INTO changes (version, action, before, reason, created) VALUES (?, ?, ?, ?, ?)',
      ...([id, action, before, change.reason, change.created] as const),
    )
    this.#file.seal('changes', [{ ...change, id: String(number) }])
  }

  #write(before: TextRow, after: TextRow): void {
    this.#file.run(
      'UPDATE versions SET begin_at = ?, conditions = ? WHERE id = ?',
      ...([after['begin_at'] ?? null, after['conditions'] ?? null, before['id'] ?? null] as const),
    )
    const columns = SEALED.versions.columns
    const of = (row: TextRow) => Object.fromEntries(columns.map(column => [column, row[column] ?? null]))
    this.#file.reseal(of(before), of(after))
  }

  #change(row: TextRow): Change {
    const { success, output } = v.safeParse(CHANGE, row)
    if (!success)
      throw damagedCatalogue(this.#file, `change ${row['id']} of constant ${row['version']} cannot be read`)
    const { action, before, reason, created } = output
    return {
      action,
      before: { beginAt: new Date(before.beginAt), conditions: before.conditions as Conditions },
      reason: reason ?? undefined,
      created: new Date(created),
    }
  }

  #refusal(
    message: string,
    hint = 'Compare with detcal constants show, or constants list --removed',
  ): ConstantsError {
    return new ConstantsError(message, { place: { file: this.#file.path }, hint })
  }
}

/** The changes that were not taken back. */
function holding(changes: readonly Change[]): Change[] {
  const held: Change[] = []
  for (const change of changes) {
    if (change.action === 'restored') held.pop()
    else held.push(change)
  }
  return held
}

/** Whether a constant with these changes is not to be found. */
export function isRemoved(changes: readonly Change[]): boolean {
  return holding(changes).at(-1)?.action === 'removed'
}

function byId(a: TextRow, b: TextRow): number {
  return Number(a['id']) - Number(b['id'])
}
