import type { Attributes } from '../../hdf5/create/attributes.js'

/**
 * Attributes of `image/data` that say what its numbers are: `units` as in NeXus and CXI, `unitSymbol` as Karabo writes it. Gain
 * factors have no unit, so that it is ADU until a step counts photons.
 */
export function unitAttributes(steps: readonly string[]): Attributes {
  const unit = steps.includes('round-photons') ? 'photons' : 'ADU'
  return { units: unit, unitSymbol: unit }
}
