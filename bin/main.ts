// The one command. Each subcommand is thin: it calls one function of one folder. Results go to
// stdout, talk to stderr; exit codes: 0 ok, 1 failure, 2 usage. A subcommand is loaded when it is
// called, so that reading a capture does not start with loading a web server.

import { readFileSync } from "node:fs"
import { Command, CommanderError, Option } from "commander"

const USAGE = 2
const FAILURE = 1

export async function main(argv: string[]): Promise<void> {
    // A reader that has seen enough (head, a closed pager) ends us without a word.
    process.stdout.on("error", (error: NodeJS.ErrnoException) => {
        process.exit(error.code === "EPIPE" ? 0 : FAILURE)
    })
    try {
        await program().parseAsync(argv)
    } catch (error) {
        if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : USAGE
        else {
            process.stderr.write(`burr: ${(error as Error).message}\n`)
            process.exitCode = FAILURE
        }
    }
}

function program(): Command {
    const packageFile = new URL("../package.json", import.meta.url)
    const { version, description } = JSON.parse(readFileSync(packageFile, "utf8"))
    const burr = new Command("burr").description(description).version(version).exitOverride()
    burr.showHelpAfterError("(burr --help lists the commands)")

    const data = () => new Option("--data <dir>", "everything that is kept").default("./.burr")
    const host = () => new Option("--host <address>", "address to listen on").default("127.0.0.1")
    burr.command("start")
        .description("gateway, console and twelve simulated trackers on real streets")
        .addOption(data())
        .addOption(host())
        .option("--port <n>", "port of the console (default: 8470, or a free one)")
        .option("--mqtt-port <n>", "port of the device broker (default: 1883, or a free one)")
        .option("--seed <text>", "seed of the simulated world", "demo")
        .action(async (options) => (await import("./start.js")).startCommand(options))
    burr.command("gateway")
        .description("gateway and console")
        .addOption(data())
        .addOption(host())
        .option("--port <n>", "port of the console, 0 for a free one", "8470")
        .option("--mqtt-port <n>", "port of the device broker, 0 for a free one", "1883")
        .option("--json", "tell on stdout where it listens, as one JSON line")
        .action(async (options) => (await import("./gateway.js")).gatewayCommand(options))
    burr.command("sign-in")
        .description("make a one-time link into the console")
        .argument("<user>", "id of the user")
        .addOption(data())
        .action(async (user, options) =>
            (await import("./sign-in.js")).signInCommand(user, options),
        )
    burr.command("order")
        .description("a device's orders as NDJSON: list them, ask for one, approve one")
        .argument("<device>", "id of the device")
        .argument("[action]", "list, approve, or the order to ask for: report, profile, …", "list")
        .argument("[details...]", "number of the order to approve, or field=value of the order")
        .requiredOption("--as <user>", "id of the user who asks or approves")
        .addOption(data())
        .action(async (device, action, details, options) =>
            (await import("./order.js")).orderCommand(device, action, details, options),
        )
    burr.command("replay")
        .description("recorded tracks through ingest, fusion and fences, as NDJSON")
        .argument("<track...>", "CSV files; several are several devices on one target")
        .option("--fences <file>", "GeoJSON with the fences")
        .option("--at <period>", "one estimate each full period of UTC, as 1s or 500ms")
        .option("--until <time>", "last instant, as UTC milliseconds or ISO 8601")
        .addOption(
            new Option("--accuracy <kind>", "what the accuracy column holds").choices([
                "hdop",
                "m",
            ]),
        )
        .action(async (files, options) =>
            (await import("./replay.js")).replayCommand(files, options),
        )
    burr.command("receiver")
        .description("what the tracker's receiver driver makes of a UBX or NMEA capture, as NDJSON")
        .argument("<file>", "bytes as they came from the receiver")
        .action(async (file) => (await import("./receiver.js")).receiverCommand(file))
    burr.command("measure")
        .description("bytes per fix of recorded tracks, in every profile and beside other formats")
        .argument("<track...>", "CSV files")
        .option("--batch <sizes>", "fixes in a batch", "1,10,50")
        .option(
            "--profile <names>",
            "of plain, 1e-5, 1e-6, 1e-6/0.1s, 1e-5/coarse, all; or numbers",
        )
        .option("--every <s>", "take a fix at least so many seconds after the one before")
        .option("--live <m>", "thin: report when dead reckoning is off by more")
        .option("--history <m>", "thin: keep what the track can be drawn from this well")
        .option(
            "--energy <profile>",
            "modelled charge of a day with the track, under a tracker's profile",
        )
        .option("--json", "figures as one JSON line")
        .action(async (files, options) =>
            (await import("./measure.js")).measureCommand(files, options),
        )
    burr.command("inspect")
        .description("a message taken apart, byte by byte")
        .argument("<message>", "hexadecimal digits, or a file of digits or bytes")
        .option("--key <hex>", "opens the body: the key of its epoch and direction, 32 bytes")
        .option("--salt <hex>", "of the session, where the message carries none, 8 bytes")
        .option("--base <hex>", "what a chained batch goes on from, oldest first, with commas")
        .option("--json", "parts as one JSON line")
        .action(async (message, options) =>
            (await import("./inspect.js")).inspectCommand(message, options),
        )
    for (const command of burr.commands) command.exitOverride()
    return burr
}
