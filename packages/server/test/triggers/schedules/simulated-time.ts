import type { IntervalSource, ScheduleSource as ScheduleSettings } from "@nanoagent/models";
import { type RunRule, readRule } from "../../../src/triggers/schedules/read-rule.js";
import { ScheduleSource } from "../../../src/triggers/schedules/schedule-source.js";
import { WallClock } from "../../../src/triggers/schedules/wall-clock.js";
import { bruteForceRuns } from "./brute-force-runs.js";
import { expectedRuns, type Stretch } from "./expected-runs.js";
import { evidence, FakeClock, flush } from "./fake-clock.js";
import { FakeLog } from "./fake-log.js";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Steps of a clock that is set wrong, and later right again. */
const STEPS = [HOUR, -HOUR, DAY, -DAY, 7 * MINUTE, -7 * MINUTE, 5 * HOUR, -5 * HOUR];

export interface SimulationOptions {
  readonly from: number;
  readonly days: number;
  readonly seed: number;
  readonly zones: readonly string[];
  readonly lines: readonly string[];
  readonly intervals: readonly string[];
  readonly missed: readonly string[];
}

export interface SimulationResult {
  /** Runs that were to be handed out. */
  readonly expected: number;
  /** `trigger: time`, the first 20. */
  readonly lost: readonly string[];
  readonly extra: readonly string[];
  readonly cuts: number;
  readonly jumps: number;
  /** Power cuts after a run was accepted and before the program heard of it. */
  readonly cutsInside: number;
  /** Longest time without power. */
  readonly longestCutDays: number;
}

interface SimulatedTrigger {
  readonly name: string;
  readonly settings: ScheduleSettings | IntervalSource;
  readonly rule: RunRule;
  /** All runs by the clock on the wall, from the oracle. */
  readonly runs: readonly number[];
}

/**
 * Runs schedules for a simulated time with random power cuts and jumps of the clock, and compares what was handed out with
 * an oracle that shares no code with the program. Everything random happens in the middle of a minute, where nothing runs.
 */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const random = randomNumbers(options.seed);
  const between = (least: number, most: number) => least + random() * (most - least);
  const triggers = await makeTriggers(options);
  const clock = new FakeClock(atHalfMinute(options.from));
  const end = options.from + options.days * DAY;
  const log = new FakeLog();
  const stretches: Stretch[] = [];
  const figures = { cuts: 0, jumps: 0, cutsInside: 0, longestCutDays: 0 };
  const advance = (to: number) => clock.advanceTo(Math.min(to, end), log.settle);
  const setClock = (offset: number) => {
    clock.offset = offset;
    figures.jumps += 1;
  };

  while (clock.real < end) {
    const boot = clock.real;
    // A board without a hardware clock starts in 1970, or at the time of an earlier day.
    const hasClock = random() < 0.5;
    clock.offset = hasClock || random() < 0.3 ? 0 : random() < 0.5 ? -boot : -DAY * Math.ceil(between(0, 30));
    const wallClock = new WallClock({
      clock,
      newestAt: log.newestAt,
      evidence: evidence({ hasClock, uptime: () => clock.real - boot }),
    });
    const program = log.start();
    for (const { name, settings, rule } of triggers) {
      const source = new ScheduleSource({
        trigger: name,
        settings,
        rule,
        wallClock,
        progress: program.progressOf(name),
      });
      source.start(program.accept);
    }
    const isBehind = log.newestAt !== null && clock.now() < log.newestAt - HOUR;
    let stretch: Stretch | null = hasClock && !isBehind ? { from: clock.now(), to: clock.now() } : null;
    await flush();
    if (stretch === null && clock.offset === 0) {
      // Nobody sets it, so it counts as right after ten minutes.
      await advance(boot + 10 * MINUTE);
    } else if (stretch === null) {
      await advance(atHalfMinute(boot + between(1, 8) * MINUTE));
      setClock(0);
    }

    const cutAt = atHalfMinute(clock.real + MINUTE + random() ** 2 * 20 * DAY);
    while (clock.real < Math.min(cutAt, end)) {
      if (stretch === null) {
        // A jump is noticed within ten seconds.
        await advance(clock.real + 10 * SECOND);
        stretch = { from: clock.now(), to: clock.now() };
      }
      stretches.push(stretch);
      const jumpAt = atHalfMinute(clock.real + between(0.1, 6) * DAY);
      await advance(Math.min(jumpAt, cutAt));
      stretch.to = clock.now();
      if (clock.real !== jumpAt || jumpAt >= Math.min(cutAt, end)) continue;
      setClock(clock.offset === 0 ? (STEPS[Math.floor(random() * STEPS.length)] ?? 0) : 0);
      stretch = null;
    }
    if (clock.real >= end) break;

    figures.cuts += 1;
    if (stretch !== null && clock.offset === 0 && random() < 0.7) {
      log.failsAtNextRun = true;
      await advance(clock.real + 2 * HOUR);
      stretch.to = clock.now();
      const last = log.isOn ? undefined : log.accepted.at(-1);
      if (last !== undefined) {
        stretch.lastOf = last.trigger;
        figures.cutsInside += 1;
      }
    }
    log.cutPower();
    clock.clear();
    const off = MINUTE + random() ** 6 * 40 * DAY;
    figures.longestCutDays = Math.max(figures.longestCutDays, off / DAY);
    clock.real = atHalfMinute(clock.real + off);
  }
  log.cutPower();
  return { ...compare(triggers, stretches, log), ...figures };
}

