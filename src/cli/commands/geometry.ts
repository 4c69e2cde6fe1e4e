import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { writeWhole } from '../../files/publish.js'
import { software } from '../../files/version.js'
import { crystfelText } from '../../geometry/crystfel-text.js'
import { snap } from '../../geometry/snap.js'
import { geometryOf } from '../../kits/geometry-of.js'
import { kitOf } from '../../kits/index.js'
import {
  DETECTOR_OPTION,
  GEOMETRY_OPTIONS,
  type GeometryArguments,
  requireEnding,
} from '../geometry-options.js'
import { printJson } from '../output.js'

interface LutOptions extends GeometryArguments {
  readonly detector: string
  readonly json: boolean
}

interface WriteOptions extends GeometryArguments {
  readonly detector: string
  readonly out: string
}

/** `detcal geometry lut`: the look-up table of the assembled image, as a hash that other programs can be compared by. */
const lutCommand: CommandModule<object, LutOptions> = {
  command: 'lut',
  describe: 'size, centre and hash of the table that says which pixel goes where in an image',
  builder: (yargs: Argv) =>
    yargs
      .options({
        detector: DETECTOR_OPTION,
        ...GEOMETRY_OPTIONS,
        json: { type: 'boolean', default: false, describe: 'print JSON' },
      })
      .epilogue(
        'The hash is SHA-256 of i32, little-endian, [y][x], row 0 the lowest y: 0 a gap, else 1 + index into\n[module][slow scan][fast scan]. EXtra-geom’s position_modules puts pixels in the same places.',
      )
      .example(
        '$0 geometry lut --detector agipd1m --geometry agipd.geom --json',
        'of a CrystFEL geometry',
      ) as unknown as Argv<LutOptions>,
  handler: async (args: ArgumentsCamelCase<LutOptions>) => {
    const { height, width, centre, pixels } = snap(await geometryOf(kitOf({ id: args.detector }), args))
    const sha256 = createHash('sha256').update(new Uint8Array(pixels.buffer)).digest('hex')
    if (args.json) printJson({ shape: [height, width], centre, sha256 })
    else
      process.stdout.write(
        `image   ${height} × ${width} pixels (y, x)\ncentre  ${centre.join(', ')}\nsha256  ${sha256}\n`,
      )
  },
}

/** `detcal geometry write`: a CrystFEL geometry. */
const writeCommand: CommandModule<object, WriteOptions> = {
  command: 'write',
  describe: 'write a CrystFEL geometry for the combined file',
  builder: (yargs: Argv) =>
    yargs
      .options({
        detector: DETECTOR_OPTION,
        ...GEOMETRY_OPTIONS,
        out: { type: 'string', demandOption: true, describe: 'CrystFEL geometry: FILE.geom' },
      })
      .example(
        '$0 geometry write --detector lpd1m --geometry lpd.h5 --quad-positions "11.4,299 -11.5,8 254.5,-16 278.5,275" --out lpd.geom',
        'from measured tiles',
      ) as unknown as Argv<WriteOptions>,
  handler: async (args: ArgumentsCamelCase<WriteOptions>) => {
    requireEnding(args.out, '.geom')
    const kit = kitOf({ id: args.detector })
    const geometry = await geometryOf(kit, args)
    const text = crystfelText(geometry, kit.detector.name, software())
    await writeWhole(args.out, part => writeFileSync(part, text))
    process.stdout.write(`${geometry.tiles.length} panels of ${kit.detector.name}: ${args.out}\n`)
  },
}

/** `detcal geometry`: where pixels are. */
export const geometryCommand: CommandModule = {
  command: 'geometry',
  describe: 'where pixels are: look-up table of the image, CrystFEL geometry',
  builder: (yargs: Argv) =>
    yargs
      .command(lutCommand)
      .command(writeCommand)
      .demandCommand(1, 'name what to do with the geometry: lut or write'),
  // Never reached: demandCommand refuses a command without an action.
  handler: () => {},
}
