import type { Deg } from "../../../protocol/units.js"

/** WGS 84; latitude north in [-90, 90], longitude east. */
export interface Position {
    latDeg: Deg
    lonDeg: Deg
}
