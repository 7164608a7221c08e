import { atOrderDesk } from "../gateway/order-client.js"

export async function orderCommand(
    deviceId: string,
    action: string,
    details: string[],
    options: { data: string; as: string },
): Promise<void> {
    const { data, as: user } = options
    const orders = await atOrderDesk({ data, user, deviceId, action, details })
    for (const order of orders) process.stdout.write(`${JSON.stringify(order)}\n`)
}
