import { spawnSync } from "node:child_process";
import type { GpioSource as GpioSettings } from "@nanoagent/models";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { EdgeDebouncer } from "../../../src/triggers/sources/gpio/debounce-edges.js";
import { GpioSource } from "../../../src/triggers/sources/gpio/gpio-source.js";
import { readChips, readNamedLines, readVersion } from "../../../src/triggers/sources/gpio/gpiod-programs.js";
import { firstCommand, secondCommand } from "../../../src/triggers/sources/gpio/gpiomon-command.js";
import { readEdge, timeOfEdge } from "../../../src/triggers/sources/gpio/read-edge.js";
import { AcceptedEvents, patience, sourceContext } from "./accepted-events.js";
import { type FakePrograms, fakePrograms, readRecording, type Version } from "./gpio-programs.js";

const gpiomon = spawnSync("gpiomon", ["--version"], { encoding: "utf8" });
const isWindows = process.platform === "win32";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function start(settings: GpioSettings, programs: FakePrograms | null, searchPath = programs?.searchPath) {
  const events = new AcceptedEvents();
  const onNotice = vi.fn();
  const source = new GpioSource(settings, sourceContext({ onNotice }), { searchPath, firstPauseMilliseconds: 60_000 });
  closing.push(
    async () => programs?.remove(),
    () => source.close(),
  );
  source.start(events.accept);
  return { events, source, onNotice };
}

const edges = (events: AcceptedEvents) => events.payloads.map((payload) => (payload as { edge: string }).edge);

describe.skipIf(isWindows)("the real output of libgpiod's programs", () => {
  test.each<[Version, string, GpioSettings, string[]]>([
    ["v1", "both", { line: 3 }, ["rising", "falling", "rising"]],
    ["v1", "both", { line: "BUTTON" }, ["rising", "falling", "rising"]],
    ["v1", "both", { line: "BUTTON", chip: "greenhouse" }, ["rising", "falling", "rising"]],
    ["v1", "rising", { line: 3, edge: "rising" }, ["rising", "rising"]],
    ["v1", "pull-up", { line: 3, edge: "falling", bias: "pull-up" }, ["falling"]],
    ["v1", "bounce", { line: 3, debounce: "300ms" }, ["rising"]],
    ["v2", "both", { line: 3 }, ["rising", "falling", "rising"]],
    ["v2", "both", { line: 3, chip: "greenhouse" }, ["rising", "falling", "rising"]],
    ["v2", "by-name", { line: "BUTTON" }, ["rising", "falling", "rising"]],
    ["v2", "rising", { line: "BUTTON", chip: "gpiochip0", edge: "rising" }, ["rising", "rising"]],
    ["v2", "pull-up", { line: 3, edge: "falling", bias: "pull-up" }, ["falling"]],
    ["v2", "debounce", { line: 3, debounce: "300ms" }, ["rising"]],
  ])("%s, %s, with %j", async (version, name, settings, expected) => {
    const programs = await fakePrograms(version, name);
    const { events, source, onNotice } = start(settings, programs);
    await vi.waitFor(() => expect(edges(events)).toEqual(expected), patience);
    expect(await programs.commands()).toEqual([(await readRecording(version, name)).command]);
    expect(events.payloads[0]).toEqual({
      line: settings.line,
      edge: expected[0],
      level: expected[0] === "rising" ? 1 : 0,
    });
    expect(source.state).toEqual({ status: "listening", problem: null });
    expect(onNotice).not.toHaveBeenCalled();
  });

  test.each<[Version, string, RegExp]>([
    ["v1", "missing-line", /^GPIO line 3 or its chip was not found/],
    ["v1", "missing-chip", /^GPIO line 3 or its chip was not found/],
    ["v1", "denied", /^This user may not read the GPIO chip of line 3\..*usermod -aG gpio/],
    ["v1", "busy", /^Another program uses GPIO line 3\./],
    ["v2", "missing-line", /^GPIO line 3 or its chip was not found/],
    ["v2", "missing-name", /^GPIO line 3 or its chip was not found/],
    ["v2", "missing-chip", /^GPIO line 3 or its chip was not found/],
    ["v2", "denied", /^This user may not read the GPIO chip of line 3\..*usermod -aG gpio/],
    ["v2", "busy", /^Another program uses GPIO line 3\./],
  ])("%s, explains %s", async (version, name, problem) => {
    const { source, onNotice } = start({ line: 3 }, await fakePrograms(version, name, true));
    await vi.waitFor(
      () => expect(source.state).toEqual({ status: "failing", problem: expect.stringMatching(problem) }),
      patience,
    );
    expect(onNotice).toHaveBeenCalledOnce();
  });

  test.each<[Version, GpioSettings, string]>([
    ["v1", { line: "LAMP" }, "No GPIO line has the name LAMP. Correct gpio.line; gpioinfo lists all lines."],
    [
      "v1",
      { line: 3, chip: "pinctrl" },
      "No GPIO chip has the name or label pinctrl. This device has gpiochip0 (greenhouse). Correct gpio.chip.",
    ],
    [
      "v2",
      { line: 3, chip: "pinctrl" },
      "No GPIO chip has the name or label pinctrl. This device has gpiochip0 (greenhouse). Correct gpio.chip.",
    ],
  ])("%s, names a wrong line or chip: %j", async (version, settings, problem) => {
    const { source } = start(settings, await fakePrograms(version, "both"));
    await vi.waitFor(() => expect(source.state.problem).toBe(problem), patience);
  });

  test.each<Version>(["v1", "v2"])("%s: versions, chips and lines are read", async (version) => {
    expect(readVersion((await readRecording(version, "version")).output)).toBe(Number(version.slice(1)));
    expect(readChips((await readRecording(version, "gpiodetect")).output)).toEqual([
      { name: "gpiochip0", label: "greenhouse", lines: 8 },
    ]);
    expect(readNamedLines((await readRecording(version, "gpioinfo")).output)).toEqual([
      { chip: "gpiochip0", offset: 3, name: "BUTTON" },
    ]);
  });
});

