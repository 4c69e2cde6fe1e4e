import { type DetcalError, isDetcalError } from '../../model/errors.js'
import { type SlurmCommands, slurmCommands } from './commands.js'
import { resourceArguments, type SlurmOptions } from './options.js'

/**
 * Asks Slurm whether it would take jobs as they are configured: a partition that does not exist is told when the service starts,
 * not when the first run has migrated. Nothing is submitted.
 * @param onTrouble told if Slurm does not answer: it may later, and the service waits for it.
 * @throws UsageError if Slurm refuses, or is not installed.
 */
export async function checkSlurm(
  slurm: SlurmOptions,
  onTrouble: (error: DetcalError) => void,
  commands: SlurmCommands = slurmCommands(slurm.timeout),
): Promise<void> {
  try {
    const script = { text: '#!/bin/sh\n', variables: {} }
    await commands.run('sbatch', ['--test-only', ...resourceArguments(slurm, 0)], script)
  } catch (error) {
    if (!isDetcalError(error, 'busy')) throw error
    onTrouble(error)
  }
}
