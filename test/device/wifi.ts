// The Wi-Fi driver without the rest: joins by the networks in the settings, says how it went, tries
// a socket, scans where the settings ask for it.

import * as ds from "@devicescript/core"
import { readSetting } from "@devicescript/settings"
import { closeSocket, nextSocketEvent, openSocket } from "../../firmware/drivers/socket.js"
import { readWifiNetworks, Wifi } from "../../firmware/drivers/wifi.js"
import { tell } from "./runs/tell.js"

const SOCKET_WAIT_MS = 3000

const wifi = new Wifi(await readWifiNetworks(), await readSetting<number>("current", 0))
const isScanWanted = (await readSetting<string>("scan", "")) === "yes"
const waitS = await readSetting<number>("wait", 0)

async function trySocket(): Promise<void> {
    openSocket("gateway", 1883, false)
    const event = await nextSocketEvent(SOCKET_WAIT_MS)
    tell("socket", event ? event.what : "silent")
    closeSocket()
}

async function scan(): Promise<void> {
    for (const point of await wifi.scan())
        tell("point", `${point.bssid.toString("hex")} ${point.signalDbm}`)
}

const isJoined = await wifi.join()
tell("join", `${isJoined} ${wifi.current} at ${ds.millis()}`)
tell("signal", `${await wifi.signalDbm()}`)
if (isScanWanted) await scan()
await trySocket()
await ds.sleep(waitS * 1000)
if (waitS > 0) {
    tell("later", `${wifi.isJoined()}`)
    await trySocket()
}
