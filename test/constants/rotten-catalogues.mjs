// Spoils bytes of copies of a catalogue, one a copy, and asks each for all it knows, from a process of its own, since
// SQLite's library may end it: rotten-catalogues.mjs <folder> <file ends with> <seed> <count>. Prints a line a copy:
// `<file> <byte> <xor> equal`, `different`, or `error <message>`; the first copy is as it was (xor 0). What is asked first goes out before it is asked.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { SqliteCatalogue } from '../../dist/constants/catalogue/sqlite-catalogue.js'
import { AGIPD_1M } from '../../dist/src/kits/agipd/record.js'
import { isDetcalError } from '../../dist/src/model/errors.js'

const [folder, end, seed, count] = process.argv.slice(2)
const CALIBRATIONS = AGIPD_1M.calibrations.map(({ name }) => name)
const TIMES = [1, 2, 3].map(n => new Date(1.7e12 + n * 1e7))

/** A catalogue of four modules that no file belongs to; its log is still there where one is to be spoilt. */
function make(root) {
  const catalogue = SqliteCatalogue.open(root, 'write')
  let hash = 0
  for (const beginAt of TIMES) {
    catalogue.transaction(() => {
      for (const module of [0, 1, 2, 3]) {
        const pdu = `PDU_${(module + TIMES.indexOf(beginAt)) % 4}`
        catalogue.place({ detector: 'SPB_DET_AGIPD1M-1', module, beginAt, pdu })
        for (const calibration of CALIBRATIONS)
          catalogue.insert(
            {
              ...{ calibration, detectorType: AGIPD_1M.type, pdu, file: 'xfel/cal/a.h5', beginAt, size: 1 },
              ...{ dataset: `/${pdu}/${calibration}/0`, shape: [128, 512, 1, 3], dtype: 'f4' },
              // Longer than a page now and then.
              conditions: { 'Memory cells': 1, 'Cell order': '0,'.repeat(module === 0 ? 2500 : 1) },
              dims: ['fast_scan', 'slow_scan', 'cell', 'gain'],
              sha256: String(hash++).padStart(64, '0'),
              rawData: undefined,
            },
            new Uint8Array(64).fill(hash),
          )
      }
    })
  }
  return catalogue
}

function mulberry(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** All that can be asked, as text; times of entering are those of the copy. */
async function ask(root) {
  const catalogue = SqliteCatalogue.open(root)
  try {
    const found = await catalogue.find({
      ...{ detector: AGIPD_1M, karaboId: 'SPB_DET_AGIPD1M-1', modules: [0, 1, 2, 3] },
      ...{ calibrations: CALIBRATIONS, conditions: {}, at: new Date(1.7e12 + 2.1e7), strategy: 'closest' },
    })
    const constants = [...found].map(([module, { pdu, constants }]) => [module, pdu, ...constants.values()])
    // What is loaded is verified either way.
    const said = (key, value) => (key === 'checksums' || key === 'path' ? undefined : value)
    return JSON.stringify([constants, catalogue.list(), catalogue.placements()], said)
  } finally {
    catalogue.close()
  }
}

const whole = join(folder, 'whole')
const open = make(whole)
if (end === '.sqlite') open.close()
const names = readdirSync(whole).filter(name => name.startsWith('catalogue.sqlite'))
const contents = new Map(names.map(name => [name, readFileSync(join(whole, name))]))
const expected = await ask(whole)
const spoilt = names.find(name => name.endsWith(end))
const random = mulberry(Number(seed))
for (let i = 0; i < Number(count); i++) {
  const root = join(folder, `copy-${i}`)
  mkdirSync(root)
  for (const name of names) copyFileSync(join(whole, name), join(root, name))
  const bytes = Buffer.from(contents.get(spoilt))
  // Structure is at the beginning of pages, and dense in the first.
  const page = Math.floor((random() * bytes.length) / 4096) * 4096
  const at = Math.min(
    bytes.length - 1,
    i % 2 ? Math.floor(random() * bytes.length) : (i % 4 ? page : 0) + Math.floor(random() * 120),
  )
  const xor = i === 0 ? 0 : 1 + Math.floor(random() * 255)
  bytes[at] ^= xor
  writeFileSync(join(root, spoilt), bytes)
  writeSync(1, `${spoilt} ${at} ${xor} `)
  try {
    writeSync(1, (await ask(root)) === expected ? 'equal\n' : 'different\n')
  } catch (error) {
    writeSync(1, isDetcalError(error) ? `error ${error.line}\n` : `error unnamed ${error}\n`)
  }
  rmSync(root, { recursive: true })
}
