import { closeSync, openSync } from 'node:fs'
import { rawFrameBytes } from '../detectors/detector.js'
import { instrumentPath } from '../exdf/euxfel-layout.js'
import { writeExdf } from '../exdf/writer.js'
import type { DetectorKit } from '../kits/kit.js'
import type { GainStage, ModuleIndex } from '../model/ids.js'
import { reserveChunks, writeAt } from './chunk-file.js'
import { addedTo } from './disturbance.js'
import { type CellModel, modelCell, simulateFrame } from './frame.js'
import { pulseIntensity } from './light.js'
import { type ModuleModel, STAGES } from './model/module-model.js'
import { isLit, rawFramesOf, type SimulationOptions } from './model/options.js'
import { keyOf } from './model/random.js'
import type { Sequence } from './model/timeline.js'
import { patternOf } from './pattern.js'
import { classShift } from './poisson.js'
import { describeRaw, rawSource } from './raw-description.js'
import type { TruthTarget } from './truth.js'

/** One RAW file to be simulated. */
export interface RawFileTask {
  readonly options: SimulationOptions
  readonly module: ModuleIndex
  readonly sequence: Sequence
  readonly path: string
  readonly truth?: TruthTarget
}

/**
 * Simulates one module's frames of one sequence and writes them to `path`, cell by cell, so that a cell's model is made
 * once. The order in which frames are simulated does not affect the result.
 * @throws OutputError
 */
export async function writeRawFile(task: RawFileTask, kit: DetectorKit, model: ModuleModel): Promise<void> {
  const { options, module, sequence, path, truth } = task
  const { detector, cells, trainsPerFile } = options
  const rawFrames = rawFramesOf(options)
  writeExdf(path, describeRaw(options, module, sequence))
  const [images] = reserveChunks(path, [
    {
      path: `${instrumentPath(rawSource(options, module), 'image')}/data`,
      chunks: sequence.trainIds.length * rawFrames * cells,
      chunkBytes: rawFrameBytes(detector),
    },
  ])
  if (images === undefined) return

  const classes = patternOf(kit, module)
  const raw = new Uint16Array(images.chunkBytes / 2)
  const fd = openSync(path, 'r+')
  const truthFile = truth && openTruth(truth, model)
  try {
    for (let cell = 0; cell < cells; cell++) {
      const cellModel = modelCell(model, cell)
      if (sequence.number === 0) truthFile?.writeCell(cell, cellModel)
      for (const [train, trainId] of sequence.trainIds.entries()) {
        for (const stage of STAGES.slice(0, rawFrames)) {
          const place = { module, trainId, cell, classes, ...(rawFrames > 1 ? { stage } : {}) }
          simulateRow(cellModel, options, place, raw, stage === 0 ? truthFile?.frame : undefined)
          const row = (train * rawFrames + stage) * cells + cell
          writeAt(fd, path, raw, images.address + row * images.chunkBytes)
        }
        truthFile?.writeFrame((sequence.number * trainsPerFile + train) * cells + cell)
      }
    }
  } finally {
    closeSync(fd)
    truthFile?.close()
  }
}

/** Which frame of a run. */
export interface FramePlace {
  readonly module: ModuleIndex
  readonly trainId: number
  readonly cell: number
  /** {@link patternOf} the module. */
  readonly classes: Uint16Array
  /** In parallel gain: the stage that the pulse is stored in. */
  readonly stage?: GainStage
}

/** Simulates the frame at `place` by itself: its numbers depend only on the options and the place. */
export function simulateRow(
  cellModel: CellModel,
  options: SimulationOptions,
  { module, trainId, cell, classes, stage: parallel }: FramePlace,
  raw: Uint16Array,
  truth?: Parameters<typeof simulateFrame>[5],
): void {
  const { seed, run, kind, switched, stage } = options
  const light =
    kind === 'dark' || !isLit(options, cell)
      ? undefined
      : {
          classes,
          shift: classShift(pulseIntensity(options, trainId, cell)),
          reflections: switched,
          key: keyOf(seed, 'photons', run, module, trainId, cell),
        }
  // The same photons in every stage, each with its own noise.
  const own = parallel === undefined ? [] : [parallel]
  const electronics = keyOf(seed, 'electronics', run, module, trainId, cell, ...own)
  const added = addedTo(options, { module, trainId, cell })
  simulateFrame(cellModel, light, parallel ?? stage, electronics, raw, truth, added)
}

function openTruth(target: TruthTarget, model: ModuleModel) {
  const { file, photons, stages, offsets, photonGains } = target
  const fd = openSync(file, 'r+')
  const frame = { photons: new Uint16Array(model.pixels), stages: new Uint8Array(model.pixels) }
  return {
    frame,
    writeFrame(number: number): void {
      writeAt(fd, file, frame.photons, photons.address + number * photons.chunkBytes)
      writeAt(fd, file, frame.stages, stages.address + number * stages.chunkBytes)
    },
    writeCell(cell: number, cellModel: CellModel): void {
      for (const [stage, offset] of cellModel.offsets.entries())
        writeAt(fd, file, offset, offsets.address + (3 * cell + stage) * offsets.chunkBytes)
      writeAt(fd, file, cellModel.photonGains, photonGains.address + cell * photonGains.chunkBytes)
    },
    close: () => closeSync(fd),
  }
}
