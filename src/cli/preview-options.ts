import type { Argv } from 'yargs'
import { UsageError } from '../model/errors.js'
import { BAD_PIXEL_CHOICES, MEAN_OF, PREVIEW_LAYERS, type PreviewOptions } from '../preview/options.js'
import { COLOUR_MAPS, type ColourMap, type ColourRange, rangeBetween } from '../preview/picture.js'
import type { PreviewImage } from '../preview/preview-image.js'
import type { StoredRun } from '../sources/run/run.js'
import { GEOMETRY_OPTIONS, type GeometryArguments } from './geometry-options.js'
import { numberOption, textOption } from './options.js'

/** Options of `detcal preview` as yargs gives them. */
export interface PreviewArguments extends GeometryArguments, Omit<PreviewOptions, 'modules' | 'signal'> {
  readonly run: string
  readonly out: string
  readonly detector: string
  readonly modules: string | undefined
  readonly parallelGain: boolean | undefined
  readonly log: boolean
  readonly range: string | undefined
  readonly percentiles: string | undefined
  readonly colourMap: ColourMap | undefined
  readonly json: boolean
}

const text = (group: string, describe: string) => textOption(describe, group)
const number = (group: string, describe: string) => numberOption(describe, group)
const FRAMES = 'Frames:'
const PICTURE = 'Picture:'

/** The options of `detcal preview`. */
export function previewOptions(yargs: Argv): Argv<PreviewArguments> {
  return yargs
    .positional('run', { type: 'string', demandOption: true, describe: 'folder of the RAW or CORR run' })
    .options({
      out: { type: 'string', default: 'preview.png', describe: 'picture: FILE.png' },
      detector: { ...text(FRAMES, 'detector id or Karabo name, if there are several'), default: 'auto' },
      modules: text(FRAMES, 'module numbers: 0,3,5-7 [default: all]'),
      train: number(FRAMES, 'frames of this train id [default: of all trains]'),
      pulse: number(FRAMES, 'the frame of this pulse id in each train [default: all frames]'),
      frame: { ...number(FRAMES, 'the frame at this position in each train, from 0'), conflicts: 'pulse' },
      mean: number(
        FRAMES,
        `mean of at most so many of these frames, spread evenly; of values that are numbers [default: ${MEAN_OF}]`,
      ),
      'parallel-gain': {
        ...{ group: FRAMES, type: 'boolean' as const },
        describe: 'LPD: a train holds its pulses once in each gain stage; the high one is shown',
      },
      layer: {
        ...text(
          FRAMES,
          'CORR: data, gain or mask (share of frames in which a pixel is bad); RAW: raw, or gain of AGIPD [default: data, or raw]',
        ),
        choices: PREVIEW_LAYERS,
      },
      'bad-pixels': {
        ...text(
          FRAMES,
          'pixels whose mask is not 0: left out (nan), or shown (keep) [default: nan for data]',
        ),
        choices: BAD_PIXEL_CHOICES,
      },
      ...GEOMETRY_OPTIONS,
      log: { group: PICTURE, type: 'boolean', default: false, describe: 'colours follow the logarithm' },
      // Both take what follows, even if that begins with a minus.
      range: {
        ...text(PICTURE, 'values at the ends of the colours: A,B'),
        nargs: 1,
        conflicts: 'percentiles',
      },
      percentiles: { ...text(PICTURE, 'the same as percentiles of the image [default: 1,99]'), nargs: 1 },
      'colour-map': {
        ...text(PICTURE, 'colours [default: sequential; share for mask]'),
        choices: Object.keys(COLOUR_MAPS),
      },
      json: { type: 'boolean', default: false, describe: 'print what is shown as JSON' },
    })
    .epilogue(
      'The picture is the view along the beam: y upwards, x to the left. Gaps and pixels left out are transparent.\n--json prints the hash of the image: f32, little-endian, [y][x], row 0 the lowest y, column 0 the lowest x.',
    )
    .example('$0 preview proc/r0001 --out r0001.png', `mean of ${MEAN_OF} frames spread over the run`)
    .example(
      '$0 preview proc/r0001 --train 10000000005 --pulse 4 --log --range 1,1000',
      'one frame, logarithmic',
    ) as unknown as Argv<PreviewArguments>
}

/** Two numbers `A,B`, A below B. @throws UsageError naming the option. */
function pair(option: string, given: string, from: number, to: number, say: string): [number, number] {
  const parts = given.split(',').map(part => (part.trim() === '' ? Number.NaN : Number(part)))
  const [low = Number.NaN, high = Number.NaN] = parts
  if (parts.length === 2 && low < high && low >= from && high <= to) return [low, high]
  throw new UsageError(`--${option} ${JSON.stringify(given)} is not ${say}`, {
    hint: `Write it like --${option} ${option === 'range' ? '1,1000' : '1,99'}, the smaller number first`,
  })
}

/** What the options say of the colours, before anything is read. */
export interface ColourChoice {
  readonly range: readonly [number, number] | undefined
  readonly percentiles: readonly [number, number] | undefined
}

/** @throws UsageError */
export function colourChoice({ range, percentiles, log }: PreviewArguments): ColourChoice {
  const least = log ? Number.MIN_VALUE : -Number.MAX_VALUE
  return {
    range:
      range === undefined
        ? undefined
        : pair('range', range, least, Number.MAX_VALUE, log ? 'two numbers above 0' : 'two numbers'),
    percentiles:
      percentiles === undefined ? undefined : pair('percentiles', percentiles, 0, 100, 'two of 0 to 100'),
  }
}

/** The colours of an image: those that are asked for, else those of the layer. */
export function coloursOf(
  { values, layer }: PreviewImage,
  { corrected, detector }: StoredRun,
  { log, colourMap }: Pick<PreviewArguments, 'log' | 'colourMap'>,
  { range, percentiles }: ColourChoice,
): { readonly map: ColourMap; readonly range: ColourRange } {
  const map = colourMap ?? (layer === 'mask' ? 'share' : 'sequential')
  if (range) return { map, range: { low: range[0], high: range[1], log } }
  if (!percentiles && !log) {
    if (layer === 'mask') return { map, range: { low: 0, high: 1, log } }
    if (layer === 'gain' && corrected) return { map, range: { low: 0, high: detector.stages - 1, log } }
  }
  return { map, range: rangeBetween(values, percentiles ?? [1, 99], log) }
}
