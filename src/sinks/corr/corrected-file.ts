import type { Recast } from '../../corrections/finishing.js'
import { pixelsOf } from '../../detectors/detector.js'
import type { ExdfDataset, ExdfGroup, NewExdf } from '../../exdf/description.js'
import { instrumentPath, XTDF_GROUPS } from '../../exdf/euxfel-layout.js'
import { type ExdfMetadata, readExdf } from '../../exdf/file.js'
import { copyRows } from '../../exdf/rows.js'
import { writeExdf } from '../../exdf/writer.js'
import type { OutputFolder } from '../../files/output-folder.js'
import { type Hdf5File, requireDataset } from '../../hdf5/index.js'
import type { JoinedFile } from '../../sources/run/join.js'
import type { PulseTable } from '../../sources/run/pulse-table.js'
import { positionsList } from '../../sources/run/query.js'
import type { Run } from '../../sources/run/run.js'
import { unitAttributes } from '../image/data-unit.js'
import { ImageOutput } from '../image/image-output.js'
import { type ModuleProvenance, type Provenance, provenanceAttributes } from '../metadata/provenance.js'
import { idColumns, litpxGroup, pulseColumns } from './frame-columns.js'
import { cellDatasets, type SparseDescription, sparseGroups } from './sparse-groups.js'

/** What one CORR file is made of. */
export interface CorrectedDescription {
  readonly joined: JoinedFile
  readonly run: Run
  readonly software: Provenance
  readonly module: ModuleProvenance
  /** Element type of whole photons, which are deflated; absent: f32 that are not. */
  readonly recast?: Recast
  /** Whether there is a baseline shift of each frame, `image/blShift`. */
  readonly shifts: boolean
  /** What it tells of the X-ray pulses of each frame; absent: nothing. */
  readonly pulses?: PulseTable
  /** Whether it has the index group `litpx`. */
  readonly litpx?: boolean
  /** Its sparse lists; absent: there are none. */
  readonly sparse?: SparseDescription
}

/** Path of an index group of the source of a CORR file. */
export function correctedGroup(run: Run, joined: JoinedFile, group: string): string {
  return instrumentPath(sourceOfCorrected(run, joined), group)
}

/**
 * Declares one CORR file under a temporary name, with everything but image chunks in it: modern source name with legacy
 * links, image data f32 and uncompressed, gain u8 and mask u32 deflated, one frame a chunk, ids 1-D, header, detector and
 * trailer copied, INDEX unpadded.
 * @throws DataError if the RAW file lacks what is copied. @throws OutputError
 */
export function createCorrected(
  folder: OutputFolder,
  final: string,
  description: CorrectedDescription,
): Promise<ImageOutput> {
  const { joined, run, sparse, recast, shifts } = description
  const image = correctedGroup(run, joined, 'image')
  const datasets = {
    ...{ data: `${image}/data`, gain: `${image}/gain`, mask: `${image}/mask` },
    // Its frames are those of the dense arrays.
    ...(shifts && sparse?.dense !== false && { shift: `${image}/blShift` }),
  }
  const dataBytes = recast ? 0 : pixelsOf(run.detector) * 4
  const chunks = sparse?.dense === false ? 0 : joined.frames
  const layout = { datasets, chunks, dataBytes, missing: 'refused' } as const
  return ImageOutput.create(folder, final, layout, async part => {
    const { path, facts } = joined.file
    writeExdf(part, await readExdf(path, raw => describe(raw.file, raw.metadata, description), facts))
  })
}

/** `SPB_DET_AGIPD1M-1/CORR/3CH0:output`. */
export function sourceOfCorrected(run: Run, joined: JoinedFile): string {
  return `${run.karaboId}/CORR/${joined.module}CH0:output`
}

