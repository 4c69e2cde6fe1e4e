import { isSystemError, systemText } from '../files/errors.js'
import { EXIT } from './exit.js'

/**
 * What cannot be printed is lost, and nothing else: a full log, a closed or a broken pipe never stop the work. Only
 * results that stdout does not take, other than by a reader that has seen enough (`detcal inspect | head`), are a
 * failure: one line on stderr, exit code 1.
 */
export function outliveStandardStreams(): void {
  process.stderr.on('error', () => {})
  process.stdout.on('error', error => {
    if (lost || (error as NodeJS.ErrnoException).code === 'EPIPE') return
    lost = true
    const reason = isSystemError(error) ? systemText(error) : error.message
    process.stderr.write(
      `detcal: standard output: ${reason}, so the result is printed in part or not at all\n`,
    )
    process.on('exit', code => {
      if (code === EXIT.done) process.exitCode = EXIT.problems
    })
  })
}
let lost = false
