import { readFileSync } from 'node:fs'

/** The version of package.json, which stands two folders above `dist/src/cli`. */
export const VERSION: string = (
  JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }
).version
