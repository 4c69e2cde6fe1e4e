import type { CommandModule } from 'yargs'

type Command = CommandModule<object, never>

/** Every command, in the order of a user's day; each is imported only when it is needed. */
const LOADERS: Readonly<Record<string, () => Promise<object>>> = {
  simulate: async () => (await import('./simulate.js')).simulateCommand,
  dark: async () => (await import('./dark.js')).darkCommand,
  correct: async () => (await import('./correct.js')).correctCommand,
  reproduce: async () => (await import('./reproduce.js')).reproduceCommand,
  explain: async () => (await import('./explain.js')).explainCommand,
  serve: async () => (await import('./serve.js')).serveCommand,
  jobs: async () => (await import('./jobs.js')).jobsCommand,
  combine: async () => (await import('./combine.js')).combineCommand,
  keys: async () => (await import('./keys.js')).keysCommand,
  inspect: async () => (await import('./inspect.js')).inspectCommand,
  replay: async () => (await import('./replay.js')).replayCommand,
  preview: async () => (await import('./preview.js')).previewCommand,
  validate: async () => (await import('./validate.js')).validateCommand,
  constants: async () => (await import('./constants.js')).constantsCommand,
  geometry: async () => (await import('./geometry.js')).geometryCommand,
  devices: async () => (await import('./devices.js')).devicesCommand,
  bench: async () => (await import('./bench.js')).benchCommand,
}

/** The command called `name`; all of them if there is none, for the help and for suggestions, but not for the version. */
export async function commandsFor(name: string | undefined): Promise<Command[]> {
  if (name === '--version') return []
  const loader = name !== undefined && Object.hasOwn(LOADERS, name) ? LOADERS[name] : undefined
  const loaded = await Promise.all(loader ? [loader()] : Object.values(LOADERS).map(load => load()))
  return loaded as Command[]
}
