import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { COPY, copyContender } from '../copy.js'
import { type Result, resultOf, type Series, type Task } from '../result.js'
import { measure } from '../rounds.js'
import { percent, type SuiteOptions, SWITCHED } from '../suite.js'
import { detcalKernel, detcalListing, type KernelContender, referenceKernel } from './detcal.js'
import { benchDevice } from './device.js'
import { gpuKernel } from './gpu.js'
import { digest, peerPrograms, startPeer } from './peers.js'
import { plainKernel } from './plain.js'
import { scaling } from './scaling.js'
import { KERNEL_BYTES, makeWorkload, shareWorkload, sizeOf, type Workload } from './workload.js'

/** The kernel of the default chain against its peers, and how it scales with threads; on a GPU all chains. */
export async function benchKernels(options: SuiteOptions): Promise<Result[]> {
  return [
    ...(options.kernelsOn === 'gpu' ? [] : await onProcessor(options)),
    ...(options.kernelsOn === 'cpu' ? [] : await benchDevice(options)),
  ]
}

async function onProcessor(options: SuiteOptions): Promise<Result[]> {
  // Peers compile into it, and find the workload in it; memory where there is a file system in memory.
  const folder = mkdtempSync(join(tmpdir(), 'detcal-bench-'))
  try {
    const results: Result[] = []
    for (const switched of SWITCHED) results.push(...(await table(switched, folder, options)))
    return [...results, ...(await scaling(options))]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function table(switched: number, folder: string, options: SuiteOptions): Promise<Result[]> {
  const { seed, rounds, quick, onProgress, signal } = options
  const name = `kernel, ${percent(switched)} switched`
  const say = (text: string): void => {
    signal.throwIfAborted()
    onProgress(`${name}: ${text}`)
  }
  say('making the data')
  const { cells, trains } = sizeOf(options)
  const workload = makeWorkload(cells, trains, switched, seed)
  const contenders = await contendersFor(workload, folder, say)
  try {
    const [own, ...peers] = contenders
    if (own === undefined) return []
    const copy = copyContender(workload.pixels * KERNEL_BYTES)
    const leastNs = quick ? 0 : 1e8
    const series = await measure(own, [copy, ...peers], { rounds, leastNs, warmUp: true, onProgress: say })
    const notes = await bitNotes(contenders)
    return resultsOf({ name, pixels: workload.pixels, bytesPerPixel: KERNEL_BYTES }, series, notes)
  } finally {
    for (const { close } of contenders) await close?.()
  }
}

async function contendersFor(
  workload: Workload,
  folder: string,
  say: (text: string) => void,
): Promise<KernelContender[]> {
  const shared = join(folder, 'problem')
  shareWorkload(workload, shared)
  const gpu = await gpuKernel(workload, say)
  const contenders = [
    detcalKernel(workload),
    detcalListing(workload),
    referenceKernel(workload),
    plainKernel(workload),
    ...(gpu ? [gpu] : []),
  ]
  for (const program of peerPrograms(folder)) {
    say(`starting ${program.implementation}`)
    contenders.push(await startPeer(program, workload, shared, folder))
  }
  rmSync(shared)
  return contenders
}

/** Whose results are not the reference's bits. @throws Error if detcal's own are not. */
async function bitNotes(contenders: readonly KernelContender[]): Promise<Map<string, string>> {
  const reference = contenders.find(({ implementation }) => implementation === 'detcal reference')
  const expected = reference && digest(await reference.results())
  const notes = new Map<string, string>()
  for (const { implementation, results } of contenders) {
    if (digest(await results()) === expected) continue
    if (implementation.startsWith('detcal'))
      throw new Error('the kernel does not give the bits of the reference')
    notes.set(implementation, 'other bits than the reference')
  }
  return notes
}

function resultsOf(task: Task, series: readonly Series[], notes: ReadonlyMap<string, string>): Result[] {
  const copy = series.find(({ implementation }) => implementation === COPY)
  const bound = copy && resultOf(task, copy)
  return series.map(one => {
    const note = [one.note, notes.get(one.implementation)].filter(Boolean).join('; ')
    return resultOf(
      { ...task, ...(bound === undefined ? {} : { bound }) },
      { ...one, ...(note ? { note } : {}) },
    )
  })
}
