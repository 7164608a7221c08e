import type { AccessPoint } from "../../protocol/scan.js"

/** What hears Wi-Fi access points: the radio where the runtime hands out its list, or a helper. */
export interface Scanner {
    /**
     * All that is heard, in any order, repeats and all; empty where nobody is. Undefined where it
     * could not listen.
     */
    scan(): Promise<AccessPoint[] | undefined>
}
