import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { SqliteCatalogue } from '../../../constants/catalogue/sqlite-catalogue.js'
import { verifyCatalogue } from '../../../constants/catalogue/verify.js'
import { DETECTORS } from '../../kits/index.js'
import type { Problem } from '../../model/problem.js'
import { endWith, exitCodeOf } from '../exit.js'
import { flagOption, textOption } from '../options.js'
import { printJson } from '../output.js'

interface VerifyOptions {
  readonly catalogue: string
  readonly json: boolean
}

/** `detcal constants verify`: checks that files are unchanged and all values can be read. Exit code 1 if not. */
export const verifyCommand: CommandModule<object, VerifyOptions> = {
  command: 'verify',
  describe: 'check that every file is there and unchanged, and that a correction can read every value',
  builder: (yargs: Argv) =>
    yargs
      .options({
        catalogue: { ...textOption('folder of the catalogue'), demandOption: true },
        json: flagOption('print JSON on stdout'),
      })
      .example('$0 constants verify --catalogue cat', 'read and check all files'),
  handler: ({ catalogue: root, json }: ArgumentsCamelCase<VerifyOptions>) =>
    SqliteCatalogue.using(root, async catalogue => {
      const files = new Set<string>()
      const problems: Problem[] = []
      for await (const problem of verifyCatalogue(catalogue, DETECTORS, file => files.add(file)))
        problems.push(problem)
      const errors = problems.filter(({ severity }) => severity === 'error').length
      if (json) printJson({ files: files.size, problems })
      else
        process.stdout.write(
          `${problems.map(line).join('')}${files.size} files, ${errors} errors, ${problems.length - errors} warnings\n`,
        )
      endWith({ code: exitCodeOf(problems) })
    }),
}

function line({ check, severity, message, place }: Problem): string {
  const where = [place.file, place.dataset].filter(part => part !== undefined).join(', ')
  return `${severity}: ${where}: ${message} (${check})\n`
}