test("without the programs, it says how to install them", async () => {
  const { source } = start({ line: 3 }, null, "/no/such/folder");
  await vi.waitFor(
    () =>
      expect(source.state.problem).toBe(
        "The programs of libgpiod are not installed, which are needed to read a GPIO line. Install them: sudo apt install gpiod",
      ),
    patience,
  );
});

test.skipIf(gpiomon.status !== 0)("the installed gpiomon accepts the command (needs gpiomon)", () => {
  const version = readVersion(gpiomon.stdout);
  const settings: GpioSettings = { line: 3, edge: "rising", bias: "pull-up", debounce: "10ms" };
  const [program = "", ...rest] =
    version === 1 ? firstCommand(settings, "/dev/no-chip", 3) : secondCommand(settings, "/dev/no-chip");
  const { stderr } = spawnSync(program, rest, { encoding: "utf8" });
  expect(stderr).not.toMatch(/option|usage/i);
  expect(stderr).toMatch(/No such file|cannot find/);
});

test("reads edges and nothing else", () => {
  expect(readEdge("1 1796020774.7")).toEqual({ edge: "rising", stamp: 1_796_020_774_000 + 7e-6 });
  expect(readEdge("falling 12.000000005")).toEqual({ edge: "falling", stamp: 12_000 + 5e-6 });
  for (const line of ["", "2 1.1", "rising", "rising x.y", "rising 1.2 3", "Monitoring line 3...", "1 1.1234567890"]) {
    expect(readEdge(line)).toBeNull();
  }
  fc.assert(fc.property(fc.string({ unit: "binary" }), (line) => void readEdge(line)));
});

test("the time of an edge is that of the clock that the kernel used", () => {
  const now = Date.parse("2026-11-30T06:00:00Z");
  expect(timeOfEdge(now - 250, now, 5000)).toBe(now - 250);
  expect(timeOfEdge(4900, now, 5000)).toBe(now - 100);
  // A clock that was set in the meantime.
  expect(timeOfEdge(now - 86_400_000, now, 5000)).toBe(now);
});

test("edges that bounce are one, and those that lead back to the level before are none", async () => {
  vi.useFakeTimers();
  try {
    const reported: [string, number][] = [];
    const debouncer = new EdgeDebouncer(50, (edge, at) => reported.push([edge, at]));
    const bounce = (...given: ("rising" | "falling")[]) => {
      for (const [at, edge] of given.entries()) debouncer.add(edge, at);
    };
    bounce("rising", "falling", "rising");
    vi.advanceTimersByTime(49);
    expect(reported).toEqual([]);
    vi.advanceTimersByTime(1);
    bounce("falling", "rising");
    vi.advanceTimersByTime(50);
    bounce("falling");
    vi.advanceTimersByTime(50);
    expect(reported).toEqual([
      ["rising", 2],
      ["falling", 0],
    ]);
  } finally {
    vi.useRealTimers();
  }
});
