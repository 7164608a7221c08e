/** How many cases a property runs: `few` on every commit, `soak` under `npm run soak`. */
export function cases(few: number, soak: number): number {
    return process.env.BURR_SOAK ? soak : few
}
