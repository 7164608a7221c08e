// A .devs image apart and together: sections in, sections out.
//
// The layout is the runtime's own (runtime/devicescript/devs_format.h): 32 bytes of header, ten
// pairs of start and length, then the sections one behind the other, each aligned to four bytes:
// function descriptors, code, numbers, nothing (once roles), three tables of strings and buffers,
// the bytes that those point to, service specifications, device configuration. Reading checks what
// `devs_verify` (verify.c) checks of the parts that are rebuilt here; writing ends code below 64 KiB
// or the machine refuses the image, which is the caller's to see in `codeEnd`.

/** @typedef {{ kind: "ascii" | "utf8", bytes: Uint8Array }} ImageString */

/**
 * A function as its descriptor has it.
 * @typedef {object} ImageFunction
 * @property {Uint8Array} code with its padding
 * @property {number} slots @property {number} args @property {number} flags
 * @property {number} name a string reference, kind and index packed
 * @property {number} tries
 */

/**
 * @typedef {object} Image
 * @property {Uint8Array} header the first 32 bytes
 * @property {ImageFunction[]} functions
 * @property {{ low: number, high: number }[]} numbers two words of a value, as the machine keeps it
 * @property {Uint8Array[]} ascii @property {Uint8Array[]} utf8 @property {Uint8Array[]} buffers
 * @property {Uint8Array} specs @property {Uint8Array} configuration
 */

const MAGIC_0 = 0x53766544
const MAGIC_1 = 0xf1296e0a
const VERSION_MAJOR = 2
const LEAST_MINOR = 7
const MOST_MINOR = 16
const HEADER_BYTES = 32
const SECTIONS = 10
const SECTIONS_AT = HEADER_BYTES
const FIRST_SECTION_AT = HEADER_BYTES + SECTIONS * 8
const DESCRIPTOR_BYTES = 16
/** Images are padded to a multiple of this (`binary_size_align`). */
const IMAGE_ALIGN = 32
/** A character table has an entry after every 16 characters (`utf8_table_shift`). */
const TABLE_STRIDE = 16
/** An ASCII string's place is kept in 16 bits. */
const ASCII_DATA_BYTES = 0x10000
/** Longer ones fail check 1058. */
export const LONGEST_ASCII = 199

/** The place of a string's kind in a packed reference: `buffer`, `builtin`, `ascii`, `utf8`. */
export const KIND_SHIFT = 14
export const KIND = { buffer: 0, builtin: 1, ascii: 2, utf8: 3 }

/** Where the code of an image ends. @param {Uint8Array} image */
export function codeEnd(image) {
    const [, code] = sections(image)
    return (code?.start ?? 0) + (code?.length ?? 0)
}

/** Where each function's code is, padding included. @param {Uint8Array} image */
export function functionPlaces(image) {
    const [descriptors] = sections(image)
    const start = descriptors?.start ?? 0
    const end = start + (descriptors?.length ?? 0)
    return list(image.subarray(start, end), DESCRIPTOR_BYTES, (at) => ({
        start: u32(image, start + at),
        length: u32(image, start + at + 4),
    }))
}

/**
 * Takes an image apart. Throws with the place and what was expected when it is none, or one of a
 * version that this was not written for.
 *
 * @param {Uint8Array} image
 * @returns {Image}
 */
export function readImage(image) {
    const parts = sections(image).map(({ start, length }) => image.subarray(start, start + length))
    const [descriptors, , numbers, roles, ascii, utf8, buffers, strings, specs, configuration] =
        parts
    if (
        descriptors === undefined ||
        numbers === undefined ||
        roles === undefined ||
        ascii === undefined ||
        utf8 === undefined ||
        buffers === undefined ||
        strings === undefined ||
        specs === undefined ||
        configuration === undefined
    ) {
        throw new Error(`image: ${parts.length} sections, expected ${SECTIONS}`)
    }
    expect(roles.length === 0, "roles section", roles.length, "no bytes since 2.7")
    expect(
        descriptors.length % DESCRIPTOR_BYTES === 0,
        "descriptors",
        descriptors.length,
        "16 each",
    )
    expect(numbers.length % 8 === 0, "numbers", numbers.length, "8 bytes each")
    const asciiStrings = list(ascii, 2, (at) => terminated(strings, u16(ascii, at)))
    while (asciiStrings.length > 0 && isPadding(ascii, asciiStrings.length - 1)) asciiStrings.pop()
    return {
        header: image.slice(0, HEADER_BYTES),
        functions: list(descriptors, DESCRIPTOR_BYTES, (at) =>
            readFunction(image, descriptors, at),
        ),
        numbers: list(numbers, 8, (at) => ({ low: u32(numbers, at), high: u32(numbers, at + 4) })),
        ascii: asciiStrings,
        utf8: list(utf8, 4, (at) => utf8String(strings, u32(utf8, at))),
        buffers: list(buffers, 8, (at) => slice(strings, u32(buffers, at), u32(buffers, at + 4))),
        specs: specs.slice(),
        configuration: configuration.slice(),
    }
}

