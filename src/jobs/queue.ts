import { UsageError } from '../model/errors.js'
import { grouped } from '../model/grouped.js'
import { eventOf } from './events.js'
import { QueueFile, type QueueRow, type QueueValue } from './queue-file.js'
import type { NewRequest, QueuedEvent, QueuedJob, QueuedRequest } from './queued.js'
import type { Quality, RunKey } from './run-key.js'
import { isEnded, type JobState, mayGo, type RequestState } from './states.js'

/** The durable queue: what was asked for, what became of it, and what is to be told. Every method is one transaction. */
export class JobQueue {
  readonly #file: QueueFile

  private constructor(file: QueueFile) {
    this.#file = file
  }

  /** Opens the queue at `path`. @throws as {@link QueueFile.open} */
  static open(path: string, { create = false } = {}): JobQueue {
    return new JobQueue(QueueFile.open(path, create))
  }

  /** What `use` makes of the queue at `path`, which is closed afterwards. */
  static using<T>(path: string, use: (queue: JobQueue) => T, options = {}): T {
    const queue = JobQueue.open(path, options)
    try {
      return use(queue)
    } finally {
      queue.close()
    }
  }

  get path(): string {
    return this.#file.path
  }

  /** Runs `action` in one transaction. */
  transaction<T>(action: () => T): T {
    return this.#file.transaction(action)
  }

  /** A number that is another once another process, or another queue of this one, has changed something. */
  version(): number {
    return this.#file.version()
  }

  request(id: number): QueuedRequest | undefined {
    return this.#requests('id = ?', id)[0]
  }

  /** Requests by the name that their sender gave them, the latest last. */
  requestsNamed(rid: string): QueuedRequest[] {
    return this.#requests('rid = ? ORDER BY id', rid)
  }

  /** All corrections of a run that were asked for, the latest last. @param dark instead: characterisations of these runs. */
  requestsOf({ instrument, cycle, proposal, run }: RunKey, dark = ''): QueuedRequest[] {
    const where = 'proposal = ? AND run = ? AND cycle = ? AND instrument = ? AND dark = ? ORDER BY id'
    return this.#requests(where, proposal, run, cycle, instrument, dark)
  }

  /** The latest `limit` requests, of these states if any are given; earliest first. */
  latest(limit: number, states: readonly string[] = []): QueuedRequest[] {
    const among = states.length === 0 ? '1' : `state IN (${states.map(() => '?').join(', ')})`
    return this.#requests(`${among} ORDER BY id DESC LIMIT ?`, ...states, limit).toReversed()
  }

  /** How many requests are in each state. */
  counts(): Record<string, number> {
    const rows = this.#file.all('SELECT state, count(*) AS n FROM requests GROUP BY state ORDER BY state')
    return Object.fromEntries(rows.map(({ state, n }) => [String(state), Number(n)]))
  }

  /** Requests for which something is left to do, in their order. */
  active(): QueuedRequest[] {
    const ended = "('done', 'failed', 'cancelled', 'recorded')"
    return this.#requests(`state NOT IN ${ended} ORDER BY priority, id`)
  }

