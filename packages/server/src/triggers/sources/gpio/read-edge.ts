export type Edge = "rising" | "falling";

export interface EdgeEvent {
  readonly edge: Edge;
  /** The kernel's time of the edge in milliseconds: since 1970, or since the start of the system. */
  readonly stamp: number;
}

/** Reads a line of gpiomon: `1 SECONDS.NANOSECONDS` of version 1, `rising SECONDS.NANOSECONDS` of version 2. */
export function readEdge(line: string): EdgeEvent | null {
  const [, word, seconds, nanoseconds] = /^\s*([01]|rising|falling)\s+(\d{1,12})\.\s*(\d{1,9})\s*$/.exec(line) ?? [];
  if (word === undefined) return null;
  return {
    edge: word === "1" || word === "rising" ? "rising" : "falling",
    // Version 1 writes nanoseconds without leading zeros, version 2 with all nine digits.
    stamp: Number(seconds) * 1000 + Number(nanoseconds) / 1e6,
  };
}

/** Oldest edge whose stamp is believed: a clock that is wrong by more would give nonsense. */
const MAX_AGE_MILLISECONDS = 10 * 60_000;

/**
 * Returns the time of an edge in milliseconds since 1970. Which clock the kernel's stamp is of depends on the kernel
 * and on the version of libgpiod. A stamp of neither clock is ignored.
 */
export function timeOfEdge(stamp: number, now: number, uptime: number): number {
  for (const clock of [now, uptime]) {
    const age = clock - stamp;
    if (age >= -1 && age <= MAX_AGE_MILLISECONDS) return now - Math.max(0, age);
  }
  return now;
}
