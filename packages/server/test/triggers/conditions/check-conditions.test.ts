import type { TriggerCondition } from "@nanoagent/models";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { checkAfterWait, checkConditions } from "../../../src/triggers/conditions/check-conditions.js";
import { shiftWaits } from "../../../src/triggers/conditions/condition-state.js";

const MINUTE = 60_000;
const NOON = Date.parse("2027-06-01T12:00:00Z");

/** Events of one topic, one after the other, with the state in the form in which it is stored. */
class Readings {
  state: unknown = null;
  constructor(private readonly conditions: readonly TriggerCondition[]) {}

  at(minutes: number, payload: unknown, topic?: string) {
    return this.#keep(
      checkConditions(this.conditions, event(minutes, payload, topic), this.state, NOON + minutes * MINUTE),
    );
  }

  afterWait(minutes: number, payload: unknown, now: number) {
    return this.#keep(checkAfterWait(this.conditions, event(minutes, payload), this.state, NOON + now * MINUTE));
  }

  verdicts(...payloads: unknown[]) {
    return payloads.map((payload, index) => this.at(index, payload).verdict);
  }

  #keep(check: ReturnType<typeof checkConditions>) {
    this.state = JSON.parse(JSON.stringify(check.state));
    return check;
  }
}

const event = (minutes: number, payload: unknown, topic?: string) => ({ at: NOON + minutes * MINUTE, payload, topic });
const test1 = (condition: TriggerCondition, payload: unknown, topic?: string) =>
  new Readings([condition]).at(0, payload, topic);

describe("comparisons", () => {
  test.each<[TriggerCondition, unknown, boolean, string]>([
    [{ below: 30 }, 29.9, true, "payload is 29.9, below 30."],
    [{ below: 30 }, 30, false, "payload is 30, not below 30."],
    [{ at_most: 30 }, 30, true, "payload is 30, at most 30."],
    [{ above: 30 }, 30, false, "payload is 30, not above 30."],
    [{ at_least: 30 }, "30", true, 'payload is "30", at least 30.'],
    [{ above: -1 }, " 2.5e1 ", true, 'payload is " 2.5e1 ", above -1.'],
    [{ above: 1 }, "0x10", false, 'payload is "0x10", which is not a number.'],
    [{ above: 1 }, "", false, 'payload is "", which is not a number.'],
    [{ above: 1 }, null, false, "payload is null, which is not a number."],
    [{ above: 1 }, true, false, "payload is true, which is not a number."],
    [{ above: 1 }, [5], false, "payload is [5], which is not a number."],
    [{ equals: "on" }, "on", true, 'payload is "on", equal to "on".'],
    [{ equals: 1 }, "1", false, 'payload is "1", not equal to 1.'],
    [{ equals: null }, null, true, "payload is null, equal to null."],
    [{ equals: false }, false, true, "payload is false, equal to false."],
    [{ not_equals: "off" }, "on", true, 'payload is "on", different from "off".'],
    [{ one_of: ["a", 1] }, 1, true, 'payload is 1, one of "a", 1.'],
    [{ one_of: ["a", 1] }, "b", false, 'payload is "b", not one of "a", 1.'],
    [{ above: 10, below: 20 }, 15, true, "payload is 15, above 10 and below 20."],
    [{ above: 10, below: 20 }, 25, false, "payload is 25, not below 20."],
    [{ value: "payload.percent", below: 30 }, { percent: 2 }, true, "payload.percent is 2, below 30."],
    [{ value: "payload.percent", below: 30 }, {}, false, "payload.percent is missing."],
    [{ value: "payload.percent", not_equals: 30 }, {}, false, "payload.percent is missing."],
  ])("%j of %j", (condition, payload, isMet, reason) => {
    const check = test1(condition, payload);
    expect(check.verdict).toBe(isMet ? "met" : "not-met");
    expect(check.reason).toBe(reason);
  });

  test("a level of the topic, and the time", () => {
    expect(test1({ value: "topic.1", equals: "3" }, 1, "garden/3").verdict).toBe("met");
    expect(test1({ value: "at", above: 0 }, 1).verdict).toBe("met");
  });

  test("without conditions, every event counts", () => {
    expect(checkConditions([], event(0, 1), null, NOON)).toMatchObject({
      verdict: "met",
      reason: "Every event counts.",
    });
  });

  test("all must hold", () => {
    const both = new Readings([
      { value: "payload.a", above: 1 },
      { value: "payload.b", equals: "x" },
    ]);
    expect(both.verdicts({ a: 2, b: "x" }, { a: 2, b: "y" }, { a: 1, b: "x" })).toEqual(["met", "not-met", "not-met"]);
  });

  test("a long value is cut in the reason", () => {
    expect(test1({ equals: "x" }, "long".repeat(10_000)).reason.length).toBeLessThan(120);
  });

  test("any payload and any state give a verdict", () => {
    const condition = fc.record(
      {
        value: fc.constantFrom("payload", "payload.a", "payload.__proto__", "topic.0", "nothing"),
        equals: fc.constantFrom("x", 1, null),
        above: fc.double({ noNaN: true }),
        hysteresis: fc.nat(),
        change_by: fc.nat(),
        for: fc.constantFrom("0s", "5m", "999999999d"),
        rate_limit: fc.record({ max: fc.integer({ min: 1 }), per: fc.constantFrom("0s", "1h") }),
        quiet_hours: fc.constantFrom(
          { from: "22:00", to: "06:00", time_zone: "No/Where" },
          { from: "00:00", to: "23:59" },
        ),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.array(condition, { maxLength: 3 }),
        fc.jsonValue(),
        fc.jsonValue(),
        (conditions, payload, state) => {
          const check = checkConditions(conditions, event(0, payload), state, NOON);
          expect(JSON.parse(JSON.stringify(check.state))).toEqual(check.state);
          const again = checkConditions(conditions, event(0, payload), check.state, NOON);
          expect(["met", "not-met", "waits"]).toContain(again.verdict);
        },
      ),
    );
  });
});

