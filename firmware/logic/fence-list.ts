// The fences that a tracker watches, packed one after another: 24 of them are objects of 20 KB on the
// machine's heap of 64, and 976 bytes here. They are read where they lie, at every fix.
//
//     0   corners but the first, 0 for a circle, and 16 x fixes of dwell    1
//     1   number                                                            2, little-endian like all
//     3   stamp, and 4,096 x seconds of dwell                               3
//     6   northward length - 110,500,000                                    3
//     9   eastward length                                                   4
//     13  latitude + 90 degrees                                             4
//     17  longitude + 180 degrees                                           4
//     21  a circle: radius                                                  2
//         and change of the eastward length + 2,000,000                     3
//     21  a polygon: unit                                                   1
//         and each corner, north + 32,768 and east + 32,768, the first at   2, 2
//         the end: so every edge ends at the next one

import {
    CIRCLES_MAX,
    CORNERS_MAX,
    type DeviceFence,
    EAST_SLOPE_MAX_NM,
    NORTH_MIN_NM,
    POLYGONS_MAX,
} from "../../protocol/fence-order.js"
import { isSameBytes } from "./nvm.js"

/** Stamps run from 1 to this. */
export const STAMP_MAX = 4095
export const FENCE_NUMBER = 1
export const FENCE_STAMP = 3
export const FENCE_NORTH = 6
export const FENCE_EAST = 9
export const FENCE_LAT = 13
export const FENCE_LON = 17
/** What circles and polygons share ends here. */
export const FENCE_BODY = 21
export const CORNER_BYTES = 4
export const CORNER_OFFSET = 32768
export const LAT_OFFSET_UDEG = 90000000
export const LON_OFFSET_UDEG = 180000000
const CIRCLE_BYTES = FENCE_BODY + 5
const POLYGON_BYTES = FENCE_BODY + 1

export const FENCES_BYTES_MAX =
    CIRCLES_MAX * CIRCLE_BYTES + POLYGONS_MAX * (POLYGON_BYTES + CORNERS_MAX * CORNER_BYTES)

/** Where each fence begins; undefined when the bytes are no whole list. */
export function fencesIn(list: Buffer): number[] | undefined {
    const starts: number[] = []
    let at = 0
    while (at < list.length) {
        starts.push(at)
        at += lengthAt(list, at)
    }
    return at === list.length ? starts : undefined
}

export function isCircleAt(list: Buffer, at: number): boolean {
    return (list[at] & 15) === 0
}
export function dwellFixesAt(list: Buffer, at: number): number {
    return list[at] >> 4
}
export function dwellSAt(list: Buffer, at: number): number {
    return threeBytes(list, at + FENCE_STAMP) >> 12
}
export function numberAt(list: Buffer, at: number): number {
    return list.readUInt16LE(at + FENCE_NUMBER)
}
/** Differs from that of every other fence, and of what had this one's number before. */
export function stampAt(list: Buffer, at: number): number {
    return list.readUInt16LE(at + FENCE_STAMP) & STAMP_MAX
}

/** Where the fence of that number begins, or -1. */
export function findFence(list: Buffer, number: number): number {
    for (let at = 0; at < list.length; at += lengthAt(list, at))
        if (numberAt(list, at) === number) return at
    return -1
}

/** How many there are of one form. */
export function countFences(list: Buffer, isRound: boolean): number {
    let count = 0
    for (let at = 0; at < list.length; at += lengthAt(list, at))
        if (isCircleAt(list, at) === isRound) count++
    return count
}

export function hasStamp(list: Buffer, stamp: number): boolean {
    for (let at = 0; at < list.length; at += lengthAt(list, at))
        if (stampAt(list, at) === stamp) return true
    return false
}

/** Whether the list has this very fence, whatever its stamp. */
export function hasFence(list: Buffer, fence: DeviceFence): boolean {
    const at = findFence(list, fence.number)
    if (at < 0) return false
    const packed = packFence(fence, stampAt(list, at))
    return isSameBytes(packed, list.slice(at, at + lengthAt(list, at)))
}

/** The list with a fence in place of the one with its number, at the end. */
export function withFence(list: Buffer, fence: DeviceFence, stamp: number): Buffer {
    const others = withoutFence(list, fence.number)
    const packed = packFence(fence, stamp)
    const joined = Buffer.alloc(others.length + packed.length)
    joined.set(others, 0)
    joined.set(packed, others.length)
    return joined
}

/** The list without the fence of that number; the same list where there is none. */
export function withoutFence(list: Buffer, number: number): Buffer {
    const at = findFence(list, number)
    if (at < 0) return list
    const end = at + lengthAt(list, at)
    const left = Buffer.alloc(list.length - (end - at))
    left.set(list.slice(0, at), 0)
    left.set(list.slice(end, list.length), at)
    return left
}

export function packFence(fence: DeviceFence, stamp: number): Buffer {
    const corners = fence.norths.length
    const isRound = corners === 0
    const bytes = isRound ? CIRCLE_BYTES : POLYGON_BYTES + (corners + 1) * CORNER_BYTES
    const out = Buffer.alloc(bytes)
    out[0] = corners + (fence.dwellFixes << 4)
    putTwo(out, FENCE_NUMBER, fence.number)
    putThree(out, FENCE_STAMP, stamp + (fence.dwellS << 12))
    putThree(out, FENCE_NORTH, fence.northNm - NORTH_MIN_NM)
    putFour(out, FENCE_EAST, fence.eastNm)
    putFour(out, FENCE_LAT, fence.latUdeg + LAT_OFFSET_UDEG)
    putFour(out, FENCE_LON, fence.lonUdeg + LON_OFFSET_UDEG)
    if (isRound) {
        putTwo(out, FENCE_BODY, fence.radiusM)
        putThree(out, FENCE_BODY + 2, fence.eastSlopeNm + EAST_SLOPE_MAX_NM)
        return out
    }
    out[FENCE_BODY] = fence.unitUdeg
    for (let i = 0; i <= corners; i++) {
        const at = POLYGON_BYTES + i * CORNER_BYTES
        putTwo(out, at, CORNER_OFFSET + (i < corners ? fence.norths[i] : 0))
        putTwo(out, at + 2, CORNER_OFFSET + (i < corners ? fence.easts[i] : 0))
    }
    return out
}

export function threeBytes(bytes: Buffer, at: number): number {
    return bytes.readUInt16LE(at) + (bytes[at + 2] << 16)
}

/** Bytes of the fence that begins there: at least one, so that every walk ends. */
export function lengthAt(list: Buffer, at: number): number {
    const corners = list[at] & 15
    return corners === 0 ? CIRCLE_BYTES : POLYGON_BYTES + (corners + 1) * CORNER_BYTES
}
function putTwo(out: Buffer, at: number, value: number): void {
    out[at] = value & 255
    out[at + 1] = value >> 8
}
function putThree(out: Buffer, at: number, value: number): void {
    putTwo(out, at, value & 0xffff)
    out[at + 2] = value >> 16
}
/** A number below 2^31. */
function putFour(out: Buffer, at: number, value: number): void {
    putThree(out, at, value & 0xffffff)
    out[at + 3] = value >> 24
}
