import { i2c } from "@devicescript/i2c"
import type { I2cBus } from "../logic/i2c-bus.js"

/** The stock bus behind the port that drivers know. */
export class BoardI2c implements I2cBus {
    async readRegister(address: number, register: number, count: number): Promise<Buffer> {
        return await i2c.readRegBuf(address, register, count)
    }
    async read(address: number, count: number): Promise<Buffer> {
        return await i2c.readBuf(address, count)
    }
    async write(address: number, bytes: Buffer): Promise<void> {
        await i2c.writeBuf(address, bytes)
    }
}
