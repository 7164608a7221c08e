// Builds the console to dist/console: hashed names, a module worker, nothing fetched from elsewhere.

import { fileURLToPath } from "node:url"
import { svelte } from "@sveltejs/vite-plugin-svelte"
import { defineConfig } from "vite"

const here = fileURLToPath(new URL(".", import.meta.url))

export default defineConfig({
    root: here,
    publicDir: false,
    plugins: [svelte({ configFile: `${here}svelte.config.js` })],
    worker: { format: "es" },
    build: {
        outDir: `${here}../dist/console`,
        emptyOutDir: true,
        target: "es2023",
        // A `data:` script or font would need a wider content security policy.
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        // MapLibre alone is about 1 MB; the map is why one opens this page.
        chunkSizeWarningLimit: 1_600,
    },
})
