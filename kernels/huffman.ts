// The one Huffman code of the run-length deflate kernel, made for planes that are mostly zero: an isolated value in a
// run costs its own byte, one zero byte (2 bits) and a match. Every byte has a code, so that every plane can be
// written; dense ones are left to zlib.

// The tables are in page 0 of the memory, which belongs to the kernels. Each instance writes them before its first use;
// several instances on one memory write the same bytes, so none can see a wrong one.
const LITERALS: usize = 4096
const MATCHES: usize = LITERALS + 4 * 257
const HEADER: usize = MATCHES + 4 * 259

const SYMBOLS: u32 = 286
const END: u32 = 256
const LONGEST: u32 = 285

// Symbols of distances up to 64, which is the largest of the last one: four bits behind its code say so.
const DISTANCES: u32 = 12

// Whole bytes of the header, and the remaining bits.
let headerBytes: usize = 0
let held: u32 = 0
let holding: u32 = 0

/** Code length of a literal or length symbol. The lengths make a complete code: Σ 2^−length = 1. */
function codeLength(symbol: u32): u32 {
  if (symbol == 0 || symbol == LONGEST) return 2
  if (symbol == 1 || symbol == 2) return 5
  if (symbol < END) return symbol == 3 || symbol == 255 || popcnt(symbol) == 1 ? 8 : symbol < 15 ? 12 : 13
  if (symbol == END) return 12
  // Matches of 3 … 257 bytes: the longer ones share a symbol with more others, and are more frequent.
  if (symbol <= 264) return 9
  if (symbol <= 268) return 8
  if (symbol <= 272) return 7
  return symbol <= 276 ? 6 : 5
}

/** Code length of a symbol of the code that the header's code lengths are written in; 16 repeats the last one. */
function headerLength(symbol: u32): u32 {
  if (symbol == 16) return 2
  if (symbol == 5 || symbol == 13) return 3
  return symbol <= 2 || (symbol >= 6 && symbol <= 9) || symbol == 12 ? 4 : 0
}

/** The canonical code of a symbol, first bit lowest, and its number of bits from bit 24 on. */
function codeOf(symbol: u32, symbols: u32, header: bool): u32 {
  const length = header ? headerLength(symbol) : codeLength(symbol)
  let code: u32 = 0
  for (let other: u32 = 0; other < symbols; ++other) {
    const its = header ? headerLength(other) : codeLength(other)
    if (its != 0 && (its < length || (its == length && other < symbol))) code += 1 << (16 - its)
  }
  code >>= 16 - length
  let reversed: u32 = 0
  for (let i: u32 = 0; i < length; ++i) reversed |= ((code >> i) & 1) << (length - 1 - i)
  return reversed | (length << 24)
}

function putHeader(bits: u32, count: u32): void {
  held |= bits << holding
  holding += count
  // Only whole bytes are stored: another instance may be reading them.
  for (; holding >= 8; holding -= 8) {
    store<u8>(HEADER + headerBytes, <u8>held)
    headerBytes += 1
    held >>= 8
  }
}

function putLength(symbol: u32): void {
  const code = codeOf(symbol, 19, true)
  putHeader(code & 0xffffff, code >> 24)
}

/** One block, the last, with its own codes: 286 literal and length codes, those of distances 1, 4 and 64. */
function writeHeader(): void {
  putHeader(0b101, 3)
  putHeader(SYMBOLS - 257, 5)
  putHeader(DISTANCES - 1, 5)
  putHeader(15, 4)
  // The lengths of the header's own code, in deflate's order.
  const order = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15])
  for (let i: usize = 0; i < 19; ++i) putHeader(headerLength(load<u8>(order + i)), 3)
  let symbol: u32 = 0
  while (symbol < SYMBOLS) {
    const length = codeLength(symbol)
    putLength(length)
    let same: u32 = 1
    while (symbol + same < SYMBOLS && codeLength(symbol + same) == length) ++same
    symbol += same
    for (--same; same >= 3; ) {
      const repeats = min<u32>(same, 6)
      putLength(16)
      putHeader(repeats - 3, 2)
      same -= repeats
    }
    for (; same > 0; --same) putLength(length)
  }
  for (let distance: u32 = 0; distance < DISTANCES; ++distance)
    putLength(distance == 0 || distance == 3 ? 2 : distance == DISTANCES - 1 ? 1 : 0)
}

function writeTables(): void {
  for (let symbol: u32 = 0; symbol <= END; ++symbol)
    store<u32>(LITERALS + (symbol << 2), codeOf(symbol, SYMBOLS, false))
  let length: u32 = 3
  for (let symbol: u32 = 257; symbol < LONGEST; ++symbol) {
    const extra: u32 = symbol < 265 ? 0 : (symbol - 261) >> 2
    const code = codeOf(symbol, SYMBOLS, false)
    const count = code >> 24
    // 258 has a code of its own below: no word may be wrong even for a moment, since other instances may be reading.
    for (let i: u32 = 0; i < <u32>1 << extra && length < 258; ++i) {
      store<u32>(MATCHES + (length << 2), (code & 0xffffff) | (i << count) | ((count + extra) << 24))
      length += 1
    }
  }
  store<u32>(MATCHES + (258 << 2), codeOf(LONGEST, SYMBOLS, false))
}

/** Writes the tables, once an instance; to be called before any of the functions below. */
export function prepare(): void {
  if (headerBytes) return
  writeHeader()
  writeTables()
}

/** Whole bytes of the block's header. */
@inline
export function headerSize(): usize {
  return headerBytes
}

/** Copies the whole bytes of the header. */
@inline
export function copyHeader(dst: usize): void {
  memory.copy(dst, HEADER, headerBytes)
}

/** The remaining bits of the header after its whole bytes, in the form of a code. */
@inline
export function headerRest(): u32 {
  return held | (holding << 24)
}

/** Code of a byte: bits below 24, their number above. */
@inline
export function literal(byte: u32): u32 {
  return load<u32>(LITERALS + (byte << 2))
}

@inline
export function endOfBlock(): u32 {
  return load<u32>(LITERALS + (END << 2))
}

/** Code of a match of 3 … 258 bytes at distance 1, or 4 with `words` 1. */
@inline
export function match(length: u32, words: u32): u32 {
  const code = load<u32>(MATCHES + (length << 2))
  return (code | (((words << 1) | 1) << (code >> 24))) + (2 << 24)
}

/** Code of a match of 3 … 258 bytes at distance 64. */
@inline
export function matchFar(length: u32): u32 {
  const code = load<u32>(MATCHES + (length << 2))
  return (code | (0b11110 << (code >> 24))) + (5 << 24)
}
