import { writeFileSync } from 'node:fs'
import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { writeWhole } from '../../files/publish.js'
import { snap } from '../../geometry/snap.js'
import { geometryOf } from '../../kits/geometry-of.js'
import { rangesText } from '../../model/ranges.js'
import type { ChosenFrame } from '../../preview/choose-frames.js'
import { COLOUR_MAPS, type ColourMap, type ColourRange, pictureOf } from '../../preview/picture.js'
import { imageHash, type PreviewImage, previewImage } from '../../preview/preview-image.js'
import { figureOf } from '../../report/figures.js'
import { parseModules } from '../../sources/run/query.js'
import type { StoredRun } from '../../sources/run/run.js'
import { openStoredRun } from '../../sources/run/stored-run.js'
import { EXIT, endWith, interruptible } from '../exit.js'
import { requireEnding } from '../geometry-options.js'
import { printJson } from '../output.js'
import { colourChoice, coloursOf, type PreviewArguments, previewOptions } from '../preview-options.js'
import { problemLines } from '../problems.js'

/** `detcal preview`: a picture of a RAW or CORR run. */
export const previewCommand: CommandModule<object, PreviewArguments> = {
  command: 'preview <run>',
  describe: 'draw one frame of a run, or the mean of many, as a PNG',
  builder: (yargs: Argv) => previewOptions(yargs),
  handler: async (args: ArgumentsCamelCase<PreviewArguments>) => {
    endWith({ code: await interruptible(signal => preview(args, signal)) })
  },
}

async function preview(args: PreviewArguments, signal: AbortSignal): Promise<number> {
  const { detector, parallelGain, modules, out } = args
  requireEnding(out, '.png')
  const choice = colourChoice(args)
  const run = await openStoredRun(args.run, {
    ...{ detector, signal },
    ...(parallelGain !== undefined && { parallelGain }),
  })
  const image = await previewImage(run, snap(await geometryOf(run.kit, args)), {
    ...args,
    modules: modules === undefined ? undefined : parseModules(modules, run.detector),
    signal,
  })
  const { map, range } = coloursOf(image, run, args, choice)
  const png = pictureOf(image, range, COLOUR_MAPS[map])
  signal.throwIfAborted()
  await writeWhole(out, part => writeFileSync(part, png))
  process.stderr.write(problemLines(image.problems))
  const shown = { out, map, range, geometry: args.geometry ?? args.quadPositions }
  if (args.json) printJson(told(run, image, shown))
  else process.stdout.write(title(run, image, shown))
  return image.problems.some(({ severity }) => severity === 'error') ? EXIT.problems : EXIT.done
}

/** How an image was drawn. */
interface Shown {
  readonly out: string
  readonly map: ColourMap
  readonly range: ColourRange
  /** Absent: the detector's default. */
  readonly geometry: string | undefined
}

function told(run: StoredRun, image: PreviewImage, { out, map, range, geometry }: Shown): object {
  const { layer, masked, height, width, centre, frames, modules, problems } = image
  return {
    ...{ path: run.path, detector: run.detector.id, karaboId: run.karaboId, corrected: run.corrected },
    ...{ layer, badPixels: masked ? 'nan' : 'keep' },
    frames: frames.map(({ trainId, pulseId }) => ({ train: trainId, pulse: pulseId })),
    ...{ modules, geometry: geometry ?? 'default', shape: [height, width], centre },
    ...{ range: [range.low, range.high], log: range.log, colourMap: map, out },
    ...{ sha256: imageHash(image), problems },
  }
}

function title({ karaboId }: StoredRun, image: PreviewImage, { out, range, geometry }: Shown): string {
  const { layer, masked, height, width, frames, modules } = image
  const colours = Number.isNaN(range.low)
    ? 'without a single number'
    : `colours from ${figureOf(range.low)} to ${figureOf(range.high)}${range.log ? ', logarithmic' : ''}`
  const of = `modules ${rangesText(modules)}${masked ? ', without bad pixels' : ''}`
  const where = geometry === undefined ? ', default geometry' : ''
  return `${karaboId}, ${layer}: ${framesText(frames)}, ${of}\n${height} × ${width} pixels${where}, ${colours}: ${out}\n`
}

function framesText(frames: readonly ChosenFrame[]): string {
  const [first] = frames
  const trains = [...new Set(frames.map(({ trainId }) => trainId))]
  if (frames.length === 1) return `train ${first?.trainId}, pulse ${first?.pulseId}`
  const of = trains.length === 1 ? `train ${first?.trainId}` : `trains ${first?.trainId} to ${trains.at(-1)}`
  return `mean of ${frames.length} frames, ${of}`
}
