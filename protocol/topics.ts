// b/<handle>/u carries what a device says, b/<handle>/d what it is told.

export function uplinkTopic(handle: string): string {
    return `b/${handle}/u`
}
export function downlinkTopic(handle: string): string {
    return `b/${handle}/d`
}
