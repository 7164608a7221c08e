// Orders from the command line: signs in at the gateway that serves a data directory and does there
// what the console would, under the same authority and into the same log.

import { InputError } from "./core/input-error.js"
import { openSignIn } from "./sign-in.js"

export interface OrderCommand {
    data: string
    user: string
    deviceId: string
    /** list, approve, or the name of an order to ask for. */
    action: string
    /** Of an approval the order's number; else `field=value`, with whole numbers, words or null. */
    details: readonly string[]
}

/** Orders as the gateway shows them: those of the device, or the one that was asked or approved. */
export async function atOrderDesk(command: OrderCommand): Promise<object[]> {
    const link = new URL(openSignIn(command.data, command.user))
    const cookie = await signedIn(link)
    const call = async (method: string, path: string, body?: object): Promise<unknown> => {
        const headers = { cookie, ...(body ? { "content-type": "application/json" } : {}) }
        const sent = body ? { body: JSON.stringify(body) } : {}
        const answer = await fetch(new URL(path, link), { method, headers, ...sent })
        if (answer.ok) return answer.status === 204 ? undefined : answer.json()
        const { title, detail } = (await answer.json()) as { title: string; detail: string }
        throw new InputError(`${title}: ${detail}`)
    }
    try {
        return await doAt(call, command)
    } finally {
        await call("DELETE", "/api/session")
    }
}

async function doAt(
    call: (method: string, path: string, body?: object) => Promise<unknown>,
    { deviceId, action, details }: OrderCommand,
): Promise<object[]> {
    const path = `/api/devices/${encodeURIComponent(deviceId)}/orders`
    if (action === "list") return ((await call("GET", path)) as { orders: object[] }).orders
    if (action === "approve") {
        const [id = ""] = details
        return [(await call("POST", `${path}/${encodeURIComponent(id)}/approval`)) as object]
    }
    const body = { order: action, ...fieldsOf(details) }
    return [(await call("POST", path, body)) as object]
}

/** The gateway checks what they mean; here they only have to be names and values. */
function fieldsOf(details: readonly string[]): Record<string, string | number | null> {
    return Object.fromEntries(
        details.map((given) => {
            const [, name, text] = /^(\w+)=(.*)$/.exec(given) ?? []
            if (name === undefined || text === undefined)
                throw new InputError(`field: given "${given}", expected name=value`)
            if (text === "null") return [name, null]
            // An id of 16 digits is no number.
            return [name, name !== "deviceId" && /^-?\d+$/.test(text) ? Number(text) : text]
        }),
    )
}

async function signedIn(link: URL): Promise<string> {
    const answer = await fetch(link, { redirect: "manual" }).catch((cause: Error) => {
        throw new InputError(
            `no gateway answers at ${link.origin}: start one on this data directory, ` +
                `\`burr gateway\` (${(cause.cause as Error | undefined)?.message ?? cause.message})`,
        )
    })
    const [cookie] = answer.headers.getSetCookie()
    if (!cookie) throw new InputError(`the gateway at ${link.origin} serves another data directory`)
    return cookie.split(";", 1)[0]!
}
