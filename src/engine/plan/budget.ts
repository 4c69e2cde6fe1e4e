import { availableParallelism, totalmem } from 'node:os'
import { type LaneLayout, laneLayout, MAX_LANE_BYTES } from '../../memory/lane-layout.js'
import { UsageError } from '../../model/errors.js'
import { TASKS_A_THREAD } from '../contract/operation.js'
import type { BlockShape } from './blocks.js'

const MIB = 1024 ** 2
const GIB = 1024 ** 3
/** What parts of a lane are multiples of. */
const PAGE_BYTES = 65536

/** What the process takes before it holds a frame, measured: Node, the command, two threads. */
const PROCESS_BYTES = 128 * MIB

/** What this process may use. */
export interface MachineLimits {
  /** Bytes: the least of the machine's memory, the cgroup's limit and the Slurm job's. */
  readonly memory: number
  readonly cpus: number
}

/** The limits of the machine, of the cgroup and, in a Slurm job, of the job. */
export function machineLimits(env: NodeJS.ProcessEnv = process.env): MachineLimits {
  const cgroup = process.constrainedMemory()
  const slurm = Number(env['SLURM_MEM_PER_NODE'] ?? 0) * MIB
  const memory = Math.min(...[totalmem(), cgroup, slurm].filter(bytes => bytes > 0))
  const cpus = Number(env['SLURM_CPUS_PER_TASK'] ?? 0) || availableParallelism()
  return { memory, cpus }
}

/**
 * Bytes of resident memory the process may reach, page cache aside: what was asked for, else the smaller of
 * 60 % of the limit and 8 GiB.
 * @throws UsageError if more is asked for than there is, or less than the process takes by itself.
 */
export function memoryBudget(asked: number | undefined, limits: MachineLimits): number {
  if (asked === undefined) return Math.min(0.6 * limits.memory, 8 * GIB)
  if (asked < PROCESS_BYTES)
    throw new UsageError(
      `--memory ${showBytes(asked)} is less than the ${showBytes(PROCESS_BYTES)} that the process takes by itself`,
      { hint: `Use at least --memory ${PROCESS_BYTES / MIB}MiB` },
    )
  if (asked <= limits.memory) return asked
  throw new UsageError(
    `--memory ${showBytes(asked)} is more than the ${showBytes(limits.memory)} this machine or job allows`,
    {
      hint: `Use at most --memory ${Math.floor(limits.memory / MIB)}MiB`,
    },
  )
}

/** What reductions over a file take of a lane, in bytes. */
export interface ReductionDemand {
  readonly tableBytes: number
  /** Least that a workspace can be, and the most that is of use: where it keeps all images of a row of cells. */
  readonly leastBytes: number
  readonly mostBytes: number
}

/** What a run asks of its lanes. */
export interface LaneDemand {
  readonly pixels: number
  readonly rawFrameBytes: number
  /** Most memory cells any module of the run uses. */
  readonly cells: number
  /** Most planes of constants any module's chain has. */
  readonly planes: number
  readonly modules: number
  /** What steps take that span a whole file; absent: nothing. */
  readonly reduction?: ReductionDemand
}

/** The lanes of an engine, all alike. */
export interface LanePlan {
  readonly count: number
  readonly layout: LaneLayout
  readonly block: BlockShape
  /** Bytes of all lanes. */
  readonly bytes: number
}

/** A worker thread's own heap and its HDF5 library, measured; the 256 MiB above the budget cover the main thread and two. */
const WORKER_BYTES = 64 * MIB
const FREE_WORKERS = 2

/**
 * Frames of a train in a block: with sixteen trains some tens of milliseconds, so that handing blocks out costs nothing,
 * and the end of a run, where a thread may find none left, little.
 */
const FRAMES = 16

/**
 * Block shapes in order of preference. Sixteen trains a tile read each constant from memory once for sixteen frames. A
 * slot holds a tile, so fewer trains serve small budgets.
 */
const BLOCKS: readonly BlockShape[] = [16, 8, 4, 1].map(trains => ({ trains, framesPerTrain: FRAMES }))

