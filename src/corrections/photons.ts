const f32 = Math.fround

const VALUE_IS_NAN = 1 << 11
const VALUE_OUT_OF_RANGE = 1 << 12

/** Step `round-photons`; all exactly f32. */
export interface PhotonParams {
  /** ADU of a photon. */
  readonly photon: number
  /** From this fraction of a photon on it is rounded up; above 0. */
  readonly fraction: number
  /** Most photons: more are 0, with mask bit 12. */
  readonly most: number
}

/** Whole photons of `d` ADU, and the mask bits that come with them. */
export function photonsOf(
  d: number,
  { photon, fraction, most }: PhotonParams,
): { photons: number; bits: number } {
  const q = f32(d / photon)
  const down = Math.floor(q)
  const photons = f32(q - down) >= fraction ? f32(down + 1) : down
  let bits = 0
  if (!Number.isFinite(d)) bits |= VALUE_IS_NAN
  if (Math.abs(d) > 1e7 || photons > most) bits |= VALUE_OUT_OF_RANGE
  return { photons: bits === 0 && photons > 0 ? photons : 0, bits }
}
