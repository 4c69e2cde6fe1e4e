import { readFileSync } from 'node:fs'

/** What make_whole.py says of steps that need whole images or files. */
export interface WholeGolden {
  readonly commonMode: readonly {
    readonly seed: number
    readonly params: {
      readonly iterations: number
      readonly low: number
      readonly high: number
      readonly fraction: number
      readonly count: 'present' | 'nominal'
    }
    /** `[iteration][every 61st pixel]`, `[iteration][image]`, `[image][every 61st pixel]`; null: not a number. */
    readonly pixels: readonly (readonly number[])[]
    readonly images: readonly (readonly number[])[]
    readonly data: readonly (readonly (number | null)[])[]
  }[]
  readonly baseline: readonly {
    readonly seed: number
    readonly shift: number
    readonly noise: number
    readonly lit: number
    readonly limit: number
    readonly found: number
  }[]
  readonly photons: readonly {
    readonly seed: number
    readonly photon: number
    readonly fraction: number
    readonly most: number
    readonly photons: readonly number[]
    readonly mask: readonly number[]
  }[]
  readonly still: { readonly seed: number; readonly still: readonly number[] }
  /** Of the blocks of 64 × 64 of two rows and columns, 1: noisy. */
  readonly noisy: readonly {
    readonly seed: number
    readonly share: number
    readonly bad: readonly number[]
  }[]
}

export const WHOLE_GOLDEN = JSON.parse(
  readFileSync(new URL('whole.json', import.meta.url), 'utf8'),
) as WholeGolden

export const EVERY = 61
const [PIXELS, IMAGES] = [4096, 12]

/** As `uniform` of make_whole.py. */
function uniform(seed: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => {
    let x = (Math.imul(i, 0x9e3779b1) + seed) | 0
    x ^= x >>> 16
    x = Math.imul(x, 0x85ebca6b)
    x ^= x >>> 13
    x = Math.imul(x, 0xc2b2ae35)
    x ^= x >>> 16
    return (x >>> 8) / 2 ** 24
  })
}

/** The images of a case of the common mode. */
export function imagesOf(seed: number): Float32Array[] {
  const [u, kind] = [uniform(seed, PIXELS * IMAGES), uniform(seed + 1, PIXELS * IMAGES)]
  const [ofPixel, ofImage] = [uniform(seed + 2, PIXELS), uniform(seed + 3, IMAGES)]
  return Array.from({ length: IMAGES }, (_, image) =>
    Float32Array.from({ length: PIXELS }, (_, p) => {
      const i = image * PIXELS + p
      let d = 44 * u[i]! - 22 + (12 * ofPixel[p]! - 6) + (16 * ofImage[image]! - 8)
      if (kind[i]! < 0.25) d += 150
      if (image === 3 && u[i]! < 0.9) d += 400
      if (p >= 7 && (p - 7) % 50 === 0) d += 500
      return kind[i]! > 0.999 ? Number.NaN : d
    }),
  )
}

/** The image of a case of the baseline, and its gain stages. */
export function baselineOf(
  { seed, noise, shift, lit }: WholeGolden['baseline'][number],
  pixels = 16384,
): { data: Float32Array; stages: Uint8Array } {
  const u = Array.from({ length: 6 }, (_, k) => uniform(seed + k, pixels))
  const stages = Uint8Array.from(u[5]!, v => Number(v > 0.98))
  const data = Float32Array.from({ length: pixels }, (_, p) => {
    if (stages[p] === 1) return -300 * u[4]![p]!
    const d = (u[0]![p]! + u[1]![p]! + u[2]![p]! + u[3]![p]! - 2) * noise * Math.sqrt(3) + shift
    return u[4]![p]! < lit ? d + 65 * Math.floor(1 + 6 * u[5]![p]!) : d
  })
  return { data, stages }
}

/** The values of a case of the photons, ADU; `energy` as the script has it. */
export function valuesOf({ seed, photon }: { seed: number; photon: number }, energy: number): Float32Array {
  const d = Float32Array.from(uniform(seed, 2000), v => v * 40 * energy - 3 * energy)
  d.set([NaN, Infinity, -Infinity, 0, -0, 1e7, -1e7, 1.5e7, 9e6, 0.5 * photon, 1.5 * photon, 2 * photon])
  return d
}

/** Samples of the case of zero-std: `[train][pixel]`. */
export function samplesOf({ seed, still }: WholeGolden['still']): Uint16Array[] {
  const pixels = still.length
  const u = uniform(seed, 5 * pixels)
  return Array.from({ length: 5 }, (_, train) =>
    Uint16Array.from({ length: pixels }, (_, p) => {
      if (train === 4 && p === 14) return 4322
      return p % 7 === 0 ? 4321 : 5000 + Math.floor(3 * u[train * pixels + p]!)
    }),
  )
}

/** The masks of a case of noisy-adc: 128 × 128. */
export function masksOf({ seed, share }: WholeGolden['noisy'][number]): Uint32Array {
  const u = uniform(seed, 4 * 4096)
  const limits = [share - 0.02, share + 0.02, 0, 1]
  const masks = new Uint32Array(128 * 128)
  for (let i = 0; i < u.length; i++) {
    const [block, p] = [i >> 12, i & 4095]
    const noisy = u[i]! < limits[block]! || (block === 2 && p < share * 4096)
    masks[((block >> 1) * 64 + (p >> 6)) * 128 + (block & 1) * 64 + (p & 63)] = noisy ? 0b110 : 0b100
  }
  return masks
}
