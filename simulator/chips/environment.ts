/** The air and the light around a sensor node at an instant. */
export interface Environment {
    temperatureC: number
    /** Relative humidity, 0 to 100. */
    humidityPercent: number
    pressurePa: number
    illuminanceLux: number
    uvIndex: number
}

export type EnvironmentSource = (atMs: number) => Environment
