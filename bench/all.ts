// Every bench, one after the other.

import { main as alerts } from "./alerts.js"
import { main as codec } from "./codec.js"
import { main as codecSizes } from "./codec-sizes.js"
import { main as energy } from "./energy.js"
import { main as fusion } from "./fusion.js"
import { main as path } from "./path.js"
import { main as store } from "./store.js"

for (const bench of [path, store, codec, codecSizes, fusion, alerts, energy]) await bench()
