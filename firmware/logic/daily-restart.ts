// The runtime's timers stop after 49.7 days of uptime, so a program that does not sleep starts anew
// once a day, at a moment when nothing is lost by it.

const DAY_S = 86400
/** Whatever it costs: ten days before the timers stop. */
const RESTART_S_MAX = 39 * DAY_S

/** `isIdle`: nothing is under way, and nothing waits where the restart would lose it. */
export function isRestartDue(uptimeS: number, isIdle: boolean): boolean {
    return uptimeS >= RESTART_S_MAX || (isIdle && uptimeS >= DAY_S)
}
