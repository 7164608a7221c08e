/** An answer to a bad request, in the form of RFC 9457 (problem+json). */
export class Problem extends Error {
    constructor(
        readonly status: number,
        readonly title: string,
        readonly detail: string,
    ) {
        super(detail)
    }
}

export const PROBLEM_TYPE = "application/problem+json"

export function problemBody({
    status,
    title,
    detail,
}: Pick<Problem, "status" | "title" | "detail">) {
    return { type: "about:blank", title, status, detail }
}