describe("hysteresis", () => {
  test("counts once for each crossing", () => {
    const dry = new Readings([{ below: 30, hysteresis: 3 }]);
    expect(dry.verdicts(35, 29, 28, 31, 29, 32.9, 29, 33, 29)).toEqual([
      ...["not-met", "met", "not-met", "not-met", "not-met", "not-met", "not-met", "not-met", "met"],
    ]);
  });

  test.each<[TriggerCondition, number, number]>([
    [{ above: 30, hysteresis: 3 }, 31, 27],
    [{ at_least: 30, hysteresis: 3 }, 30, 27],
    [{ at_most: 0.3, hysteresis: 0.1 }, 0.3, 0.4],
    [{ below: 30, hysteresis: 0 }, 29, 30],
    [{ at_most: 30, hysteresis: 0 }, 30, 30.01],
    [{ above: 10, below: 20, hysteresis: 1 }, 15, 21],
    [{ above: 10, below: 20, hysteresis: 1 }, 15, 9],
  ])("%j: %d counts, %d lets it count again", (condition, crossing, back) => {
    expect(new Readings([condition]).verdicts(crossing, crossing, back, crossing)).toEqual([
      "met",
      "not-met",
      "not-met",
      "met",
    ]);
  });

  test("the reason says that it has counted", () => {
    const dry = new Readings([{ below: 30, hysteresis: 3 }]);
    dry.at(0, 29);
    expect(dry.at(1, 28).reason).toBe("payload is 28, below 30, as when it counted last.");
  });

  test("a value that is missing or not a number changes nothing", () => {
    const dry = new Readings([{ value: "payload.p", below: 30, hysteresis: 3 }]);
    expect(dry.verdicts({ p: 29 }, {}, { p: "?" }, { p: 28 })).toEqual(["met", "not-met", "not-met", "not-met"]);
  });

  test("another comparison that ceases to hold lets it count again", () => {
    const both = new Readings([{ above: 1, not_equals: 5, hysteresis: 1 }]);
    expect(both.verdicts(2, 3, 5, 3)).toEqual(["met", "not-met", "not-met", "met"]);
  });

  test("is the same as a switch with two edges", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 20, max: 40 })), (values) => {
        let isArmed = true;
        const expected = values.map((value) => {
          const isMet = isArmed && value < 30;
          if (isMet) isArmed = false;
          if (value >= 33) isArmed = true;
          return isMet ? "met" : "not-met";
        });
        expect(new Readings([{ below: 30, hysteresis: 3 }]).verdicts(...values)).toEqual(expected);
      }),
    );
  });

  test("other conditions begin anew", () => {
    const dry = new Readings([{ below: 30, hysteresis: 3 }]);
    dry.at(0, 29);
    expect(checkConditions([{ below: 31, hysteresis: 3 }], event(1, 29), dry.state, NOON).verdict).toBe("met");
  });
});

