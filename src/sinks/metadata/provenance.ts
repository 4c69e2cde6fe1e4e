/** Where results come from, in short: attributes of every file that is written. */
export interface Provenance {
  /** `detcal 0.1.0+3f2a9c04d71e5b86`: version, and hash of the code. */
  readonly software: string
  /** ISO 8601, UTC. */
  readonly created: string
  /** The options that shaped the result, by their names on the command line. */
  readonly options: Readonly<Record<string, unknown>>
  /**
   * What else a repetition is told, by the same names: where the constants came from, for one. It is in the metadata file
   * alone, since the result does not depend on it: a repeated correction gives equal files.
   */
  readonly repeat?: Readonly<Record<string, unknown>>
}

/** The constants of one module as attributes tell them. */
export interface ModuleProvenance {
  readonly steps: readonly string[]
  readonly constants: Readonly<
    Record<string, { readonly file: string; readonly dataset: string; readonly sha256: string }>
  >
}

/**
 * Attributes of the root group; structured values as JSON. A CORR file says in METADATA/updateDate when it was made, so that all
 * attributes of equal files but the software are equal; a combined file, which has no METADATA, in an attribute.
 */
export function provenanceAttributes(
  provenance: Provenance,
  module?: ModuleProvenance,
): Record<string, string> {
  return {
    detcal_software: provenance.software,
    detcal_options: JSON.stringify(provenance.options),
    ...(module
      ? { detcal_steps: module.steps.join(','), detcal_constants: JSON.stringify(module.constants) }
      : { detcal_created: provenance.created }),
  }
}
