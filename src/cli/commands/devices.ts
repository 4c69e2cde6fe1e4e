import type { Argv, CommandModule } from 'yargs'
import { admitDevice } from '../../device/door.js'
import { type DeviceRates, measureRates } from '../../device/rates.js'
import { DeviceRefusedError } from '../../device/refused.js'
import { adaptersOf, factsOf, reasonAgainstAdapter, webGpu } from '../../device/webgpu.js'
import type { AdapterFacts, SelfTest } from '../../engine/contract/device.js'
import { showBytes } from '../../engine/plan/budget.js'
import { EXIT, endWith } from '../exit.js'
import { printReport } from '../output.js'

interface DevicesArguments {
  json: boolean
}

/** An adapter as this command saw it: with what was measured, or the reason why it is not used. */
type SeenAdapter = AdapterFacts &
  ({ readonly selfTest: SelfTest; readonly rates: DeviceRates } | { readonly refused: string })

/** `detcal devices`: GPUs, whether they may be used, and how fast they are. */
export const devicesCommand: CommandModule<object, DevicesArguments> = {
  command: 'devices',
  describe: 'list GPUs for --device: limits, self-test, measured rates',
  builder: (yargs: Argv) =>
    yargs
      .option('json', { type: 'boolean', default: false, describe: 'print the result as JSON' })
      .example('$0 devices', 'which GPU --device gpu uses, or why none'),
  handler: async ({ json }) => {
    endWith({ code: await devices(json) })
  },
}

/** @returns the exit code: 1 where no device may be used. */
async function devices(json: boolean): Promise<number> {
  const adapters: SeenAdapter[] = []
  let problem: string | undefined
  try {
    for (const adapter of await adaptersOf(await webGpu())) adapters.push(await seen(adapter))
    if (adapters.length === 0) problem = 'there is no adapter: a GPU needs its driver with the Vulkan part'
  } catch (error) {
    if (!(error instanceof DeviceRefusedError)) throw error
    problem = error.hint === undefined ? error.message : `${error.message}. ${error.hint}.`
  }
  const text = problem === undefined ? adapters.map(described).join('\n') : `${problem}\n`
  printReport({ text, json: { adapters, ...(problem !== undefined && { problem }) } }, json)
  return adapters.some(adapter => 'rates' in adapter) ? EXIT.done : EXIT.problems
}

async function seen(adapter: GPUAdapter): Promise<SeenAdapter> {
  const facts = factsOf(adapter)
  const refused = reasonAgainstAdapter(facts)
  if (refused !== undefined) return { ...facts, refused }
  try {
    const open = await admitDevice(adapter)
    try {
      return { ...facts, selfTest: open.selfTest, rates: await measureRates(open) }
    } finally {
      open.corrector.close()
      await open.device.close()
    }
  } catch (error) {
    return { ...facts, refused: error instanceof Error ? error.message : String(error) }
  }
}

function described(adapter: SeenAdapter): string {
  const { name, vendor, architecture, software, limits } = adapter
  const { maxBufferSize, maxStorageBufferBindingSize } = limits
  const kind = [vendor, architecture, ...(software ? ['software'] : [])].filter(Boolean).join(', ')
  const lines = [
    `${name}${kind ? ` (${kind})` : ''}`,
    `  buffers of ${showBytes(maxBufferSize)}, of which a kernel sees ${showBytes(maxStorageBufferBindingSize)}`,
  ]
  if ('refused' in adapter) return [...lines, `  not used: ${adapter.refused}`, ''].join('\n')
  const { selfTest, rates } = adapter
  return [
    ...lines,
    `  self-test: ${selfTest.kernels} kernels give the bits of their definitions in ${selfTest.pixels} pixels (${selfTest.milliseconds.toFixed(0)} ms)`,
    `  copies: ${rates.upload.toFixed(2)} GB/s there, ${rates.download.toFixed(2)} GB/s back`,
    `  AGIPD, default chain: ${rates.corrected.toFixed(3)} ns a pixel with copies, ${rates.kernel.toFixed(3)} without (${rates.memory.toFixed(0)} GB/s of its memory)`,
    '',
  ].join('\n')
}
