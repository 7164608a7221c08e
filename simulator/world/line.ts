/** The value at `x` on a line through points in order of x; level beyond both ends. */
export function lineAt(points: readonly (readonly [x: number, y: number])[], x: number): number {
    let previous = points[0]!
    if (x <= previous[0]) return previous[1]
    for (const point of points) {
        if (x < point[0]) {
            const share = (x - previous[0]) / (point[0] - previous[0])
            return previous[1] + share * (point[1] - previous[1])
        }
        previous = point
    }
    return previous[1]
}
