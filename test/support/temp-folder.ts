import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { onTestFinished } from "vitest"

/** A folder with these files, removed when the test is over. */
export function tempFolder(files: Record<string, string> = {}): string {
    const { path, remove } = makeTempFolder()
    onTestFinished(remove)
    writeFiles(path, files)
    return path
}

/** For several tests: whoever makes it removes it. */
export function makeTempFolder(): { path: string; remove: () => void } {
    const path = mkdtempSync(join(realpathSync(tmpdir()), "burr-test-"))
    return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

export function writeFiles(root: string, files: Record<string, string>): void {
    for (const [path, content] of Object.entries(files)) {
        mkdirSync(dirname(join(root, path)), { recursive: true })
        writeFileSync(join(root, path), content)
    }
}