describe("change_by", () => {
  test("compares with the value that counted last", () => {
    const changes = new Readings([{ change_by: 0.3 }]);
    expect(changes.verdicts(20, 20.2, 20.29, 20.3, 20.1, 20, "20.3", "x", undefined)).toEqual([
      ...["met", "not-met", "not-met", "met", "not-met", "met", "met", "not-met", "not-met"],
    ]);
  });

  test("a step of exactly this size counts, in spite of rounding", () => {
    const changes = new Readings([{ change_by: 0.3 }]);
    expect(20.4 - 20.1).toBeLessThan(0.3);
    expect(changes.verdicts(20.1, 20.4)).toEqual(["met", "met"]);
  });

  test("an event that another condition stops does not count", () => {
    const changes = new Readings([
      { value: "payload.t", change_by: 2 },
      { value: "payload.on", equals: true },
    ]);
    expect(changes.verdicts({ t: 1, on: true }, { t: 3, on: false }, { t: 3, on: true })).toEqual([
      "met",
      "not-met",
      "met",
    ]);
  });
});

describe("for", () => {
  const condition = { below: 30, for: "5m" };

  test("waits, and is met when no other event comes", () => {
    const dry = new Readings([condition]);
    expect(dry.at(0, 29)).toMatchObject({
      verdict: "waits",
      until: NOON + 5 * MINUTE,
      reason: "payload is 29, below 30 and must stay so for 5m.",
    });
    expect(dry.afterWait(0, 29, 5).verdict).toBe("met");
    expect(dry.at(6, 28).verdict).toBe("not-met");
    expect(dry.at(7, 31).verdict).toBe("not-met");
    expect(dry.at(8, 29)).toMatchObject({ verdict: "waits", until: NOON + 13 * MINUTE });
  });

  test("a later event takes the place, with the same end", () => {
    const dry = new Readings([condition]);
    dry.at(0, 29);
    expect(dry.at(4, 28)).toMatchObject({ verdict: "waits", until: NOON + 5 * MINUTE });
    expect(dry.at(5, 28).verdict).toBe("met");
    expect(dry.at(6, 28).verdict).toBe("not-met");
  });

  test("an event that does not hold ends the waiting", () => {
    const dry = new Readings([condition]);
    dry.at(0, 29);
    expect(dry.at(3, 30).verdict).toBe("not-met");
    expect(dry.at(4, 29)).toMatchObject({ verdict: "waits", until: NOON + 9 * MINUTE });
    expect(dry.at(5, {}).verdict).toBe("not-met");
    expect(dry.at(6, 29)).toMatchObject({ verdict: "waits", until: NOON + 11 * MINUTE });
  });

  test("of two conditions, the later end counts, and each counts its own time", () => {
    const two = new Readings([
      { value: "payload.a", above: 0, for: "5m" },
      { value: "payload.b", above: 0, for: "2m" },
    ]);
    expect(two.at(0, { a: 1, b: 0 }).verdict).toBe("not-met");
    expect(two.at(4, { a: 1, b: 1 })).toMatchObject({ verdict: "waits", until: NOON + 6 * MINUTE });
    expect(two.at(6, { a: 1, b: 1 }).verdict).toBe("met");
  });

  test("an event that waited in the queue still waits for a later one", () => {
    expect(checkConditions([condition], event(0, 29), null, NOON + 60 * MINUTE)).toMatchObject({
      verdict: "waits",
      until: NOON + 5 * MINUTE,
    });
  });

  test("time for which the device was off does not count", () => {
    const dry = new Readings([condition]);
    dry.at(0, 29);
    dry.state = shiftWaits(dry.state, 60 * MINUTE);
    expect(dry.at(62, 29)).toMatchObject({ verdict: "waits", until: NOON + 65 * MINUTE });
    expect(shiftWaits(null, 5)).toBeNull();
    expect(shiftWaits("x", 5)).toBe("x");
  });

  test("a clock that is set, or goes back, begins the time anew", () => {
    const dry = new Readings([condition]);
    dry.at(-NOON / MINUTE, 29);
    expect(dry.at(0, 29)).toMatchObject({ verdict: "waits", until: NOON + 5 * MINUTE });
    expect(dry.at(-60, 29)).toMatchObject({ verdict: "waits", until: NOON - 55 * MINUTE });
  });

  test("with hysteresis, it is met once for each crossing that lasts", () => {
    const dry = new Readings([{ below: 30, hysteresis: 3, for: "5m" }]);
    dry.at(0, 29);
    expect(dry.afterWait(0, 29, 5).verdict).toBe("met");
    expect(dry.at(6, 31).verdict).toBe("not-met");
    expect(dry.at(7, 29).verdict).toBe("not-met");
    expect(dry.at(8, 33).verdict).toBe("not-met");
    expect(dry.at(9, 29)).toMatchObject({ verdict: "waits", until: NOON + 14 * MINUTE });
  });
});

