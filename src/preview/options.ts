import type { Detector } from '../detectors/detector.js'
import { UsageError } from '../model/errors.js'
import type { ModuleIndex } from '../model/ids.js'
import type { StoredRun } from '../sources/run/run.js'

/** `data`: corrected signal; `raw`: the first raw plane; `gain`: gain stage, of RAW the second raw plane; `mask`: share of frames in which a pixel is bad. */
export const PREVIEW_LAYERS = ['data', 'gain', 'mask', 'raw'] as const
export type PreviewLayer = (typeof PREVIEW_LAYERS)[number]

export const BAD_PIXEL_CHOICES = ['nan', 'keep'] as const

/** What of a run is shown; all of it unless told. */
export interface PreviewOptions {
  /** Absent: `data` of a CORR run, `raw` of a RAW run. */
  readonly layer?: PreviewLayer | undefined
  /** Train id. */
  readonly train?: number | undefined
  /** Pulse id. */
  readonly pulse?: number | undefined
  /** Position among the frames of a train, from 0 on. */
  readonly frame?: number | undefined
  /** Of how many of these frames the mean is, at most; they are spread evenly. Default {@link MEAN_OF}. */
  readonly mean?: number | undefined
  /** Whether pixels whose mask is not 0 are left out. Default `nan` for data, which only corrected runs have. */
  readonly badPixels?: (typeof BAD_PIXEL_CHOICES)[number] | undefined
  readonly modules?: readonly ModuleIndex[] | undefined
  readonly signal?: AbortSignal | undefined
}

export const MEAN_OF = 100

/** Where the numbers of a layer are below `image`. */
export interface LayerPlace {
  readonly layer: PreviewLayer
  readonly dataset: 'data' | 'gain' | 'mask'
  /** Of a raw frame: which of its planes. */
  readonly plane: number | undefined
  /** Whether pixels whose mask is not 0 are left out. */
  readonly masked: boolean
}

/** @throws UsageError if the run has no such layer, or no mask. */
export function layerOf(run: StoredRun, { layer, badPixels }: PreviewOptions): LayerPlace {
  const { corrected, detector } = run
  const wanted = layer ?? (corrected ? 'data' : 'raw')
  const refuse = (message: string, hint: string) =>
    new UsageError(message, { place: { file: run.path }, hint })
  if (corrected && wanted === 'raw')
    throw refuse('is corrected, so it has no layer raw', 'Give the RAW folder of the run')
  if (!corrected && !hasRaw(wanted, detector))
    throw refuse(
      `is a RAW run, so it has no layer ${wanted}`,
      'Correct it with detcal correct, or use --layer raw',
    )
  const maskable = corrected && wanted !== 'mask'
  if (badPixels === 'nan' && !maskable)
    throw refuse(`has no mask for layer ${wanted}`, 'Leave --bad-pixels nan out')
  return {
    layer: wanted,
    dataset: corrected && wanted !== 'raw' ? wanted : 'data',
    plane: corrected ? undefined : wanted === 'gain' ? 1 : 0,
    masked: badPixels === 'nan' || (badPixels === undefined && maskable && wanted === 'data'),
  }
}

function hasRaw(layer: PreviewLayer, { rawPlanes }: Detector): boolean {
  return layer === 'raw' || (layer === 'gain' && rawPlanes > 1)
}
