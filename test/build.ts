import { execSync } from 'node:child_process'

/**
 * Builds `dist/` once before all tests: worker threads, kernels and the command line run from there. With `DETCAL_BUILT`
 * set, what lies there is tested: CI runs two suites at once, and neither may build under the other.
 */
export default function build(): void {
  if (process.env['DETCAL_BUILT'] === undefined) execSync('npm run -s build', { stdio: 'inherit' })
}
