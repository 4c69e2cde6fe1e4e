// Every kernel of every detector, in one WebAssembly module over an imported shared memory (a lane).
export { agipdAdaptive, agipdAdaptiveGain, agipdFixed, agipdFixedGain } from './agipd'
export { layoutVersion } from './table'
