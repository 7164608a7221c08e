// Every bench, one after the other.

import { main as alerts } from "./alerts.js"
import { main as fusion } from "./fusion.js"
import { main as path } from "./path.js"

for (const bench of [path, fusion, alerts]) await bench()
