import { asOutputError, writing } from '../../files/errors.js'
import type { OutputFolder } from '../../files/output-folder.js'
import { type ImageDatasets, ImageFile } from './image-file.js'

/** The image chunks of a file that is to be made. */
export interface ImageLayout {
  readonly datasets: ImageDatasets
  readonly chunks: number
  /** Bytes of data a chunk; 0: they are deflated. */
  readonly dataBytes: number
  /** What becomes of chunks that nobody writes, as {@link ImageFile.writeIndices} takes it. */
  readonly missing: 'refused' | 'filled'
}

/** An image file of an output folder, under a temporary name until it is whole: a CORR file or the combined one. */
export class ImageOutput {
  readonly images: ImageFile
  readonly #folder: OutputFolder
  readonly #final: string
  readonly #part: string
  readonly #missing: ImageLayout['missing']

  private constructor(folder: OutputFolder, final: string, part: string, layout: ImageLayout) {
    const { datasets, chunks, dataBytes, missing } = layout
    this.images = ImageFile.open(part, final, datasets, chunks, dataBytes)
    this.#folder = folder
    this.#final = final
    this.#part = part
    this.#missing = missing
  }

  /**
   * @param declare writes the file under a temporary name, with everything but image chunks in it.
   * @throws OutputError, and whatever `declare` throws.
   */
  static async create(
    folder: OutputFolder,
    final: string,
    layout: ImageLayout,
    declare: (part: string) => void | Promise<void>,
  ): Promise<ImageOutput> {
    const part = folder.part(final)
    try {
      await declare(part)
      return new ImageOutput(folder, final, part, layout)
    } catch (error) {
      folder.discard(part)
      throw asOutputError(error, final)
    }
  }

  /** Writes the chunk indices and gives the file its name. @throws OutputError */
  async finish(): Promise<void> {
    writing(this.#final, () => this.images.writeIndices(this.#missing))
    await this.#folder.publish(this.#part, this.#final, this.images.release())
  }

  /** Gives the file up. */
  discard(): void {
    this.images.abandon()
    this.#folder.discard(this.#part)
  }
}