describe("limits of the rate", () => {
  test("so many within the time, and then later again", () => {
    const limited = new Readings([{ rate_limit: { max: 2, per: "10m" } }]);
    expect([0, 1, 2, 9.99, 10, 10.5, 11].map((minutes) => limited.at(minutes, 1).verdict)).toEqual([
      ...["met", "met", "not-met", "not-met", "met", "not-met", "met"],
    ]);
    expect(limited.at(11.5, 1).reason).toBe("The limit of 2 per 10m is reached.");
  });

  test("an event that is stopped does not use up a crossing", () => {
    const limited = new Readings([{ below: 30, hysteresis: 1 }, { rate_limit: { max: 1, per: "10m" } }]);
    expect(
      [limited.at(0, 29), limited.at(1, 40), limited.at(2, 29), limited.at(10, 29)].map(({ verdict }) => verdict),
    ).toEqual([...["met", "not-met", "not-met", "met"]]);
  });

  test.each([1, 3, 100, 101, 1000, 5000])("never more than %d in any 10 minutes, with a small state", (max) => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40_000 }), { minLength: 300, maxLength: 300 }), (gaps) => {
        const conditions = [{ rate_limit: { max, per: "10m" } }];
        const met: number[] = [];
        let state: unknown = null;
        let now = NOON;
        let blocked = 0;
        for (const gap of gaps) {
          now += Math.floor(gap / max);
          const check = checkConditions(conditions, event(0, 1), state, now);
          state = check.state;
          if (check.verdict === "met") met.push(now);
          else blocked += 1;
        }
        for (let index = max; index < met.length; index++) {
          expect((met[index] ?? 0) - (met[index - max] ?? 0)).toBeGreaterThanOrEqual(10 * MINUTE);
        }
        if (gaps.length <= max) expect(blocked).toBe(0);
        expect(JSON.stringify(state).length).toBeLessThan(3000);
      }),
      { numRuns: 10 },
    );
  });

  test("a clock that goes back stops it for one period at most", () => {
    const limited = new Readings([{ rate_limit: { max: 1, per: "10m" } }]);
    expect([0, -1440, -1431, -1430, -1429].map((minutes) => limited.at(minutes, 1).verdict)).toEqual([
      ...["met", "not-met", "not-met", "met", "not-met"],
    ]);
  });
});

