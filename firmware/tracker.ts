// The tracker: reads the receiver, gathers fixes, seals them and keeps each until the gateway holds
// it. Drivers are built here and handed to logic; the decisions are in logic/.

import * as ds from "@devicescript/core"
import { type Command, CommandKind } from "../protocol/command.js"
import { type Board, keepingOf, openBoard } from "./drivers/board.js"
import { type BoardSettings, readBoardSettings } from "./drivers/board-settings.js"
import { sha256 } from "./drivers/crypto.js"
import { Gnss } from "./drivers/gnss.js"
import { BoardI2c } from "./drivers/i2c.js"
import { reboot } from "./drivers/power.js"
import { breathe } from "./hal.js"
import { isRestartDue } from "./logic/daily-restart.js"
import { clockOf, clockRow, newClock, WakePlan } from "./logic/device-clock.js"
import { FixLog, ramFixLog } from "./logic/fix-log.js"
import { Journal } from "./logic/journal.js"

const POLL_MS = 1000
/** A hold beyond this would look like a dead tracker. */
const HOLD_MAX_S = 3600

/** When what waits is to go out. */
interface Hold {
    /** The longest that a fix waits for company. */
    ms: number
    /** When the first that waits has waited so long; -1 while none does. */
    dueAtMs: number
}

async function reportFixes(board: Board, journal: Journal, hold: Hold): Promise<void> {
    const gnss = new Gnss(new BoardI2c(), breathe)
    while (true) {
        const nowMs = ds.millis()
        try {
            for (const fix of await gnss.poll(nowMs)) {
                board.noteTime(Math.floor(fix.timeDs / 10))
                await journal.keep(fix, breathe)
                if (hold.dueAtMs < 0) hold.dueAtMs = nowMs + hold.ms
            }
            // Without a connection bodies close when they are full: fewer and fuller records.
            if (hold.dueAtMs >= 0 && nowMs >= hold.dueAtMs && board.uplink.isUp()) {
                hold.dueAtMs = -1
                await journal.seal(breathe)
            }
            board.wake()
            if (isRestartDue(nowMs / 1000, isIdle(board, journal))) restart(board)
        } catch (e) {
            console.log(`receiver: ${(e as Error).message}`)
        }
        await ds.sleep(Math.max(10, POLL_MS - (ds.millis() - nowMs)))
    }
}

/** Nothing waits anywhere that a restart could lose or delay. */
function isIdle(board: Board, journal: Journal): boolean {
    return board.keeping.outbox.count() === 0 && journal.kept() === 0
}

/** The runtime's timers stop after 49.7 days: each day the program starts anew, and says so itself. */
function restart(board: Board): void {
    const clock = newClock()
    clock.plan = WakePlan.dailyReboot
    board.keeping.state.save([clockRow(clock)])
    reboot()
}

/** Whether this start is one that `restart` has planned; to be asked once. */
function wasPlanned(board: Board): boolean {
    const rows = board.keeping.state.load()
    if (rows.length === 0 || clockOf(rows[0]).plan !== WakePlan.dailyReboot) return false
    board.keeping.state.save([])
    return true
}

function take(payload: Buffer, board: Board, journal: Journal, hold: Hold): void {
    const ack = board.takeAck(payload)
    if (ack !== undefined) {
        journal.held(ack)
        return
    }
    const command = board.session.readCommand(payload)
    if (command.kind === "command") obey(command, hold)
}

function obey(command: Command, hold: Hold): void {
    if (command.order === CommandKind.report) hold.dueAtMs = ds.millis()
    else if (command.order === CommandKind.hold) {
        const holdS = command.args[0]
        if (holdS >= 0 && holdS <= HOLD_MAX_S) hold.ms = holdS * 1000
    }
}

async function run(settings: BoardSettings): Promise<void> {
    const keeping = keepingOf(settings)
    const board = await openBoard(settings, keeping)
    const { memory, outbox, nvm } = keeping
    const log = nvm === undefined ? ramFixLog(sha256) : new FixLog(nvm, sha256)
    const journal = new Journal(board.session, memory, outbox, log)
    // What the log holds is from before the reset; the hello that follows tells the gateway so.
    await journal.seal(breathe)
    board.session.greet(wasPlanned(board))
    const hold: Hold = { ms: settings.holdMs, dueAtMs: -1 }
    board.start({
        take: (payload) => take(payload, board, journal, hold),
        lost: () => journal.lost(),
    })
    await reportFixes(board, journal, hold)
}

const settings = await readBoardSettings()
if (settings === undefined) console.log("not provisioned: no device id or broker")
else await run(settings)