/** Puts an image together. The same parts give the same bytes.
 * @param {Image} parts @returns {Uint8Array} */
export function writeImage(parts) {
    const data = new Bytes()
    const ascii = new Bytes()
    for (const bytes of parts.ascii) {
        expect(data.length < ASCII_DATA_BYTES, "ASCII strings", data.length, "less than 64 KiB")
        ascii.u16(data.length)
        data.put(bytes).put([0])
    }
    const utf8 = new Bytes()
    for (const bytes of parts.utf8) {
        utf8.u32(data.align(4).length)
        const table = characterTable(bytes)
        data.u16(bytes.length).u16(table.characters)
        for (const at of table.entries) data.u16(at)
        data.put(bytes).put([0])
    }
    const buffers = new Bytes()
    for (const bytes of parts.buffers) {
        buffers.u32(data.align(4).length).u32(bytes.length)
        data.put(bytes)
    }
    data.put([0]).align(4)

    const numbers = new Bytes()
    for (const { low, high } of parts.numbers) numbers.u32(low).u32(high)
    const code = new Bytes()
    const descriptors = new Bytes()
    const codeAt = FIRST_SECTION_AT + parts.functions.length * DESCRIPTOR_BYTES
    for (const { code: body, slots, args, flags, name, tries } of parts.functions) {
        descriptors.u32(codeAt + code.length).u32(Math.ceil(body.length / 4) * 4)
        descriptors.u16(slots).put([args, flags]).u16(name).put([tries, 0])
        code.put(body).align(4)
    }
    const tables = [descriptors, code, numbers, new Bytes(), ascii.align(4), utf8, buffers, data]
    const bodies = [...tables.map((bytes) => bytes.done()), parts.specs, parts.configuration]
    const image = new Bytes().put(parts.header)
    let at = FIRST_SECTION_AT
    for (const body of bodies) {
        image.u32(at).u32(body.length)
        at += body.length
    }
    for (const body of bodies) image.put(body)
    return image.align(IMAGE_ALIGN).done()
}

/** Every place in the service specifications that holds a string reference, as verify.c walks them.
 * @param {Image} image @returns {number[]} offsets into `specs` of 16-bit references */
export function specNamePlaces(image) {
    const { specs } = image
    const places = new Set()
    const count = u16(image.header, 14)
    for (let spec = 0; spec < count; spec++) {
        const at = spec * 16
        expect(at + 16 <= specs.length, `service specification ${spec}`, at, "inside its section")
        places.add(at)
        const packets = u16(specs, at + 8)
        const packetsAt = u16(specs, at + 10) * 4
        for (let packet = packetsAt; packet < packetsAt + packets * 8; packet += 8) {
            expect(packet + 8 <= specs.length, `packet of specification ${spec}`, packet, "inside")
            places.add(packet)
            if ((u16(specs, packet + 4) & 1) === 0) continue
            let field = u16(specs, packet + 6) * 4
            for (; u16(specs, field) !== 0; field += 4) places.add(field)
        }
    }
    return [...places].sort((a, b) => a - b)
}

/** @param {Uint8Array} bytes @param {number} at */
export function u16(bytes, at) {
    expect(at + 2 <= bytes.length, "16-bit field", at, `a place below ${bytes.length}`)
    return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
}

/** @param {Uint8Array} bytes @param {number} at */
function u32(bytes, at) {
    return u16(bytes, at) + u16(bytes, at + 2) * 0x10000
}

