import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { readCompletion } from '../../jobs/completion.js'
import { DARK_JOB, type DarkJobOutcome, darkReportPath } from '../../jobs/dark-job.js'
import { jobFolder, jobLog, readResult } from '../../jobs/job-files.js'
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
  const reports = reportsOf(queue, root, request).map(
    ({ detector, verdict }): ReportLink => ({
      ...{ detector, verdict },
      path: `/api/requests/${id}/reports/${encodeURIComponent(detector)}`,
    }),
  )
  return { ...request, proc: relative(resolve(root), proc), reports }
}

/** The page of a report. @throws UsageError if the request has none of this detector. */
export function reportPage(queue: JobQueue, root: string, id: number, detector: string): Buffer {
  const request = requestStatus(queue, id)
  const found = reportsOf(queue, root, request).find(report => report.detector === detector)
  if (found === undefined)
    throw new UsageError(`request ${id} has no report of ${detector}`, {
      hint: 'A later correction of the run may have replaced it',
    })
  return plainFile(found.file, { from: 'start', most: MOST_REPORT })
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

/** A report, and where it is. */
interface FoundReport {
  readonly detector: string
  readonly verdict: string
  readonly file: string
}

/** Reports of what this request has completed, and of a run nobody again since; names that can be those of files alone. */
function reportsOf(queue: JobQueue, root: string, request: RequestStatus): FoundReport[] {
  if (request.state !== 'done') return []
  if (request.dark !== '') return darkReportOf(jobFolder(queue.path, request.id))
  const { proc } = runFolders(root, request)
  return Object.entries(readCompletion(proc)?.detectors ?? {}).flatMap(
    ([detector, { request: by, verdict }]) =>
      by === request.id && /^[A-Z][A-Z0-9_-]{1,63}$/.test(detector)
        ? [{ detector, verdict, file: join(proc, reportNames(detector).page) }]
        : [],
  )
}

function darkReportOf(folder: string): FoundReport[] {
  const result = readResult<DarkJobOutcome>(folder, { name: DARK_JOB, attempt: 0 })
  if (result === undefined || 'error' in result) return []
  const { karaboId, verdict } = result.value
  return [{ detector: karaboId, verdict, file: darkReportPath(folder) }]
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
