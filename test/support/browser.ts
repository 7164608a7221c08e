import { type Browser, chromium } from "playwright-core"
import { onTestFinished } from "vitest"
import { findChromium } from "../../bin/chromium.mjs"

/** A real Chromium without a screen, closed when the test is over. */
export async function openBrowser(): Promise<Browser> {
    const executablePath = findChromium()
    if (!executablePath) throw new Error("no Chromium: `node bin/setup.mjs --test` installs one")
    const browser = await chromium.launch({
        executablePath,
        chromiumSandbox: false,
        args: [
            "--use-angle=swiftshader",
            "--enable-unsafe-swiftshader",
            "--disable-background-networking",
            "--disable-component-update",
        ],
    })
    onTestFinished(() => browser.close())
    return browser
}
