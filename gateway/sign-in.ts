// A sign-in link made beside a running gateway, by whoever may read its data directory.

import { existsSync } from "node:fs"
import { unixMs } from "../protocol/units.js"
import { InputError } from "./core/input-error.js"
import { openAccess } from "./main.js"

/** The link. Throws when the directory holds no gateway or the user is unknown. */
export function openSignIn(data: string, userId: string): string {
    if (!existsSync(data))
        throw new InputError(`--data: no directory ${data}, expected one that a gateway has used`)
    const { registry, signIn, close } = openAccess(data)
    try {
        const users = registry.caseFile().users
        if (!users.some((user) => user.id === userId)) {
            const known = users.map((user) => user.id).join(", ") || "nobody yet"
            throw new InputError(`user: "${userId}" is unknown, expected one of: ${known}`)
        }
        const url = signIn.consoleUrl()
        if (!url) throw new InputError(`--data: no gateway has served ${data} yet`)
        return `${url}/sign-in/${signIn.makeLink(userId, unixMs(Date.now()))}`
    } finally {
        close()
    }
}
