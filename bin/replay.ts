import { type RunReplayOptions, runReplay } from "../gateway/replay.js"

export function replayCommand(files: string[], options: ReplayFlags): void {
    const { fences, ...flags } = options
    const given = fences === undefined ? flags : { ...flags, fencesFile: fences }
    runReplay({ files, ...given }, (line) => process.stdout.write(`${line}\n`))
}

interface ReplayFlags extends Omit<RunReplayOptions, "files" | "fencesFile"> {
    fences?: string
}
