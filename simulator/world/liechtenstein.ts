// The demo region: places, rounds, fences and the lie of the land in the Rhine valley between Balzers
// and Ruggell. Places are street corners of the road network; a round visits them in turn for ever.

import type { FenceView } from "../../protocol/live.js"
import { deg, type Metres, metres } from "../../protocol/units.js"
import type { Position } from "./geodesy.js"

export const places = {
    vaduzNorth: place(47.144982, 9.522287),
    vaduzTown: place(47.140373, 9.521247),
    vaduzRathaus: place(47.138796, 9.521639),
    vaduzSouth: place(47.133117, 9.522119),
    vaduzMuehleholz: place(47.147539, 9.516241),
    vaduzWest: place(47.145659, 9.514383),
    schaanLinde: place(47.1671, 9.510051),
    schaanSouth: place(47.1581, 9.509595),
    schaanDux: place(47.168426, 9.512559),
    schaanRoesle: place(47.168128, 9.503861),
    schaanRietacker: place(47.175518, 9.508639),
    schaanPfaffamad: place(47.177894, 9.508195),
    bendern: place(47.213237, 9.502514),
    bendernChurch: place(47.213198, 9.502963),
    gamprin: place(47.218691, 9.511142),
    eschen: place(47.21043, 9.52759),
    eschenFallsgass: place(47.210894, 9.527815),
    nendeln: place(47.20149, 9.543054),
    mauren: place(47.219789, 9.546033),
    ruggell: place(47.241762, 9.525315),
    triesen: place(47.106274, 9.525075),
    triesenMeierhof: place(47.112855, 9.53085),
    triesenNorth: place(47.109748, 9.524974),
    balzers: place(47.068069, 9.507215),
    balzersGagoz: place(47.070077, 9.501797),
    balzersMaels: place(47.061682, 9.498021),
} satisfies Record<string, Position>

export type Place = keyof typeof places

/** Who drives where. A name is what a console shows of the target. */
export const rounds: { name: string; visits: Place[] }[] = [
    { name: "Van 01", visits: ["vaduzTown", "vaduzMuehleholz", "schaanSouth", "vaduzWest"] },
    { name: "Van 02", visits: ["triesenMeierhof", "vaduzRathaus", "triesen"] },
    { name: "Courier 03", visits: ["triesenNorth", "vaduzNorth", "vaduzSouth", "triesen"] },
    { name: "Courier 04", visits: ["schaanRietacker", "eschen", "nendeln", "schaanDux"] },
    { name: "Truck 05", visits: ["schaanPfaffamad", "bendern", "schaanSouth"] },
    { name: "Van 06", visits: ["vaduzRathaus", "schaanRietacker", "schaanRoesle"] },
    { name: "Courier 07", visits: ["eschen", "nendeln", "schaanPfaffamad"] },
    { name: "Taxi 08", visits: ["vaduzNorth", "vaduzSouth", "vaduzWest", "schaanSouth"] },
    { name: "Truck 09", visits: ["ruggell", "bendern", "schaanPfaffamad"] },
    { name: "Taxi 10", visits: ["schaanLinde", "vaduzTown", "vaduzSouth"] },
    { name: "Courier 11", visits: ["eschenFallsgass", "gamprin", "bendernChurch", "mauren"] },
    { name: "Van 12", visits: ["balzersGagoz", "triesen", "balzers", "balzersMaels"] },
]

export const fences: FenceView[] = [
    {
        id: "vaduz-centre",
        name: "Vaduz centre",
        shape: { type: "circle", center: place(47.1392, 9.5214), radiusM: metres(480) },
    },
    {
        id: "schaan-industrial",
        name: "Schaan industrial",
        shape: {
            type: "polygon",
            rings: [
                [
                    [9.5035, 47.1728],
                    [9.5165, 47.1728],
                    [9.5165, 47.1795],
                    [9.5035, 47.1795],
                    [9.5035, 47.1728],
                ],
            ],
        },
    },
    {
        id: "eschen",
        name: "Eschen",
        shape: { type: "circle", center: place(47.2106, 9.5235), radiusM: metres(650) },
    },
]

/** The valley floor by latitude, above mean sea level: the villages' heights, right to some 10 m. */
const floor: [latDeg: number, heightM: number][] = [
    [47.066, 472],
    [47.107, 463],
    [47.139, 455],
    [47.165, 450],
    [47.213, 441],
    [47.239, 433],
]

/** Height of the ground, level across the valley and beyond its ends. */
export function groundM({ latDeg }: Position): Metres {
    const above = floor.findIndex(([lat]) => lat > latDeg)
    if (above === 0) return metres(floor[0]![1])
    if (above < 0) return metres(floor.at(-1)![1])
    const [south, low] = floor[above - 1]!
    const [north, high] = floor[above]!
    return metres(low + ((high - low) * (latDeg - south)) / (north - south))
}

function place(latDeg: number, lonDeg: number): Position {
    return { latDeg: deg(latDeg), lonDeg: deg(lonDeg) }
}
