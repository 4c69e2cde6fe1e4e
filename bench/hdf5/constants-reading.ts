import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import type { Contender } from '../rounds.js'

/** A thread's share of some files, which it reads one after the other. */
export interface ReadingTask {
  readonly ranges: readonly { readonly file: string; readonly from: number; readonly to: number }[]
  /** Bytes of memory that what is read goes to, from its start again when it is full. */
  readonly room: number
}

const PIECE = 8 * 2 ** 20
const THROUGH = { 'through 1 MiB': 2 ** 20, 'through 8 MiB': PIECE } as const

/** What a thread does: plain reads into memory that was touched before. */
export function readingWork({ ranges, room }: ReadingTask): () => void {
  const memory = new Uint8Array(new SharedArrayBuffer(room)).fill(1)
  return () => {
    for (const { file, from, to } of ranges) {
      const fd = openSync(file, 'r')
      let into = 0
      for (let at = from; at < to; ) {
        const read = readSync(fd, memory, into, Math.min(PIECE, to - at, room - into), at)
        if (read === 0) throw new Error(`${file} ends early`)
        at += read
        into = (into + read) % room
      }
      closeSync(fd)
    }
  }
}

/** Plain reading of files by `threads` threads: each file's bytes all into memory, or all through a few megabytes. */
export function plainReading(
  files: readonly string[],
  threads: number,
  where: 'into memory' | keyof typeof THROUGH,
): Contender {
  const sizes = files.map(file => statSync(file).size)
  const share = (size: number, part: number): number => Math.floor((size * part) / threads / 4096) * 4096
  const workers = Array.from({ length: threads }, (_, thread) => {
    const ranges = files.map((file, i) => {
      const size = sizes[i] ?? 0
      return { file, from: share(size, thread), to: thread + 1 === threads ? size : share(size, thread + 1) }
    })
    const longest = Math.max(...ranges.map(({ from, to }) => to - from))
    const task: ReadingTask = { ranges, room: where === 'into memory' ? longest : THROUGH[where] }
    return new Worker(createRequire(import.meta.url).resolve('#workers/bench'), { workerData: task })
  })
  const ready = Promise.all(workers.map(answer))
  return {
    implementation: `plain read ${where}`,
    note: `the same files, ${threads} threads`,
    run: async passes => {
      await ready
      const start = process.hrtime.bigint()
      const cpu = process.cpuUsage()
      const done = workers.map(answer)
      for (const worker of workers) worker.postMessage({ passes })
      await Promise.all(done)
      const { user, system } = process.cpuUsage(cpu)
      return {
        ns: Number(process.hrtime.bigint() - start) / passes,
        cpuNs: ((user + system) * 1000) / passes,
      }
    },
    close: async () => {
      await Promise.all(workers.map(worker => worker.terminate()))
    },
  }
}

/** The worker's next message. @throws what the worker threw. */
function answer(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('message', () => {
      worker.off('error', reject)
      resolve()
    })
    worker.once('error', reject)
  })
}
