import { type DarkRecipe, WHOLE_WORD } from '../../../constants/dark/recipe.js'

/** Twelve bits are the signal, the two above them the number of the gain stage. */
export const LPD_DARK: DarkRecipe = {
  stages: ['high', 'medium', 'low'],
  signal: { ...WHOLE_WORD, bits: 0xfff },
  gain: { ...WHOLE_WORD, shift: 12, bits: 3, tells: 'stage' },
  thresholds: false,
  limits: {
    offsetSigma: 3,
    offsetHard: [
      [400, 1500],
      [400, 1500],
      [400, 1500],
    ],
    noiseSigma: 7,
    noiseHard: [
      [1, 35],
      [1, 35],
      [1, 35],
    ],
    gainSeparation: 0,
  },
  conditions: { 'Pixels X': 256, 'Pixels Y': 256 },
}
