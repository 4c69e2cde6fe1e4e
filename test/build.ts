import { execSync } from 'node:child_process'

/** Builds `dist/` once before all tests: worker threads, kernels and the command line run from there. */
export default function build(): void {
  execSync('npm run -s build', { stdio: 'inherit' })
}
