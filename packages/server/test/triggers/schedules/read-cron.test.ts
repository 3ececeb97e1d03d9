import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readCron } from "../../../src/triggers/schedules/read-cron.js";
import { readRule } from "../../../src/triggers/schedules/read-rule.js";

describe("lines of cron", () => {
  test.each([
    ["0 6 * * *", "0 0 6 * * *"],
    [" 0\t6  * * * ", "0 0 6 * * *"],
    ["*/15 8-10 1,15 JAN-MAR Mon-Fri", "0 */15,0,15,30,45 8,9,10 1,15 1,2,3 1,2,3,4,5"],
    ["0-59/20 0 * dec 7", "0 0,20,40 0 * 12 0"],
    ["0 0 * * FRI-SUN", "0 0 0 * * 0,5,6"],
    ["0 0 * * 5-7", "0 0 0 * * 0,5,6"],
    ["0 0 * * sun-tue", "0 0 0 * * 0,1,2"],
    ["0 0 */1 * *", "0 0 0 * * *"],
    ["30 0 6 * * *", "30 0 6 * * *"],
    ["@daily", "0 0 0 * * *"],
    ["@HOURLY", "0 0 * * * *"],
    ["@weekly", "0 0 0 * * 0"],
    ["@monthly", "0 0 0 1 * *"],
    ["@yearly", "0 0 0 1 1 *"],
  ])("%s", (text, pattern) => {
    expect(readCron(text).pattern).toBe(pattern);
  });

  test.each([
    ["0 0 13 * 5", false],
    ["0 0 * * 5", true],
    ["0 0 13 * *", true],
    // Both begin with a star, so both count, as in Vixie cron.
    ["0 0 */2 * 5", true],
    ["0 0 13 * */2", true],
  ])("%s: a day must match both fields of days: %s", (text, needsBothDays) => {
    expect(readCron(text).needsBothDays).toBe(needsBothDays);
  });

  test.each([
    ["", /^The schedule "" has 0 fields\. Use five fields such as "0 6 \* \* \*"/],
    ["0 6 * *", /has 4 fields/],
    ["0 0 6 * * * 2027", /has 7 fields/],
    ["@often", /^The schedule "@often" is not known\./],
    ["@reboot", /^@reboot is not a time\. Use a line such as 0 6 \* \* \*/],
    ["60 6 * * *", /has "60" as minute: values are 0 to 59\./],
    ["0 24 * * *", /has "24" as hour: values are 0 to 23\./],
    ["0 0 0 * *", /has "0" as day of the month: values are 1 to 31\./],
    ["0 0 * 13 *", /has "13" as month: values are 1 to 12, or JAN and the like\./],
    ["0 0 * * 8", /has "8" as day of the week: values are 0 to 7, or SUN and the like\./],
    ["0 0 * * mond", /has "mond" as day of the week/],
    ["0 0 L * *", /has "l" as day of the month: L, W, # and \? are not supported\./],
    ["0 0 15W * *", /L, W, # and \? are not supported/],
    ["0 0 * * 5#2", /L, W, # and \? are not supported/],
    ["0 0 ? * 1", /L, W, # and \? are not supported/],
    ["0 0 * * +1", /has "\+1" as day of the week: that is not a value\./],
    ["5/15 * * * *", /has "5\/15" as minute: a step needs a range/],
    ["*/0 * * * *", /the step is not between 1 and 59/],
    ["*/60 * * * *", /the step is not between 1 and 59/],
    ["30-10 * * * *", /the range ends before it begins/],
    ["0,,5 * * * *", /has "" as minute/],
    ["0 0 30 2 *", /^The schedule "0 0 30 2 \*" never runs: no month that it names has such a day\./],
    ["0 0 31 4,6,9,11 *", /never runs/],
    ["0 0 30 2 */3", /never runs/],
    ["x".repeat(300), /is longer than 256 characters/],
  ])("%j is refused", (text, message) => {
    expect(() => readCron(text)).toThrow(TypeError);
    expect(() => readCron(text)).toThrow(message);
  });

  test("the 29th of February, and an impossible day beside a weekday, are not", () => {
    expect(readCron("0 0 29 2 *").pattern).toBe("0 0 0 29 2 *");
    expect(readCron("0 0 30 2 5").needsBothDays).toBe(false);
  });

  test("any text is read or refused with a TypeError, and what is read has a next run soon", async () => {
    const field = fc.oneof(
      fc.constantFrom("*", "*/2", "*/7", "1", "5-7", "29", "31", "1,2", "2", "0-6/3", "feb", "fri"),
      fc.string({ maxLength: 6 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(field, { minLength: 4, maxLength: 7 }), async (fields) => {
        const schedule = fields.join(" ");
        try {
          readCron(schedule);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
          return;
        }
        const rule = await readRule({ schedule, time_zone: "UTC" });
        const next = rule.nextAfter(Date.UTC(2027, 0, 1));
        expect(next).not.toBeNull();
        expect(next ?? 0).toBeLessThan(Date.UTC(2070, 0, 1));
      }),
      { numRuns: 300 },
    );
  });
});

describe("rules", () => {
  test("an interval runs at its multiples since 1970", async () => {
    const rule = await readRule({ every: "10m" });
    const noon = Date.UTC(2027, 5, 1, 12);
    expect(rule.nextAfter(noon - 1)).toBe(noon);
    expect(rule.nextAfter(noon)).toBe(noon + 600_000);
  });

  test.each([
    [{ every: "500ms" }, /^every: 500ms is too short\. Use at least 1s\.$/],
    [{ every: "0s" }, /too short/],
    [{ every: "400d" }, /too long/],
    [{ every: "1h", jitter: "400d" }, /^jitter: 400d is too long\. Use at most 366d\.$/],
    [{ schedule: "0 6 * * *", time_zone: "Europe/Bonn" }, /^This system does not know the time zone "Europe\/Bonn"/],
    [{ schedule: "0 6 * *" }, /has 4 fields/],
  ])("%j is refused", async (source, message) => {
    await expect(readRule(source)).rejects.toThrow(TypeError);
    await expect(readRule(source)).rejects.toThrow(message);
  });

  test("the text of a rule has its time zone, if it names one", async () => {
    expect((await readRule({ schedule: " 0 6 * * *", time_zone: "Asia/Kolkata" })).text).toBe("0 6 * * * Asia/Kolkata");
    expect((await readRule({ schedule: "0 6 * * *" })).text).toBe("0 6 * * *");
  });
});
