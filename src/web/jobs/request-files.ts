import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { type CompletedDetector, readCompletion } from '../../jobs/completion.js'
import { jobFolder, jobLog } from '../../jobs/job-files.js'
import { type RequestStatus, requestStatus } from '../../jobs/job-status.js'
import type { JobQueue } from '../../jobs/queue.js'
import { reportNames } from '../../jobs/report-files.js'
import { runFolders } from '../../jobs/run-key.js'
import { DataError, UsageError } from '../../model/errors.js'
import type { ReportLink, RequestDetail } from './protocol.js'

/** The end of a log that is shown, bytes. */
const LOG_TAIL = 64 * 1024
/** A report of a detector is some hundred kilobytes. */
const MOST_REPORT = 32 * 2 ** 20

/**
 * What is known of a request, and the reports that came of it. Files are found by what the queue says: nothing that a
 * browser sends is part of a path.
 */
export function requestDetail(queue: JobQueue, root: string, id: number): RequestDetail {
  const request = requestStatus(queue, id)
  const { proc } = runFolders(root, request)
  const reports = completedOf(request, proc).map(
    ([detector, { status, verdict }]): ReportLink => ({
      ...{ detector, status, verdict },
      path: `/api/requests/${id}/reports/${encodeURIComponent(detector)}`,
    }),
  )
  return { ...request, proc: relative(resolve(root), proc), reports }
}

/** The page of a report. @throws UsageError if the request has none of this detector. */
export function reportPage(queue: JobQueue, root: string, id: number, detector: string): Buffer {
  const request = requestStatus(queue, id)
  const { proc } = runFolders(root, request)
  const found = completedOf(request, proc).find(([name]) => name === detector)
  if (found === undefined)
    throw new UsageError(`request ${id} has no report of ${detector}`, {
      hint: 'A later correction of the run may have replaced it',
    })
  return plainFile(join(proc, reportNames(found[0]).page), { from: 'start', most: MOST_REPORT })
}

/** The end of a job's log; empty: it has said nothing yet. @throws UsageError if the request has no such job. */
export function jobLogTail(queue: JobQueue, id: number, name: string): Buffer {
  const job = requestStatus(queue, id).jobs.find(job => job.name === name)
  if (job === undefined) throw new UsageError(`request ${id} has no job ${name}`)
  const path = jobLog(jobFolder(queue.path, id), job.name)
  try {
    return plainFile(path, { from: 'end', most: LOG_TAIL })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
}

/** Detectors that this request has completed, and nobody again since; names that can be those of files alone. */
function completedOf(request: RequestStatus, proc: string): [string, CompletedDetector][] {
  if (request.state !== 'done') return []
  return Object.entries(readCompletion(proc)?.detectors ?? {}).filter(
    ([name, { request: by }]) => by === request.id && /^[A-Z][A-Z0-9_-]{1,63}$/.test(name),
  )
}

/** @throws DataError if it is a link */
function opened(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ELOOP') throw error
    throw new DataError('is a link, which is not followed', { place: { file: path }, cause: error })
  }
}

/** @throws DataError if it is no plain file, or a page of more than `most` bytes. */
function plainFile(
  path: string,
  { from, most }: { readonly from: 'start' | 'end'; readonly most: number },
): Buffer {
  // Links are not followed: the proposal tree is written by others.
  const fd = opened(path)
  try {
    const info = fstatSync(fd)
    const place = { file: path }
    if (!info.isFile()) throw new DataError('is no file', { place })
    if (from === 'start' && info.size > most) throw new DataError(`is longer than ${most} bytes`, { place })
    const bytes = Buffer.alloc(Math.min(most, info.size))
    const read = readSync(fd, bytes, 0, bytes.length, from === 'end' ? info.size - bytes.length : 0)
    return bytes.subarray(0, read)
  } finally {
    closeSync(fd)
  }
}