async function makeTriggers({ from, days, zones, lines, intervals, missed }: SimulationOptions) {
  const [start, end] = [from - 40 * DAY, from + (days + 42) * DAY];
  const triggers: SimulatedTrigger[] = [];
  const policy = () => missed[triggers.length % missed.length] ?? "skip";
  for (const timeZone of zones) {
    for (const line of lines) {
      const settings = { schedule: line, time_zone: timeZone, missed: policy() };
      const runs = bruteForceRuns({ line, timeZone, from: start, to: end });
      triggers.push({ name: `${line} ${timeZone} ${settings.missed}`, settings, rule: await readRule(settings), runs });
    }
  }
  for (const every of intervals) {
    const settings = { every, missed: policy() };
    const milliseconds = Number.parseInt(every, 10) * (every.endsWith("h") ? HOUR : MINUTE);
    const runs: number[] = [];
    for (let run = Math.ceil(start / milliseconds) * milliseconds; run < end; run += milliseconds) runs.push(run);
    triggers.push({ name: `every ${every} ${settings.missed}`, settings, rule: await readRule(settings), runs });
  }
  return triggers;
}

/** Compares what was handed out with what should have been. */
function compare(triggers: readonly SimulatedTrigger[], stretches: readonly Stretch[], log: FakeLog) {
  const handedOut = new Map<string, string[]>();
  for (const { trigger, payload } of log.accepted) {
    const { scheduled_at, missed } = payload as { scheduled_at: string; missed: boolean };
    const times = handedOut.get(trigger) ?? [];
    times.push(`${scheduled_at}${missed ? " missed" : ""}`);
    handedOut.set(trigger, times);
  }
  let expected = 0;
  const lost: string[] = [];
  const extra: string[] = [];
  for (const { name, runs, settings } of triggers) {
    const counts = new Map<string, number>();
    const wanted = expectedRuns(name, runs, stretches, settings.missed);
    expected += wanted.length;
    for (const run of wanted) counts.set(run, (counts.get(run) ?? 0) + 1);
    for (const run of handedOut.get(name) ?? []) counts.set(run, (counts.get(run) ?? 0) - 1);
    for (const [run, count] of counts) {
      if (count > 0) lost.push(`${name}: ${run}`);
      if (count < 0) extra.push(`${name}: ${run}`);
    }
  }
  return { expected, lost: lost.slice(0, 20), extra: extra.slice(0, 20) };
}

/** Moves a time into the middle of its minute. */
function atHalfMinute(time: number): number {
  return Math.floor(time / MINUTE) * MINUTE + 20 * SECOND;
}

function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
