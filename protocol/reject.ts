/** Why bytes from outside were not taken for what they claim to be. */
export interface Reject {
    kind: "reject"
    reason: string
}

export function reject(reason: string): Reject {
    return { kind: "reject", reason: reason }
}
