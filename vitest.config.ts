import { defineConfig } from "vitest/config"
import type { Reporter, TestModule } from "vitest/node"

/** Ends a run with `N passed, N failed` alone on a line, for whoever counts. */
class ClosingLine implements Reporter {
    onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
        const tests = modules.flatMap((module) => [...module.children.allTests()])
        const count = (state: string) =>
            tests.filter((test) => test.result().state === state).length
        // What fails outside any test (a file that does not load, a hook) counts as one failure each.
        const suites = modules.flatMap((module) => [module, ...module.children.allSuites()])
        const outside =
            suites.filter((suite) => suite.errors().length > 0).length + unhandled.length
        const skipped = count("skipped") + count("pending")
        console.log(
            `${count("passed")} passed, ${count("failed") + outside} failed` +
                (skipped > 0 ? `, ${skipped} skipped` : ""),
        )
    }
}

export default defineConfig({
    test: {
        include: ["test/**/*.test.ts"],
        exclude: ["test/device/**"],
        testTimeout: 30_000,
        hookTimeout: 60_000,
        globalSetup: ["test/support/build.ts"],
        pool: "forks",
        maxWorkers: 2,
        reporters: ["default", new ClosingLine()],
    },
})
