/** The oldest Node.js that runs detcal, as package.json has it. */
const NEEDED = [20, 19] as const

/** What there is to say where `version`, as in 18.20.4, is too old; undefined: it is not. */
export function outdatedNode(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [needed, needsMinor] = NEEDED
  if (major > needed || (major === needed && minor >= needsMinor)) return undefined
  return `Node.js ${version} is too old, ${needed}.${needsMinor} or later is needed. Install it from https://nodejs.org.`
}