/** What of a budget is left for lanes: threads beyond the first take their share. */
export function memoryForLanes(workers: number, budget: number): number {
  return budget - Math.max(0, workers - FREE_WORKERS) * WORKER_BYTES
}

/**
 * The most lanes, up to one a worker, with the best block shape that fit `budget`.
 * @throws UsageError if nothing fits, saying how much would.
 */
export function planLanes(demand: LaneDemand, workers: number, budget: number): LanePlan {
  const available = memoryForLanes(workers, budget)
  let least = Number.POSITIVE_INFINITY
  for (const block of BLOCKS) {
    for (let count = Math.min(workers, demand.modules); count >= 1; count--) {
      const plan = lanesOf(demand, workers, count, block, demand.reduction?.leastBytes)
      if (plan === undefined) continue
      if (plan.bytes <= available) return withWorkspaces(plan, demand, workers, available)
      least = Math.min(least, plan.bytes)
    }
  }
  if (least === Number.POSITIVE_INFINITY) {
    throw new UsageError(
      `constants of ${demand.cells} cells do not fit the ${showBytes(MAX_LANE_BYTES)} of a WebAssembly memory`,
      {
        hint: 'Select fewer pulses with --pulses',
      },
    )
  }
  const needed = least + (budget - available)
  throw new UsageError(
    `${showBytes(budget)} of memory do not hold one module's constants of ${demand.cells} cells`,
    {
      hint: `Use --memory ${Math.ceil(needed / MIB)}MiB or more, or select fewer pulses with --pulses`,
    },
  )
}

/** The plan with workspaces as large as the rest of the memory allows, and as they can use. */
function withWorkspaces(plan: LanePlan, demand: LaneDemand, workers: number, available: number): LanePlan {
  const { reduction } = demand
  if (reduction === undefined) return plan
  const { count, layout, block } = plan
  const room = Math.min(available / count, MAX_LANE_BYTES) - layout.bytes
  const each = Math.floor(room / workspacesOf(workers, count) / PAGE_BYTES) * PAGE_BYTES
  const bytes = Math.min(reduction.mostBytes, reduction.leastBytes + each)
  return lanesOf(demand, workers, count, block, bytes) ?? plan
}

/** Workspaces of a lane: one for each thread that falls to it. */
function workspacesOf(workers: number, lanes: number): number {
  return Math.ceil(workers / lanes)
}

function lanesOf(
  demand: LaneDemand,
  workers: number,
  count: number,
  block: BlockShape,
  workspaceBytes = 0,
): LanePlan | undefined {
  const slots = Math.ceil(workers / count) * TASKS_A_THREAD
  try {
    const { reduction, ...shape } = demand
    const workspaces = workspacesOf(workers, count)
    const layout = laneLayout({
      ...shape,
      ...(reduction && { reduction: { tableBytes: reduction.tableBytes, workspaces, workspaceBytes } }),
      slotRawFrames: block.trains,
      slotFrames: block.trains,
      slots,
    })
    return { count, layout, block, bytes: count * layout.bytes }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  K: 1024,
  KiB: 1024,
  M: MIB,
  MiB: MIB,
  G: GIB,
  GiB: GIB,
  T: 1024 * GIB,
  TiB: 1024 * GIB,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
}

/** Bytes of `8GiB`, `512M`, `1.5GB`, `1073741824`. @throws UsageError */
export function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(text.trim())
  const unit = UNITS[match?.[2] ?? '?']
  const value = Number(match?.[1]) * (unit ?? Number.NaN)
  if (!(value > 0))
    throw new UsageError(`${text} is not an amount of memory`, {
      hint: 'Write it like 8GiB, 512MiB or 2e9 bytes as 2000000000',
    })
  return Math.floor(value)
}

/** Bytes for people: `8.0 GiB`, `512 MiB`, `1 KiB`, `8 bytes`. */
export function showBytes(bytes: number): string {
  if (bytes < MIB) return bytes < 1024 ? `${bytes} bytes` : `${Math.ceil(bytes / 1024)} KiB`
  return bytes >= GIB ? `${(bytes / GIB).toFixed(1)} GiB` : `${Math.ceil(bytes / MIB)} MiB`
}
