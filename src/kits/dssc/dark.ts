import { type DarkRecipe, WHOLE_WORD } from '../../../constants/dark/recipe.js'

/** One gain stage, of which a raw 0 stands for 256. */
export const DSSC_DARK: DarkRecipe = {
  stages: ['only'],
  signal: { ...WHOLE_WORD, zeroAs: 256 },
  thresholds: false,
  limits: {
    offsetSigma: 3,
    offsetHard: [[4, 125]],
    noiseSigma: 3,
    noiseHard: [[0.001, 3]],
    gainSeparation: 0,
  },
  conditions: { 'Pixels X': 512, 'Pixels Y': 128 },
}
