import { BridgeClient } from '../../src/bridge/client.js'
import { BridgeServer } from '../../src/bridge/server.js'

/** Passes messages on as they are: what a service that does nothing would do. `relay.js ENDPOINT`; says where it serves. */
const client = BridgeClient.connect(process.argv[2] ?? '', 'PULL')
const server = await BridgeServer.bind({ socket: 'PUSH', endpoint: 'tcp://127.0.0.1:*', whenFull: 'wait' })
process.stderr.write(`serving at ${server.endpoint}\n`)
process.on('SIGTERM', () => client.close())
for (let frames = await client.next(); frames !== undefined; frames = await client.next())
  await server.send(frames)
await server.close(0)
