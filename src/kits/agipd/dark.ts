import { type DarkRecipe, WHOLE_WORD } from '../../../constants/dark/recipe.js'

/** The second raw plane is the raw gain, a level that rises from high to low. */
export const AGIPD_DARK: DarkRecipe = {
  stages: ['high', 'medium', 'low'],
  signal: WHOLE_WORD,
  gain: { ...WHOLE_WORD, plane: 1, tells: 'level' },
  thresholds: true,
  limits: {
    offsetSigma: 3,
    offsetHard: [
      [3000, 7000],
      [6000, 10_000],
      [6000, 10_000],
    ],
    noiseSigma: 5,
    noiseHard: [
      [4, 20],
      [4, 20],
      [4, 20],
    ],
    gainSeparation: 5,
  },
  conditions: { 'Pixels X': 512, 'Pixels Y': 128 },
}
