// Every kernel of every detector, in one WebAssembly module over an imported shared memory (a lane).
export { agipdAdaptive, agipdAdaptiveGain } from './agipd'
export { agipdFixed, agipdFixedGain } from './agipd-fixed'
export { deflateRuns } from './deflate'
export { layoutVersion } from './table'
export { agipdThresholds } from './thresholds'
export { fill32, gather32, gatherF64, orF64, orU32, orU64 } from './transpose'
