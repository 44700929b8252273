/** Time as an argument: protocol code never reads a clock of its own. */

/** The time as milliseconds since 1970-01-01T00:00:00Z. */
export type Clock = () => number;

/** The host's clock; passed in at the outermost layer only. */
export const systemClock: Clock = () => Date.now();
