// The ways to put fixes into bodies that --profile names.

import { InputError } from "../../gateway/core/input-error.js"
import { PROFILES, profileNumber } from "../../protocol/pack/profile.js"
import type { BatchCodec } from "./batch-codec.js"
import { packedCodec } from "./packed-codec.js"
import { plainCodec } from "./plain-codec.js"

/** Position, then time where it is not in whole seconds, then what is kept besides. */
const NAMED: readonly [name: string, number: number][] = (
    [
        ["1e-5", { finePosition: false, fineTime: false, auxiliary: "standard" }],
        ["1e-6", { finePosition: true, fineTime: false, auxiliary: "standard" }],
        ["1e-6/0.1s", { finePosition: true, fineTime: true, auxiliary: "standard" }],
        ["1e-5/coarse", { finePosition: false, fineTime: false, auxiliary: "coarse" }],
    ] as const
).map(([name, choice]) => [name, profileNumber({ ...choice, reception: false })])
const EVERYTHING = profileNumber({
    finePosition: true,
    fineTime: true,
    auxiliary: "fine",
    reception: true,
})

function packed(number: number, name: string): BatchCodec[] {
    return [false, true].map((chained) => packedCodec(number, name, chained))
}

/** What is measured when no profile is named: the plain one, and the packed ones most in use. */
export const CODECS: readonly BatchCodec[] = [
    plainCodec,
    ...NAMED.flatMap(([name, number]) => packed(number, name)),
    ...packed(EVERYTHING, "all"),
]

/** What thinning is shown in when no profile is named: all that the two bounds need, chained. */
export const THINNED_CODECS = CODECS.filter(({ name }) => name === "1e-6/0.1s chained")

/** The codecs named; a packed profile by itself and chained. Any of them goes by its number too. */
export function codecsNamed(names: string | undefined): readonly BatchCodec[] {
    if (names === undefined) return CODECS
    return names.split(",").flatMap((part) => {
        const name = part.trim()
        const found = CODECS.filter((one) => one.name.split(" ")[0] === name)
        if (found.length > 0) return found
        const number = /^\d{1,2}$/.test(name) ? Number(name) : Number.NaN
        if (number === plainCodec.profile) return [plainCodec]
        if (number >= 1 && number <= PROFILES) return packed(number, `profile-${number}`)
        const known = new Set(CODECS.map((one) => one.name.split(" ")[0]!))
        throw new InputError(
            `profile is "${name}", expected some of ${[...known].join(", ")} or 0 to ${PROFILES}`,
        )
    })
}
