import { textOption } from './options.js'

/** Every command that opens a queue names it so. */
export const queueOption = {
  ...textOption('SQLite file of the queue, on a disk of this host'),
  demandOption: true,
} as const
