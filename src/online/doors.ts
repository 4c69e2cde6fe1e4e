import { type CurveKeys, readCurveKeys, serverKeyOf } from '../bridge/curve-keys.js'
import { openToOthers } from '../bridge/endpoint.js'
import { Incidents } from './incidents.js'
import type { Incident } from './live.js'
import { Publisher } from './publisher.js'
import type { CheckedServeRequest } from './request.js'

type DoorsRequest = Pick<
  CheckedServeRequest,
  'sources' | 'publish' | 'publishSocket' | 'protocol' | 'whenFull' | 'curveKeys'
>

/** Where a service's trains go out, and the keys by which they come in. */
export interface Doors {
  readonly publisher: Publisher
  readonly keys: CurveKeys | undefined
}

/**
 * Opens where a service publishes.
 * @param incidents told of what other machines may read, of sources that are read without keys though there are some, and of clients
 * that are refused.
 * @throws UsageError for an endpoint or a file of keys that cannot be.
 */
export async function openDoors(request: DoorsRequest, incidents: Incidents): Promise<Doors> {
  const open = openToOthers(request.publish, '--publish')
  const keys = request.curveKeys === undefined ? undefined : await readCurveKeys(request.curveKeys)
  const publisher = await Publisher.bind({
    ...{ endpoints: request.publish, socket: request.publishSocket },
    ...{ version: request.protocol, whenFull: request.whenFull },
    ...(keys && {
      security: {
        keys,
        onRefused: (address: string, key: string) =>
          incidents.add('output', `a client at ${address} was refused: ${key} is not among the clients`),
      },
    }),
  })
  if (keys === undefined && open !== undefined) incidents.add('output', `${open}, or give --curve-keys`)
  for (const endpoint of keys ? request.sources : [])
    if (keys && serverKeyOf(keys, endpoint) === undefined)
      incidents.add(
        'source',
        `${endpoint} is read in the clear: the file of keys has none of it among its servers`,
      )
  return { publisher, keys }
}

/**
 * Opens where a service publishes, and starts it behind that; what could not start leaves nothing open.
 * @throws as {@link openDoors}, and as `start`.
 */
export async function behindDoors<T>(
  request: DoorsRequest,
  onIncident: (incident: Incident) => void,
  start: (opened: { readonly doors: Doors; readonly incidents: Incidents }) => T | Promise<T>,
): Promise<T> {
  const incidents = new Incidents(onIncident)
  const doors = await openDoors(request, incidents)
  try {
    return await start({ doors, incidents })
  } catch (error) {
    await doors.publisher.close(0)
    throw error
  }
}
