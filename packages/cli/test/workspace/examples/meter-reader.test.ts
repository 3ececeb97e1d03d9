import { appendFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import type { ExampleCopy } from "../example-copy.js";
import { contents, copyOf, expectReplies } from "./expect-replies.js";

const sentences: [message: string, reply: string][] = [
  [
    "how much did we consume yesterday",
    "Yesterday: house 11.5 kWh, heat pump 17.1 kWh, car charger 1.3 kWh, water 1.49 m³.",
  ],
  [
    "How much electricity have we used on Saturday?",
    "On Mar 28: house 11.8 kWh, heat pump 16.5 kWh, car charger 7.4 kWh, together 35.7 kWh.",
  ],
  ["How much power was used between March 24 and March 27th?", "From Mar 24 through Mar 27: house 47.1 kWh"],
  ["our water usage this week", "This week: water 0.45 m³."],
  ["how much does the wallbox need on March 23rd", "On Mar 23: car charger "],
  ["Show me the consumption of the heating for the last 7 days", "In the last 7 days: heat pump 119.4 kWh."],
  ["show me the consumption of the heating in the last 7 days", "In the last 7 days: heat pump 119.4 kWh."],
  ["how much water did we use in February?", "There are no readings in February."],
  ["how much energy do we use so far today", "Today: house 2.7 kWh, heat pump 6.0 kWh"],
  ["What uses the most electricity?", "The meter that used most yesterday: heat pump, 17.1 kWh, 57 % of the total."],
  ["who was the largest consumer?", "The meter that used most yesterday: heat pump"],
  ["How much did the garden use?", "I did not understand that."],
  ["what was our largest consumer last week?", "The meter that used most last week: heat pump, 119.4 kWh"],
  ["what does the water meter say?", "Water: 520.81 m³ at 08:00 on Mar 30"],
  ["Show the current readings", "House: 18405.0 kWh at 08:00 on Mar 30\nHeat pump: "],
  ["is there a leak?", "Unusual yesterday: water, 1.56 m³ in 24 hours instead of 0.47 m³."],
  ["Was there something strange yesterday?", "Unusual yesterday: water"],
];

test("answers what people say, in other words than its config has", async () => {
  await expectReplies("meter-reader", sentences);
});

/** A meter that counts 1 kWh in each hour, read on the hour. */
async function steadyMeter(from: string, hours: number): Promise<ExampleCopy> {
  const copy = await copyOf("meter-reader");
  const rows = Array.from({ length: hours + 1 }, (_, hour) => {
    const time = new Date(Date.parse(from) + hour * 3_600_000).toISOString();
    return `${time},house,${(1000 + hour).toFixed(1)}\n`;
  });
  await writeFile(path.join(copy.place, "steady.csv"), `time,meter,value\n${rows.join("")}`);
  return copy;
}
const inBerlin = (now: string) => ({ METER_FILE: "steady.csv", METER_NOW: now, TZ: "Europe/Berlin" });

test.each([
  ["one second before midnight", "2026-03-27T23:59:59", "yesterday", "Yesterday: house 24.0 kWh."],
  ["at midnight", "2026-03-28T00:00:00", "yesterday", "Yesterday: house 24.0 kWh."],
  ["the day after the clocks went forward", "2026-03-30T00:00:01", "yesterday", "Yesterday: house 23.0 kWh."],
  ["in the hour that does not exist", "2026-03-29T02:30:00", "yesterday", "Yesterday: house 24.0 kWh."],
  ["the week of the change", "2026-03-30T09:00:00", "last-week", "Last week: house 167.0 kWh."],
  ["over the change", "2026-03-30T09:00:00", "3-28..3-29", "From Mar 28 through Mar 29: house 47.0 kWh."],
  ["the day itself", "2026-03-30T09:00:00", "sunday", "On Mar 29: house 23.0 kWh."],
])("spring, %s", async (_, now, period, spoken) => {
  const copy = await steadyMeter("2026-03-22T22:00:00Z", 24 * 9);
  expect(await copy.result(["meters.mjs", "used", "house", period], inBerlin(now))).toMatchObject({ spoken });
});

test.each([
  ["the day after the clocks went back", "2026-10-26T00:00:00", "yesterday", "Yesterday: house 25.0 kWh."],
  ["in the hour that is there twice", "2026-10-25T02:30:00", "yesterday", "Yesterday: house 24.0 kWh."],
  ["the last three days", "2026-10-26T12:00:00", "3d", "In the last 3 days: house 73.0 kWh."],
])("autumn, %s", async (_, now, period, spoken) => {
  const copy = await steadyMeter("2026-10-19T22:00:00Z", 24 * 8);
  expect(await copy.result(["meters.mjs", "used", "house", period], inBerlin(now))).toMatchObject({ spoken });
});

test("a steady meter is not unusual on a day of 23 hours", async () => {
  const copy = await steadyMeter("2026-03-19T23:00:00Z", 24 * 11);
  expect(await copy.result(["meters.mjs", "unusual"], inBerlin("2026-03-30T09:00:00"))).toEqual({
    none: "Nothing unusual yesterday.",
  });
});

test("a period over New Year belongs to two years", async () => {
  const copy = await steadyMeter("2026-12-28T23:00:00Z", 24 * 10);
  const used = (period: string) =>
    copy.result(["meters.mjs", "used", "house", period], inBerlin("2027-01-07T00:00:00"));
  expect(await used("12-30..1-2")).toEqual({ spoken: "From Dec 30, 2026 through Jan 2: house 96.0 kWh." });
  expect(await used("12")).toMatchObject({ spoken: "In December: house 72.0 kWh." });
});

test("reads your own meters by the clock when the line for the sample is deleted", async () => {
  const hours = 72;
  const copy = await steadyMeter(new Date(Date.now() - hours * 3_600_000).toISOString(), hours);
  await copy.deleteFromConfig(/^ +METER_NOW: .*\n/gm);
  const [answer] = contents(await copy.replies(["house consumption yesterday"], { METER_FILE: "steady.csv" }));
  expect(answer).toMatch(/^Yesterday: house 2[345]\.0 kWh\.$/);
});

test("unfinished, damaged and doubled lines do no harm, and a counter that goes back is named", async () => {
  const copy = await copyOf("meter-reader");
  const file = path.join(copy.place, "steady.csv");
  await writeFile(file, "time,meter,value\r\n2026-05-13 00:00,house,100\r\nnonsense\r\n2026-05-13T12:00,house,NaN\r\n");
  await appendFile(file, "2026-05-13T12:00,house,1,2\n2026-05-13T12:00,house,999\n2026-05-13T12:00,house,106\n");
  await appendFile(
    file,
    "2026-05-14T00:00,house,112\n2026-05-14T06:00,house,3\n2026-05-14T12:00,house,5\n2026-05-14T13:00,house,9",
  );
  const at = inBerlin("2026-05-14T12:30");
  expect(await copy.result(["meters.mjs", "used", "house", "yesterday"], at)).toEqual({
    spoken: "Yesterday: house 12.0 kWh.",
  });
  expect(await copy.result(["meters.mjs", "used", "house", "today"], at)).toEqual({
    spoken: "Today: house 2.0 kWh.",
    note: "The counter of the house meter went back, so a part is not counted.",
  });
});

test.each([
  ["{", "meters.json cannot be read: "],
  ['{"house": {"name": "house", "kind": "electricity", "digits": 1}}', 'meters.json: "house" needs a name'],
  [" ".repeat(70_000), "meters.json is larger than"],
])("a damaged meters.json is named", async (text, message) => {
  const copy = await copyOf("meter-reader");
  await writeFile(path.join(copy.place, "meters.json"), text);
  const { exitCode, stderr } = await copy.script(["meters.mjs", "newest", "all"]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain(`error: ${message}`);
});

test("reads the end of a large file, within the memory that the agent has for tools", async () => {
  const copy = await steadyMeter("2016-03-30T08:00:00Z", 24 * 3652);
  const environment = { METER_FILE: "steady.csv", METER_NOW: "2026-03-30T08:30" };
  const [answer] = contents(await copy.replies(["how much did the house use yesterday?"], environment));
  expect(answer).toBe("Yesterday: house 23.0 kWh.");
});
