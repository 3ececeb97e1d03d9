import { isClockSet } from "@nanoagent/models";
import type { Clock } from "./clock.js";
import { type ClockEvidence, localEvidence } from "./clock-evidence.js";

/** Time between two looks at the clock. A jump is noticed within it. */
const TICK_MILLISECONDS = 10_000;
/** Difference between both clocks in a tick above which the wall clock has jumped. */
const JUMP_MILLISECONDS = 2000;
/** How far the clock may be behind what was written before: boards save the time once an hour. */
const BEHIND_MILLISECONDS = 60 * 60 * 1000;
/** Time after the start of a device in which a time server would have answered. */
const SETTLED_MILLISECONDS = 10 * 60 * 1000;

export interface WallClockOptions {
  readonly clock: Clock;
  /** Newest time that was written before this start, or null. The clock cannot be before it. */
  readonly newestAt: number | null;
  readonly evidence?: ClockEvidence;
}

/** Calls back at a time that the wall clock shows. */
export interface Alarm {
  /** Sets the time, or none. */
  set(time: number | null): void;
  close(): void;
}

/**
 * The clock on the wall, which may be wrong after a start and may jump. All alarms share one timer, which also compares the
 * clock with one that never jumps, each 10 s.
 */
export class WallClock {
  readonly #clock: Clock;
  readonly #newestAt: number | null;
  readonly #evidence: ClockEvidence;
  readonly #alarms = new Map<() => void, number | null>();
  /** Time of the first alarm, or null. */
  #next: number | null = null;
  #cancel: (() => void) | null = null;
  /** Whether the clock is right for good: it was set, or had the time to be. */
  #isTrusted = false;
  #wasPlausible: boolean;
  /** Both clocks at the last look. */
  #seen: { wall: number; monotonic: number };
  #jumpedTo: number | null = null;

  constructor({ clock, newestAt, evidence = localEvidence() }: WallClockOptions) {
    this.#clock = clock;
    this.#newestAt = newestAt;
    this.#evidence = evidence;
    this.#seen = { wall: clock.now(), monotonic: clock.monotonic() };
    this.#wasPlausible = this.isPlausible;
  }

  now(): number {
    return this.#clock.now();
  }

  /**
   * Time that the clock showed after its last jump by more than 10 s, or null. Nobody watched the time before it: the clock
   * was set, or the device slept.
   */
  get jumpedTo(): number | null {
    return this.#jumpedTo;
  }

  /** Whether the time can be right. Nothing should be scheduled by one that cannot. */
  get isPlausible(): boolean {
    return this.problem === null;
  }

  /** Sentences about a clock that is not plausible, or null. */
  get problem(): string | null {
    const now = this.now();
    const wait = "Scheduled runs wait until it is set, by a time server or by hand.";
    if (!isClockSet(now)) {
      return `The clock of this device shows ${new Date(now).toISOString()}, so it was never set. ${wait}`;
    }
    if (this.#isTrusted) return null;
    const isBehind = this.#newestAt !== null && now < this.#newestAt - BEHIND_MILLISECONDS;
    this.#isTrusted = (!isBehind && this.#evidence.hasHardwareClock()) || this.#isSettled();
    if (this.#isTrusted) return null;
    const reason = isBehind
      ? `shows ${new Date(now).toISOString()}, which is before the newest event`
      : "does not go on while the device is off, and no time server has set it since the start";
    return `The clock of this device ${reason}. ${wait}`;
  }

  /** Whether the clock was set, or a time server had the time to. */
  #isSettled(): boolean {
    return this.#evidence.isSynchronized() || this.#evidence.uptimeMilliseconds() >= SETTLED_MILLISECONDS;
  }

  /**
   * Adds an alarm. It calls back at its time, and also after each jump of the clock and when the clock becomes plausible or
   * ceases to be: then everything that depends on the time is to be computed anew.
   */
  addAlarm(onTime: () => void): Alarm {
    const callback = () => onTime();
    this.#alarms.set(callback, null);
    this.#arm();
    return {
      set: (time) => {
        if (!this.#alarms.has(callback) || this.#alarms.get(callback) === time) return;
        this.#alarms.set(callback, time);
        this.#arm();
      },
      close: () => {
        this.#alarms.delete(callback);
        this.#arm();
      },
    };
  }

  #arm(): void {
    this.#cancel?.();
    this.#cancel = null;
    if (this.#alarms.size === 0) return;
    this.#next = null;
    for (const time of this.#alarms.values()) {
      if (time !== null && (this.#next === null || time < this.#next)) this.#next = time;
    }
    this.#armTimer();
  }

  #armTimer(): void {
    const left = this.#next === null ? TICK_MILLISECONDS : this.#next - this.now();
    this.#cancel = this.#clock.setTimer(() => this.#look(), Math.min(Math.max(Math.ceil(left), 1), TICK_MILLISECONDS));
  }

  #look(): void {
    const seen = { wall: this.#clock.now(), monotonic: this.#clock.monotonic() };
    const difference = seen.wall - this.#seen.wall - (seen.monotonic - this.#seen.monotonic);
    this.#seen = seen;
    const hasJumped = Math.abs(difference) > JUMP_MILLISECONDS;
    if (Math.abs(difference) > TICK_MILLISECONDS) this.#jumpedTo = seen.wall;
    // Someone set it.
    if (hasJumped) this.#isTrusted = true;
    const { isPlausible } = this;
    const isForAll = hasJumped || isPlausible !== this.#wasPlausible;
    this.#wasPlausible = isPlausible;
    if (!isForAll && (this.#next === null || this.#next > seen.wall)) {
      this.#armTimer();
      return;
    }
    for (const [callback, time] of [...this.#alarms]) {
      const isDue = time !== null && time <= seen.wall;
      if (!isForAll && !isDue) continue;
      if (this.#alarms.has(callback)) this.#alarms.set(callback, null);
      callback();
    }
    this.#arm();
  }
}