function describe(raw: Hdf5File, metadata: ExdfMetadata, description: CorrectedDescription): NewExdf {
  const { joined, run, software, module, litpx = false, sparse } = description
  const { file, trains } = joined
  const source = sourceOfCorrected(run, joined)
  const now = new Date(software.created)
  return {
    version: '1.2',
    growable: false,
    metadata: {
      proposalNumber: metadata.proposal ?? run.proposal ?? 0,
      runNumber: metadata.run ?? run.run ?? 0,
      sequenceNumber: metadata.sequence ?? file.sequence,
      runType: metadata.runType ?? '',
      sample: metadata.sample ?? '',
      daqLibrary: metadata.daqLibrary ?? '',
      karaboFramework: metadata.karaboFramework ?? '',
      creationDate: metadata.creationDate ?? now,
      updateDate: now,
    },
    trains: {
      trainIds: trains.map(({ trainId }) => trainId),
      ...(trains.some(({ entry }) => entry?.stray) && { disordered: true }),
      flags: trains.map(({ entry }) => entry?.flag ?? 1),
      timestamps: trains.map(({ entry }) => entry?.timestamp ?? 0n),
      origins: trains.map(({ entry }) => entry?.origin ?? -1),
    },
    sources: [
      {
        name: source,
        groups: {
          image: imageGroup(raw, description),
          ...copiedGroups(raw, joined),
          ...(litpx && { litpx: litpxGroup(joined) }),
          ...(sparse && sparseGroups(joined, sparse)),
        },
      },
    ],
    aliases: [{ from: file.source, to: source }],
    ...(sparse && { besides: cellDatasets(sparse, run.detector) }),
    attributes: {
      '/': provenanceAttributes(software, module),
      ...(sparse?.dense !== false && {
        [`${instrumentPath(source, 'image')}/data`]: unitAttributes(module.steps),
      }),
    },
  }
}

function imageGroup(
  raw: Hdf5File,
  { joined, run, pulses, sparse, recast, shifts }: CorrectedDescription,
): ExdfGroup {
  const { file, trains, frames } = joined
  const { slowScan, fastScan } = run.detector
  const rows = trains.flatMap(train => positionsList(train.rows))
  const shape = [frames, slowScan, fastScan]
  const chunk = [1, slowScan, fastScan]
  return {
    counts: trains.map(train => train.rows.count),
    datasets: [
      ...(sparse?.dense === false
        ? []
        : ([
            {
              ...{ name: 'data', dtype: recast ?? 'f4', shape, chunk },
              ...(recast && { deflate: 1, shuffle: true }),
            },
            { name: 'gain', dtype: 'u1', shape, chunk, deflate: 1 },
            { name: 'mask', dtype: 'u4', shape, chunk, deflate: 1 },
          ] as const)),
      ...(shifts && sparse?.dense !== false
        ? [{ name: 'blShift', dtype: 'f4', shape: [frames], chunk: [Math.max(1, frames)] } as const]
        : []),
      ...idColumns(joined),
      ...(pulses ? pulseColumns(joined, pulses) : []),
      ...copiedOf(raw, file, 'image', rows),
    ],
  }
}

/** header, detector and trailer: whichever the RAW file has, one row a train as far as it has them. */
function copiedGroups(raw: Hdf5File, { file, trains }: JoinedFile): Record<string, ExdfGroup> {
  const groups: Record<string, ExdfGroup> = {}
  for (const group of XTDF_GROUPS.filter(name => name !== 'image')) {
    const ranges = trains.map(({ entry }) => entry?.groups[group] ?? { first: 0, count: 0 })
    const rows = ranges.flatMap(({ first, count }) => Array.from({ length: count }, (_, i) => first + i))
    const datasets = copiedOf(raw, file, group, rows)
    if (datasets.length > 0) groups[group] = { counts: ranges.map(({ count }) => count), datasets }
  }
  return groups
}

function copiedOf(
  raw: Hdf5File,
  file: JoinedFile['file'],
  group: string,
  rows: readonly number[],
): ExdfDataset[] {
  return file.copied
    .filter(path => path.startsWith(`${group}/`))
    .map(path => {
      const dataset = requireDataset(raw, `${instrumentPath(file.source)}/${path}`)
      return { name: path.slice(group.length + 1), ...copyRows(dataset, rows) }
    })
}
