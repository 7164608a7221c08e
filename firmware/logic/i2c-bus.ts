/** What a driver needs of the bus. Each call throws when the part does not answer. */
export interface I2cBus {
    /** Writes the register's number, then reads `count` bytes. */
    readRegister(address: number, register: number, count: number): Promise<Buffer>
    /** Reads on from wherever the part stands. */
    read(address: number, count: number): Promise<Buffer>
    write(address: number, bytes: Buffer): Promise<void>
}
