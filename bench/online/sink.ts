import { BridgeClient } from '../../src/bridge/client.js'

/**
 * Pulls messages from an endpoint and throws them away: `sink.js ENDPOINT SKIPPED COUNTED`. Says when it begins to count;
 * prints the ns since then, and bytes, as JSON.
 */
const [endpoint = '', skipped = '0', counted = '0'] = process.argv.slice(2)
const client = BridgeClient.connect(endpoint, 'PULL')
let start = process.hrtime.bigint()
let bytes = 0
for (let i = 0; i < Number(skipped) + Number(counted); i++) {
  if (i === Number(skipped)) {
    start = process.hrtime.bigint()
    process.stdout.write('counting\n')
  }
  const frames = await client.next()
  if (frames === undefined) break
  if (i >= Number(skipped)) bytes += frames.reduce((sum, { byteLength }) => sum + byteLength, 0)
}
process.stdout.write(`${JSON.stringify({ ns: Number(process.hrtime.bigint() - start), bytes })}\n`)
client.close()
