import { SingleBar } from 'cli-progress'

/** Shows the progress of a long command. */
export interface Progress {
  /** @param done units done so far. */
  update(done: number): void
  stop(): void
}

/** What is counted. */
export interface ProgressOptions {
  /** Units of the whole. */
  readonly total: number
  /** Bytes of the whole, for the rate. */
  readonly bytes: number
  /** Trains of the whole, for the label. */
  readonly trains: number
  readonly stream?: NodeJS.WriteStream
}

/** A bar on a terminal, else a line for every tenth. Always on stderr. */
export function showProgress({ total, bytes, trains, stream = process.stderr }: ProgressOptions): Progress {
  const start = performance.now()
  const figures = (done: number) => {
    const share = total === 0 ? 1 : done / total
    const seconds = (performance.now() - start) / 1000
    // Of the first moment it would be anything.
    const rate = seconds > 0.1 ? (share * bytes) / seconds : 0
    const left = share > 0 ? timeText((seconds * (1 - share)) / share) : '?'
    return { trains: Math.floor(share * trains), rate: rateText(rate), left, share }
  }
  if (!stream.isTTY) return lines(figures, trains, stream)
  const bar = new SingleBar({
    stream,
    format: '{bar} {percentage}%  {trains}/{allTrains} trains  {rate}  {left} left',
    // As wide as the terminal leaves it; where that is nothing, the figures alone.
    barsize: Math.max(0, (stream.columns ?? 80) - textWidth(trains)),
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: true,
  })
  bar.start(total, 0, { ...figures(0), allTrains: trains })
  return {
    update: done => bar.update(done, { ...figures(done), allTrains: trains }),
    stop: () => bar.stop(),
  }
}

/** Columns that the figures beside a bar take at most. */
function textWidth(trains: number): number {
  return ` 100%  ${trains}/${trains} trains  99.99 GB/s  119 min left `.length
}

function rateText(bytesPerSecond: number): string {
  return bytesPerSecond >= 1e8
    ? `${(bytesPerSecond / 1e9).toFixed(2)} GB/s`
    : `${(bytesPerSecond / 1e6).toFixed(0)} MB/s`
}

function timeText(seconds: number): string {
  const whole = Math.ceil(seconds)
  return whole < 120 ? `${whole} s` : `${Math.ceil(whole / 60)} min`
}

type Figures = { trains: number; rate: string; left: string; share: number }

function lines(figures: (done: number) => Figures, trains: number, stream: NodeJS.WriteStream): Progress {
  let shown = 0
  return {
    update: done => {
      const now = figures(done)
      const tenth = Math.floor(now.share * 10)
      if (tenth <= shown) return
      shown = tenth
      stream.write(`${now.trains}/${trains} trains, ${now.rate}, ${now.left} left\n`)
    },
    stop: () => {},
  }
}
