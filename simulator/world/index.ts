// The world as the fleet sees it: what is true at an instant, and what a receiver makes of it.

export { type Crossing, crossingsBetween } from "./crossings.js"
export { type DemoVehicle, type DemoWorld, demoWorld } from "./demo.js"
export { makeReceiver, type Receiver, type ReceiverView, receiverView } from "./receiver-error.js"
export { type Truth, type Vehicle, vehicleTruth } from "./vehicle.js"