  add(request: NewRequest): QueuedRequest {
    return this.transaction(() => {
      const now = new Date().toISOString()
      const { overwrite, ...texts } = request
      const row: Record<string, QueueValue> = {
        ...texts,
        overwrite: overwrite ? 1 : 0,
        created: now,
        changed: now,
      }
      const names = Object.keys(row)
      const id = this.#file.run(
        `INSERT INTO requests (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
        ...Object.values(row),
      )
      return this.#told(id)
    })
  }

  /**
   * Takes a request to another state; jobs of one that ends, and that wait, are called off.
   * @throws Error if it may not go there: a mistake of the program.
   */
  go(id: number, state: RequestState, reason = ''): QueuedRequest {
    return this.transaction(() => {
      const found = this.request(id)
      if (found === undefined || !mayGo(found.state, state))
        throw new Error(`request ${id} cannot go from ${found?.state} to ${state}`)
      const now = new Date().toISOString()
      this.#file.run(
        'UPDATE requests SET state = ?, reason = ?, changed = ? WHERE id = ?',
        state,
        reason,
        now,
        id,
      )
      if (isEnded(state))
        this.#file.run(
          "UPDATE jobs SET state = 'cancelled', changed = ? WHERE request = ? AND state = 'waiting'",
          ...([now, id] as const),
        )
      return this.#told(id)
    })
  }

  /**
   * Takes a request on that is still as it was read: commands of other processes may have changed it since.
   * @returns whether it was.
   */
  goOn({ id, state: from }: Pick<QueuedRequest, 'id' | 'state'>, state: RequestState, reason = ''): boolean {
    return this.transaction(() => {
      if (this.request(id)?.state !== from) return false
      this.go(id, state, reason)
      return true
    })
  }

  /** Says why a request stays where it is. */
  explain(id: number, reason: string): void {
    this.#file.run('UPDATE requests SET reason = ? WHERE id = ? AND reason <> ?', reason, id, reason)
  }

  setQuality(id: number, quality: Quality): void {
    this.#file.run('UPDATE requests SET quality = ? WHERE id = ?', quality, id)
  }

  addJobs(request: number, names: readonly string[]): void {
    this.transaction(() => {
      for (const name of names)
        this.#file.run(
          "INSERT INTO jobs VALUES (?, ?, 'waiting', 0, 0, '', ?)",
          ...([request, name, new Date().toISOString()] as const),
        )
    })
  }

  /** Jobs of a request, or all in a state. */
  jobs(which: { readonly request: number } | { readonly state: JobState }): QueuedJob[] {
    const [[column = '', value = '']] = Object.entries(which) as [[string, QueueValue]]
    const rows = this.#file.all(`SELECT * FROM jobs WHERE ${column} = ? ORDER BY request, name`, value)
    return rows.map(row => ({ ...row }) as unknown as QueuedJob)
  }

  /** The jobs of some requests, by request. */
  jobsOf(requests: readonly number[]): Map<number, QueuedJob[]> {
    const rows = this.#file.all(
      'SELECT * FROM jobs WHERE request IN (SELECT value FROM json_each(?)) ORDER BY request, name',
      JSON.stringify(requests),
    )
    return grouped(
      rows.map(row => ({ ...row }) as unknown as QueuedJob),
      ({ request }) => request,
    )
  }

  /** Changes a job; its next start has a number of its own. */
  setJob(
    { request, name }: Pick<QueuedJob, 'request' | 'name'>,
    change: Partial<Omit<QueuedJob, 'request'>>,
  ): void {
    const row = { ...change, changed: new Date().toISOString() }
    const columns = Object.keys(row).map(column => `${column} = ?`)
    const sql = `UPDATE jobs SET ${columns.join(', ')} WHERE request = ? AND name = ?`
    this.#file.run(sql, ...Object.values(row), request, name)
  }

  /** The quality that a run's marker had when it was last read; undefined: it had none. */
  markedQuality({ instrument, cycle, proposal, run }: RunKey): string | undefined {
    const where = 'instrument = ? AND cycle = ? AND proposal = ? AND run = ?'
    const [row] = this.#file.all(
      `SELECT quality FROM markers WHERE ${where}`,
      ...([instrument, cycle, proposal, run] as const),
    )
    return row && String(row['quality'])
  }

  setMarkedQuality({ instrument, cycle, proposal, run }: RunKey, quality: Quality): void {
    this.#file.run(
      'INSERT OR REPLACE INTO markers VALUES (?, ?, ?, ?, ?)',
      ...([instrument, cycle, proposal, run, quality] as const),
    )
  }

  /** Events that were not published, the earliest first. */
  events(limit: number): QueuedEvent[] {
    const rows = this.#file.all('SELECT * FROM events WHERE published = 0 ORDER BY id LIMIT ?', limit)
    return rows.map(({ id, name, body }) => ({ id: Number(id), name: String(name), body: String(body) }))
  }

  /** Notes that all events up to `id` were published. */
  published(id: number): void {
    this.#file.run('UPDATE events SET published = 1 WHERE published = 0 AND id <= ?', id)
  }

  close(): void {
    this.#file.close()
  }

  /** The request as it is now, which an event tells. */
  #told(id: number): QueuedRequest {
    const request = this.request(id)
    if (request === undefined) throw new UsageError(`there is no request ${id}`)
    const { event, ...body } = eventOf(request)
    this.#file.run(
      'INSERT INTO events (request, name, body, published) VALUES (?, ?, ?, 0)',
      ...([id, event, JSON.stringify({ event, ...body })] as const),
    )
    return request
  }

  #requests(where: string, ...values: readonly QueueValue[]): QueuedRequest[] {
    return this.#file.all(`SELECT * FROM requests WHERE ${where}`, ...values).map(requestOfRow)
  }
}

function requestOfRow(row: QueueRow): QueuedRequest {
  return { ...row, overwrite: row['overwrite'] === 1 } as unknown as QueuedRequest
}
