// What the motion decision remembers over a sleep. Times are device seconds, -1 for never; the rest
// are counts, and flags as 0 and 1.

export const enum MotionPhase {
    parked = 0,
    /** Something moved or a fix strayed: nothing is said until it is known to be a journey. */
    maybe = 1,
    moving = 2,
}

/** What is thought of the accelerometer; absent is an input, not a thought. */
export const enum AccelerometerHealth {
    good = 0,
    /** It fires while fixes stand still, and has not been calm for a day. */
    alwaysFires = 1,
    /** Fixes travelled again and again and it has not fired. */
    neverFires = 2,
}

export interface Motion {
    /** A MotionPhase. */
    phase: number
    /** Since when it has been in this phase. */
    sinceS: number
    /** In `maybe`: when the next look at the latch counts. */
    lookAtS: number
    /** 1: the latch has fired since the last look. */
    isSeen: number
    /** Looks in `maybe` that found the latch fired, and how many on end did not. */
    activeLooks: number
    calmLooks: number
    /** Fixes on end that lay away from the anchor. */
    awayFixes: number
    /** The last sign of motion while moving. */
    activeAtS: number
    /** Since when fixes have stayed at the anchor. */
    restAtS: number
    /** When satellites were last searched, with or without a fix. */
    triedAtS: number
    fixAtS: number
    /** Where it rests: a weighted mean. Millionths of a degree; not known while `anchorFixes` is 0. */
    anchorLatUdeg: number
    anchorLonUdeg: number
    /** Sum of the weights, each a millionth of 1 / m2. */
    anchorInfo: number
    anchorFixes: number
    averagedAtS: number
    /** The latch is not believed before this: it shook, and fixes stood still. */
    quietUntilS: number
    falseAlarms: number
    /** An AccelerometerHealth. */
    health: number
    /** When the latch was last found calm (before that: first read), and how often on end. */
    calmAtS: number
    calmRun: number
    /** False alarms since it was last found calm. */
    shakenInPlace: number
    /** 1: it has fired since the last journey ended. */
    isHeard: number
    /** Journeys on end in which it did not. */
    silentJourneys: number
}

const FIELDS = 24

/** Parked at a place that is not known. */
export function newMotion(): Motion {
    return motionFrom([
        ...[0, 0, -1, 0, 0, 0, 0, -1, -1, -1, -1],
        ...[0, 0, 0, 0, -1, -1, 0, 0, -1, 0, 0, 0, 0],
    ])
}

export function motionRow(motion: Motion): number[] {
    return [
        motion.phase,
        motion.sinceS,
        motion.lookAtS,
        motion.isSeen,
        motion.activeLooks,
        motion.calmLooks,
        motion.awayFixes,
        motion.activeAtS,
        motion.restAtS,
        motion.triedAtS,
        motion.fixAtS,
        motion.anchorLatUdeg,
        motion.anchorLonUdeg,
        motion.anchorInfo,
        motion.anchorFixes,
        motion.averagedAtS,
        motion.quietUntilS,
        motion.falseAlarms,
        motion.health,
        motion.calmAtS,
        motion.calmRun,
        motion.shakenInPlace,
        motion.isHeard,
        motion.silentJourneys,
    ]
}

/** A new one where the row is of another version or cannot be. */
export function motionOf(row: number[]): Motion {
    if (row.length !== FIELDS) return newMotion()
    for (const value of row) if (Math.floor(value) !== value) return newMotion()
    const motion = motionFrom(row)
    const isPhase = motion.phase >= MotionPhase.parked && motion.phase <= MotionPhase.moving
    const isHealth = motion.health >= 0 && motion.health <= AccelerometerHealth.neverFires
    const isPlace =
        Math.abs(motion.anchorLatUdeg) <= 90000000 && Math.abs(motion.anchorLonUdeg) <= 180000000
    const isAnchor = motion.anchorFixes === 0 || (motion.anchorFixes > 0 && motion.anchorInfo > 0)
    return isPhase && isHealth && isPlace && isAnchor ? motion : newMotion()
}

export function copyOfMotion(motion: Motion): Motion {
    return motionFrom(motionRow(motion))
}

function motionFrom(row: number[]): Motion {
    return {
        phase: row[0],
        sinceS: row[1],
        lookAtS: row[2],
        isSeen: row[3],
        activeLooks: row[4],
        calmLooks: row[5],
        awayFixes: row[6],
        activeAtS: row[7],
        restAtS: row[8],
        triedAtS: row[9],
        fixAtS: row[10],
        anchorLatUdeg: row[11],
        anchorLonUdeg: row[12],
        anchorInfo: row[13],
        anchorFixes: row[14],
        averagedAtS: row[15],
        quietUntilS: row[16],
        falseAlarms: row[17],
        health: row[18],
        calmAtS: row[19],
        calmRun: row[20],
        shakenInPlace: row[21],
        isHeard: row[22],
        silentJourneys: row[23],
    }
}
