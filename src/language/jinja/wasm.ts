const MEMORY_SECTION = 5
const HEADER = 8

/** The same WebAssembly module with a limit on its memory, in pages of 64 kB: where there is none it may take 4 GB. */
export function limitMemory(module: Uint8Array, pages: number): Uint8Array {
  for (let at = HEADER; at < module.length; ) {
    const id = module[at]
    const size = readNumber(module, at + 1)
    const end = size.end + size.value
    if (id === MEMORY_SECTION) {
      // One memory: a count, a flag that tells whether a limit follows, and the pages at the start.
      const least = readNumber(module, size.end + 2)
      const body = [1, 1, ...writeNumber(least.value), ...writeNumber(Math.max(pages, least.value))]
      const section = [MEMORY_SECTION, ...writeNumber(body.length), ...body]
      const limited = new Uint8Array(at + section.length + module.length - end)
      limited.set(module.subarray(0, at))
      limited.set(section, at)
      limited.set(module.subarray(end), at + section.length)
      return limited
    }
    at = end
  }
  throw new Error('The WebAssembly module has no memory of its own.')
}

/** Reads an unsigned number in LEB128. */
function readNumber(bytes: Uint8Array, at: number): { value: number; end: number } {
  let value = 0
  for (let end = at, shift = 0; ; end += 1, shift += 7) {
    const byte = bytes[end] ?? 0
    value += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) return { value, end: end + 1 }
  }
}

function writeNumber(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...writeNumber(Math.floor(value / 0x80))]
}
