import { createRequire } from 'node:module'

/** The version of package.json. */
export const VERSION: string = (createRequire(import.meta.url)('#package') as { version: string }).version
