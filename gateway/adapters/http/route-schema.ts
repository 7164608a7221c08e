import { z } from "zod"

const problemSchema = z.object({
    type: z.string(),
    title: z.string(),
    status: z.number(),
    detail: z.string(),
})

/** What the description of the interface says of a route: its summary, and its answers. */
export function described(summary: string) {
    return { summary, response: { default: problemSchema, "2xx": z.any() } }
}
