import * as v from 'valibot'
import { parseBytes } from '../../engine/plan/budget.js'
import { UsageError } from '../../model/errors.js'
import { shaped } from '../../model/shape.js'

const NAME = v.pipe(v.string(), v.regex(/^[\w.][\w.,@:&|*+-]{0,199}$/, 'it is no name that Slurm would know'))
const AMOUNT = v.pipe(v.union([v.string(), v.number()]), v.transform(String))
const whole = (least: number, most: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most))

/** The table `slurm` of the service's configuration. */
const SLURM = v.strictObject({
  /** Where the folders of requests are made, on a disk that the nodes share; absent: beside the queue. */
  folder: v.optional(v.pipe(v.string(), v.minLength(1))),
  partition: v.optional(NAME),
  reservation: v.optional(NAME),
  account: v.optional(NAME),
  qos: v.optional(NAME),
  /** Features that a node must have. */
  constraint: v.optional(NAME),
  /** Time of a job at most: minutes, or as Slurm writes it. YAML takes `4:00:00` for a number of seconds. */
  time: v.optional(
    v.pipe(
      AMOUNT,
      v.regex(/^(\d{1,4}-)?\d{1,6}(:\d{2}){0,2}$/, 'expected "04:00:00", "1-12:00:00" or minutes'),
    ),
  ),
  /** Memory of a job, `64GiB`. */
  memory: v.optional(AMOUNT),
  /** Cores of a job; absent: one, or all where it has the node alone. */
  cpus: v.optional(whole(1, 4096)),
  /** Whether a job has its node alone. */
  exclusive: v.optional(v.boolean(), false),
  /** Niceness of a request of priority 0; its priority is added. */
  nice: v.optional(whole(-1_000_000, 1_000_000), 1000),
  /** Jobs in Slurm, waiting or running, at which no more are given to it. */
  'at-a-time': v.optional(whole(1, 100_000), 200),
  /** s between looks at Slurm. What jobs have come to is seen in their folder, at every look of the service. */
  poll: v.optional(v.pipe(v.number(), v.minValue(0.1), v.maxValue(3600)), 10),
  /** s that a command of Slurm may take. */
  timeout: v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(600)), 30),
  /** What starts detcal on a node: program and first arguments. Absent: as the service was started. */
  command: v.optional(v.pipe(v.array(v.string()), v.minLength(1))),
})

/** How jobs are given to Slurm. */
export type SlurmOptions = v.InferOutput<typeof SLURM>

/** @param table absent: the defaults. @throws UsageError naming the option that is unknown, or out of bounds. */
export function slurmOptions(table: unknown = {}): SlurmOptions {
  const options = shaped(SLURM, table, message => new UsageError(`slurm: ${message}`))
  if (options.memory !== undefined) parseBytes(options.memory)
  return options
}

/** Names that sbatch gives its options of the same value. */
const SAME = ['partition', 'reservation', 'account', 'qos', 'constraint', 'time'] as const

/** What sbatch is told of every job. */
export function resourceArguments(options: SlurmOptions, priority: number): string[] {
  const { cpus, exclusive, memory, nice } = options
  const cores = cpus ?? (exclusive ? undefined : 1)
  return [
    '--nodes=1',
    '--ntasks=1',
    ...SAME.flatMap(name => (options[name] === undefined ? [] : [`--${name}=${options[name]}`])),
    ...(cores === undefined ? [] : [`--cpus-per-task=${cores}`]),
    ...(exclusive ? ['--exclusive'] : []),
    ...(memory === undefined ? [] : [`--mem=${Math.ceil(parseBytes(memory) / 1024 ** 2)}M`]),
    `--nice=${nice + priority}`,
  ]
}
