#!/usr/bin/env node
import { outdatedNode } from './outdated-node.js'

// An old Node.js fails where it first meets what it does not know, in the middle of a library: so nothing is loaded before this.
const outdated = outdatedNode(process.versions.node)
if (outdated === undefined) void import('./start.js')
else {
  process.stderr.write(`detcal: ${outdated}\n`)
  process.exitCode = 2
}
