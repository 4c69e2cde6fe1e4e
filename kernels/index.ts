// Every kernel of every detector, in one WebAssembly module over an imported shared memory (a lane).
export { agipdAdaptive, agipdAdaptiveGain, agipdAdaptiveGainListed, agipdAdaptiveListed } from './agipd'
export { agipdFixed, agipdFixedGain, agipdFixedGainListed, agipdFixedListed } from './agipd-fixed'
export {
  agipdFinish, agipdFinishListed, agipdFixedFinish, agipdFixedFinishListed, agipdFixedGainFinish,
  agipdFixedGainFinishListed, agipdGainFinish, agipdGainFinishListed,
} from './agipd-finish'
export { agipdFixedStages, agipdStages } from './agipd-stages'
export { checksum, checksumRuns } from './checksum'
export {
  commonModeImages, commonModeMeans, commonModeSubtract, commonModeSums, commonModeSweep,
} from './common-mode'
export { darkStatistics } from './dark'
export { countBits, markClose, markOutside } from './dark-evaluate'
export { darkMoments, darkSums } from './dark-moments'
export { addBlocks, countBlocks, countSteps } from './dark-preview'
export { deflateRuns } from './deflate'
export { dssc, dsscListed } from './dssc'
export { interleave } from './interleave'
export { lpd, lpdListed } from './lpd'
export { lpdParallel, lpdParallelListed } from './lpd-parallel'
export { nanWhere } from './nan-where'
export { markNoisy } from './noisy'
export { countBins, subtractValue } from './noise-peak'
export { spread } from './order'
export { deflateListed } from './deflate-listed'
export { shuffled } from './shuffle'
export { clearVaried } from './still'
export { layoutVersion } from './table'
export { countListed, countMasked, countStages } from './count-pixels'
export { agipdThresholds } from './thresholds'
export { uncorrected } from './uncorrected'
export { fill32, gather32, gatherF64, orF64, orU32, orU64, timesF32, timesF64 } from './transpose'