describe("quiet hours", () => {
  const quiet = (from: string, to: string, time_zone = "UTC") => [{ quiet_hours: { from, to, time_zone } }];
  const verdictAt = (conditions: readonly TriggerCondition[], time: string) =>
    checkConditions(conditions, event(0, 1), null, Date.parse(time)).verdict;

  test("within a day, and across midnight", () => {
    const times = ["00:00", "05:59", "06:00", "12:00", "21:59", "22:00", "23:59"];
    const at = (conditions: readonly TriggerCondition[]) =>
      times.filter((time) => verdictAt(conditions, `2027-06-01T${time}:30Z`) === "not-met");
    expect(at(quiet("22:00", "06:00"))).toEqual(["00:00", "05:59", "22:00", "23:59"]);
    expect(at(quiet("06:00", "22:00"))).toEqual(["06:00", "12:00", "21:59"]);
  });

  test.each([
    // The clock goes from 2:00 to 3:00 at 1:00 UTC.
    ["2027-03-28T00:59:00Z", "not-met"],
    ["2027-03-28T01:00:00Z", "met"],
    // The hour from 2:00 to 3:00 comes twice, at 0:00 and at 1:00 UTC.
    ["2027-10-31T00:29:00Z", "not-met"],
    ["2027-10-31T00:30:00Z", "met"],
    ["2027-10-31T01:29:00Z", "not-met"],
    ["2027-10-31T01:30:00Z", "met"],
  ])("follow the clock on the wall: %s in Berlin", (time, verdict) => {
    expect(verdictAt(quiet("22:00", "02:30", "Europe/Berlin"), time)).toBe(verdict);
  });

  test("without a time zone, that of the system counts", () => {
    const conditions = [{ quiet_hours: { from: "22:00", to: "06:00" } }];
    vi.stubEnv("TZ", "Asia/Kolkata");
    expect(verdictAt(conditions, "2027-06-01T16:29:00Z")).toBe("met");
    expect(verdictAt(conditions, "2027-06-01T16:30:00Z")).toBe("not-met");
    vi.stubEnv("TZ", "America/New_York");
    expect(verdictAt(conditions, "2027-06-01T16:30:00Z")).toBe("met");
    vi.unstubAllEnvs();
  });

  test("an event in them does not use up a crossing", () => {
    const conditions = [{ below: 30, hysteresis: 3, for: "5m" }, ...quiet("12:00", "13:00")];
    const dry = new Readings(conditions);
    expect(dry.at(0, 29).verdict).toBe("waits");
    expect(dry.afterWait(0, 29, 5)).toMatchObject({
      verdict: "not-met",
      reason: "These are quiet hours, from 12:00 to 13:00.",
    });
    expect(dry.at(30, 28).verdict).toBe("not-met");
    expect(dry.at(60, 28).verdict).toBe("met");
    expect(dry.at(61, 28).verdict).toBe("not-met");
  });

  test("a time zone that the system does not know stops the trigger with a reason", () => {
    expect(checkConditions(quiet("22:00", "06:00", "No/Where"), event(0, 1), null, NOON)).toMatchObject({
      verdict: "not-met",
      reason: "The quiet hours have a time zone that this system does not know: No/Where.",
    });
  });
});
