import { Unsupported } from './errors.js'
import { Cursor, type FileView } from './file-view.js'

/** Message types that the direct reader looks at. */
export const MESSAGE = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  oldFillValue: 0x04,
  fillValue: 0x05,
  link: 0x06,
  externalFiles: 0x07,
  layout: 0x08,
  filters: 0x0b,
  continuation: 0x10,
  symbolTable: 0x11,
} as const

export interface Message {
  readonly type: number
  /** A cursor at the beginning of the body, a new one each time. Never a reference to a shared message. */
  open(): Cursor
  /** Absolute address of the body. */
  readonly address: number
}

export interface ObjectHeader {
  readonly version: 1 | 2
  readonly messages: readonly Message[]
}

const KNOWN: ReadonlySet<number> = new Set(Object.values(MESSAGE))
const MAX_BLOCKS = 1024
const MAX_MESSAGES = 65536

/** One piece of an object header that holds messages. */
interface Block {
  readonly cursor: Cursor
  /** Absolute address of the cursor's first byte. */
  readonly address: number
}

/**
 * All messages of the object header at absolute `address`, continuation blocks included.
 * @throws DataError for damage. @throws Unsupported for versions above 2 and shared messages of known types.
 */
export function readObjectHeader(view: FileView, address: number): ObjectHeader {
  const start = view.read(address, 4, 'an object header').bytes
  const version = start.toString('latin1') === 'OHDR' ? 2 : start[0]
  if (version !== 1 && version !== 2) throw view.damaged(`no object header at ${address}`)
  const first = version === 2 ? firstBlock2(view, address) : { ...firstBlock1(view, address), tracked: false }
  const blocks = [first.block]
  const messages: Message[] = []
  for (let i = 0; i < blocks.length; i++) {
    const block = blocks[i] as Block
    for (const message of messagesOf(block, version, first.tracked)) {
      messages.push(message)
      if (messages.length > MAX_MESSAGES) throw view.damaged('an object header has too many messages')
      if (message.type !== MESSAGE.continuation) continue
      if (blocks.length >= MAX_BLOCKS) throw view.damaged('an object header continues without end')
      blocks.push(continuation(view, version, message.open()))
    }
  }
  return { version, messages }
}

function firstBlock1(view: FileView, address: number): { block: Block } {
  const head = view.read(address, 16, 'an object header')
  head.skip(8)
  const cursor = view.read(address + 16, head.u32(), 'an object header')
  return { block: { cursor, address: address + 16 } }
}

function firstBlock2(view: FileView, address: number): { block: Block; tracked: boolean } {
  const head = view.peek(address, Math.min(64, view.size - address), 'an object header')
  head.skip(4)
  head.version(2)
  const flags = head.u8()
  if (flags & 0x20) head.skip(16) // times
  if (flags & 0x10) head.skip(4) // thresholds of attribute storage
  const length = head.uint(1 << (flags & 3))
  const cursor = view.readChecked(address, head.at + length, 'an object header')
  cursor.at = head.at
  return { block: { cursor, address }, tracked: (flags & 0x04) !== 0 }
}

function continuation(view: FileView, version: 1 | 2, body: Cursor): Block {
  const address = body.address()
  const length = body.u64()
  if (version === 1) return { cursor: view.read(address, length, 'an object header'), address }
  const cursor = view.readChecked(address, length - 4, 'an object header')
  cursor.signature('OCHK')
  return { cursor, address }
}

function* messagesOf(block: Block, version: 1 | 2, tracked: boolean): Generator<Message> {
  const { cursor } = block
  const prefix = version === 1 ? 8 : tracked ? 6 : 4
  while (cursor.left >= prefix) {
    const type = version === 1 ? cursor.u16() : cursor.u8()
    const length = cursor.u16()
    const flags = cursor.u8()
    cursor.skip(version === 1 ? 3 : tracked ? 2 : 0)
    const address = block.address + cursor.at
    const bytes = cursor.take(length)
    if (!KNOWN.has(type)) continue
    if (flags & 0x02) throw new Unsupported('shared header messages')
    yield { type, open: () => new Cursor(bytes, cursor.view, cursor.what), address }
  }
}
