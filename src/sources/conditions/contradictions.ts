import type { Problem } from '../../model/problem.js'
import { acquisitionRateOf, highestCellOf } from './frames.js'
import type { RunPart } from './reader.js'

/** Pulse ids give the rate to a tenth of a MHz, rounded down. */
const RATE_ERROR = 0.1

/**
 * Where the frames contradict the control data: cells beyond those in use, or pulses closer together than the rate allows.
 * Fewer cells and slower pulses are not a contradiction, since frames may have been left out.
 */
export function contradictions(
  run: RunPart,
  said: { readonly cells?: number | undefined; readonly rate?: number | undefined },
): Problem[] {
  const { cells, rate } = said
  const highest = cells ? highestCellOf(run) : undefined
  const shown = acquisitionRateOf(run)
  return [
    ...(cells && highest !== undefined && highest >= cells
      ? [contradiction('Memory cells', cells, `frames have cell ${highest}`)]
      : []),
    ...(rate && shown !== undefined && shown > rate + RATE_ERROR
      ? [contradiction('Acquisition rate', rate, `pulse ids show ${shown} MHz`)]
      : []),
  ]
}

function contradiction(name: string, said: number, shown: string): Problem {
  const message = `control data say ${name} ${said}, but ${shown}: ${said} is used. State --condition "${name}=VALUE" if it is wrong`
  return { check: 'conditions_agree', severity: 'warning', message, place: {} }
}