/** @param {Uint8Array} image @returns {{ start: number, length: number }[]} */
function sections(image) {
    expect(image.length >= FIRST_SECTION_AT, "image length", image.length, "at least 112 bytes")
    expect(u32(image, 0) === MAGIC_0 && u32(image, 4) === MAGIC_1, "magic", u32(image, 0), "DevS")
    const [major, minor] = [image[11], image[10] ?? 0]
    expect(
        major === VERSION_MAJOR && minor >= LEAST_MINOR && minor <= MOST_MINOR,
        "bytecode version",
        `${major}.${minor}`,
        `${VERSION_MAJOR}.${LEAST_MINOR} to ${VERSION_MAJOR}.${MOST_MINOR}`,
    )
    let expected = FIRST_SECTION_AT
    return Array.from({ length: SECTIONS }, (_, index) => {
        const start = u32(image, SECTIONS_AT + index * 8)
        const length = u32(image, SECTIONS_AT + index * 8 + 4)
        expect(start === expected, `start of section ${index}`, start, `${expected}`)
        expect(length % 4 === 0, `length of section ${index}`, length, "a multiple of 4")
        expect(start + length <= image.length, `end of section ${index}`, start + length, "inside")
        expected += length
        return { start, length }
    })
}

/** @param {Uint8Array} image @param {Uint8Array} descriptors @param {number} at
 * @returns {ImageFunction} */
function readFunction(image, descriptors, at) {
    const [, code] = sections(image)
    const start = u32(descriptors, at)
    const length = u32(descriptors, at + 4)
    const codeStart = code?.start ?? 0
    expect(
        start >= codeStart && start + length <= codeStart + (code?.length ?? 0),
        `function ${at / DESCRIPTOR_BYTES}`,
        `${start}+${length}`,
        "inside the code section",
    )
    return {
        code: image.subarray(start, start + length),
        slots: u16(descriptors, at + 8),
        args: descriptors[at + 10] ?? 0,
        flags: descriptors[at + 11] ?? 0,
        name: u16(descriptors, at + 12),
        tries: descriptors[at + 14] ?? 0,
    }
}

/** The table of ASCII strings is filled up to four bytes by an entry of zero, as a second first one.
 * @param {Uint8Array} table @param {number} index */
function isPadding(table, index) {
    return index > 0 && index * 2 + 2 === table.length && u16(table, index * 2) === 0
}

/** @template T @param {Uint8Array} bytes @param {number} size @param {(at: number) => T} read */
function list(bytes, size, read) {
    return Array.from({ length: Math.floor(bytes.length / size) }, (_, index) => read(index * size))
}

/** @param {Uint8Array} bytes @param {number} start @param {number} length */
function slice(bytes, start, length) {
    expect(
        start + length <= bytes.length,
        "string data",
        `${start}+${length}`,
        "inside its section",
    )
    return bytes.slice(start, start + length)
}

/** @param {Uint8Array} bytes @param {number} start */
function terminated(bytes, start) {
    const end = bytes.indexOf(0, start)
    expect(end >= 0, "ASCII string", start, "a zero at its end")
    return bytes.slice(start, end)
}

/** @param {Uint8Array} bytes @param {number} start */
function utf8String(bytes, start) {
    const entries = Math.floor(u16(bytes, start + 2) / TABLE_STRIDE)
    return slice(bytes, start + 4 + entries * 2, u16(bytes, start))
}

/** Where every sixteenth character ends, and how many characters there are.
 * @param {Uint8Array} bytes */
function characterTable(bytes) {
    const entries = []
    let characters = 0
    for (let at = 0; at < bytes.length; ) {
        at++
        while (((bytes[at] ?? 0) & 0xc0) === 0x80) at++
        characters++
        if (characters % TABLE_STRIDE === 0) entries.push(at)
    }
    return { characters, entries }
}

/** @param {boolean} isTrue @param {string} field @param {unknown} value @param {string} wanted */
function expect(isTrue, field, value, wanted) {
    if (!isTrue) throw new Error(`image: ${field} is ${value}, expected ${wanted}`)
}

/** Bytes that grow, little-endian. */
class Bytes {
    /** @type {number[]} */
    #bytes = []
    get length() {
        return this.#bytes.length
    }
    /** @param {Iterable<number>} bytes */
    put(bytes) {
        for (const byte of bytes) this.#bytes.push(byte)
        return this
    }
    /** @param {number} value */
    u16(value) {
        return this.put([value & 0xff, (value >>> 8) & 0xff])
    }
    /** @param {number} value */
    u32(value) {
        return this.u16(value & 0xffff).u16(value >>> 16)
    }
    /** @param {number} size */
    align(size) {
        while (this.#bytes.length % size !== 0) this.#bytes.push(0)
        return this
    }
    done() {
        return Uint8Array.from(this.#bytes)
    }
}
