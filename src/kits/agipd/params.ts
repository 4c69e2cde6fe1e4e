import type { PhotonParams } from '../../corrections/photons.js'

/** Parameters of AGIPD's kernels, beside their planes. */
export interface AgipdParams {
  /** Gain stage of fixed-gain modes; 0 in adaptive mode. */
  readonly stage: 0 | 1 | 2
  /** ADU, exactly an f32; −Infinity switches the step off. */
  readonly forceMgLimit: number
  readonly forceHgLimit: number
  readonly setMin: boolean
  readonly range: boolean
  readonly zeroNans: boolean
  readonly zeroOrange: boolean
  /** All factors of high gain are known to be 1, which kernels may make use of. */
  readonly highIsOne?: boolean
  /** Absent: values stay in ADU. */
  readonly photons?: PhotonParams
}

/** The parameters as the kernels read them, in words behind `pixels` (docs/architecture.md, kernel contract). */
export function agipdWords(params: AgipdParams): number[] {
  const flags =
    Number(params.setMin) |
    (Number(params.range) << 1) |
    (Number(params.zeroNans) << 2) |
    (Number(params.zeroOrange) << 3) |
    (Number(params.photons !== undefined) << 4) |
    (Number(params.highIsOne ?? false) << 5)
  const { stage, forceMgLimit, forceHgLimit, photons } = params
  return [
    stage,
    ...wordsOf(forceMgLimit, forceHgLimit),
    flags,
    ...(photons ? wordsOf(photons.photon, photons.fraction, photons.most) : []),
  ]
}

function wordsOf(...values: number[]): Uint32Array {
  return new Uint32Array(Float32Array.from(values).buffer)
}
