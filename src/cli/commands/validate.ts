import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { UsageError } from '../../model/errors.js'
import { CHECKS, checksWithout } from '../../validation/checks/index.js'
import { validate } from '../../validation/validate.js'
import { EXIT, endWith, exitCodeOf, interruptible } from '../exit.js'
import { flagOption, listOption, textOption } from '../options.js'
import { printJson } from '../output.js'
import { table } from '../table.js'
import { validationText } from '../validate-report.js'

interface ValidateOptions {
  readonly path: string | undefined
  readonly skip: readonly string[]
  readonly list: boolean
  readonly json: boolean
}

/** `detcal validate`: checks that a run, RAW or corrected, is what readers expect. */
export const validateCommand: CommandModule<object, ValidateOptions> = {
  command: 'validate [path]',
  describe: 'check the files of a run, RAW or corrected',
  builder: (yargs: Argv) =>
    yargs
      .positional('path', textOption('folder of the run, or one file'))
      .options({
        skip: listOption('name of a check to leave out'),
        list: { ...flagOption('list the checks'), alias: 'l' },
        json: flagOption('print the result as JSON'),
      })
      .example('$0 validate raw/r0001', 'exit code 1 if something is wrong')
      .example('$0 validate proc/r0001 --skip corr_values', 'all checks but one')
      .example('$0 validate --list', 'names and meaning of the checks') as unknown as Argv<ValidateOptions>,
  handler: async (args: ArgumentsCamelCase<ValidateOptions>) => {
    endWith({ code: await interruptible(signal => run(args, signal)) })
  },
}

async function run({ path, skip, list, json }: ValidateOptions, signal: AbortSignal): Promise<number> {
  if (list) {
    if (json) printJson(CHECKS.map(({ name, describe, scope }) => ({ name, describe, scope })))
    else
      process.stdout.write(
        table(
          ['check', 'finds'],
          CHECKS.map(({ name, describe }) => [name, describe]),
        ),
      )
    return EXIT.done
  }
  if (path === undefined)
    throw new UsageError('nothing to validate', { hint: 'Give the folder of a run, or a file' })
  const checks = checksWithout(skip)
  const { files, problems } = await validate(path, checks, { signal, onFile: showFile })
  if (json) printJson({ path, files, checks: checks.map(({ name }) => name), problems })
  else process.stdout.write(validationText(files, problems))
  return exitCodeOf(problems)
}

/** Progress, on a terminal only. */
function showFile(done: number, total: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${done + 1}/${total} files\r`)
}
