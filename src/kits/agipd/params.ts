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
}

/** The parameters as the kernels read them, in words behind `pixels` (docs/architecture.md, kernel contract). */
export function agipdWords(params: AgipdParams): number[] {
  const flags =
    Number(params.setMin) |
    (Number(params.range) << 1) |
    (Number(params.zeroNans) << 2) |
    (Number(params.zeroOrange) << 3)
  const limits = new Uint32Array(Float32Array.of(params.forceMgLimit, params.forceHgLimit).buffer)
  return [params.stage, ...limits, flags]
}
