import { type Browser, chromium } from "playwright-core"
import { onTestFinished } from "vitest"
import { findChromium } from "../../bin/chromium.mjs"

/** A real Chromium without a screen, to be closed by the caller. */
export async function launchChromium(): Promise<Browser> {
    const executablePath = findChromium()
    if (!executablePath) throw new Error("no Chromium: `node bin/setup.mjs --test` installs one")
    return await chromium.launch({
        executablePath,
        chromiumSandbox: false,
        args: [
            "--use-angle=swiftshader",
            "--enable-unsafe-swiftshader",
            "--disable-background-networking",
            "--disable-component-update",
        ],
    })
}

/** One that is closed when the test is over. */
export async function openBrowser(): Promise<Browser> {
    const browser = await launchChromium()
    onTestFinished(() => browser.close())
    return browser
}
