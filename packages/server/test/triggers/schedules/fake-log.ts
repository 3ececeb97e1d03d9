import type { ScheduleProgress } from "../../../src/triggers/schedules/schedule-source.js";
import type { Acceptance, NewEvent } from "../../../src/triggers/trigger-event.js";

/** The log of events of a device that loses its power. All that is in it survives; a program without power does nothing. */
export class FakeLog {
  readonly accepted: NewEvent[] = [];
  /** Time of the newest event, by the clock of the device. */
  newestAt: number | null = null;
  /** Whether the power fails when the next run has been accepted, before the program hears of it. */
  failsAtNextRun = false;
  readonly #through = new Map<string, { rule: string; through: number }>();
  #isOn = false;
  #reads = 0;
  #settledReads = 0;

  get isOn(): boolean {
    return this.#isOn;
  }

  /** Starts the program. Returns its connection to the log, which works until the power fails. */
  start() {
    this.#isOn = true;
    this.failsAtNextRun = false;
    const power = { isOn: true };
    this.cutPower = () => {
      power.isOn = false;
      this.#isOn = false;
    };
    return {
      progressOf: (trigger: string): ScheduleProgress => ({
        read: (rule) => {
          this.#reads += 1;
          const known = this.#through.get(trigger);
          return known?.rule === rule ? known.through : null;
        },
        write: async (rule, through) => {
          if (power.isOn) this.#through.set(trigger, { rule, through });
        },
      }),
      accept: async (event: NewEvent): Promise<Acceptance> => {
        await Promise.resolve();
        if (!power.isOn) return await forever();
        this.newestAt = event.at;
        this.accepted.push(event);
        if (event.reached !== undefined) this.#through.set(event.trigger, event.reached);
        if (this.failsAtNextRun) {
          this.cutPower();
          return await forever();
        }
        return { status: "kept", id: `${this.accepted.length}` };
      },
    };
  }

  cutPower: () => void = () => {};

  /** Lets the program finish its work, if it has any. Returns false when it lost its power. */
  readonly settle = (): Promise<boolean> | boolean => {
    if (this.#reads === this.#settledReads) return this.#isOn;
    this.#settledReads = this.#reads;
    return new Promise((resolve) => setImmediate(() => resolve(this.#isOn)));
  };
}

function forever(): Promise<never> {
  return new Promise(() => {});
}
