import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ProcessorLoad } from "../../../src/engines/llama/processor-load.js";
import { ThreadChoice } from "../../../src/engines/llama/thread-choice.js";

/** Speedup of a batch by the number of threads that each have a core. */
type Gain = (threads: number) => number;
const computes: Gain = (threads) => threads ** 0.95;
/** From two threads on, memory is the bottleneck, and more threads slow each other down. */
const waitsForMemory: Gain = (threads) => (threads === 1 ? 1 : 1.3 - 0.05 * (threads - 2));
/** Work that more threads make slower. */
const losesByThreads: Gain = (threads) => 1 / threads ** 0.5;

/** Slowdown of a batch with more threads than free cores. Up to 300 times were measured. */
const COLLAPSE = 30;

/** A machine on which a model works beside other processes. Time passes only with its work. */
class SimulatedMachine {
  now = 0;
  neighbors = 0;
  #idle = 0;
  #own = 0;
  readonly #random: () => number;

  constructor(
    readonly cores: number,
    readonly gain: Gain,
    seed = 1,
  ) {
    let state = seed;
    this.#random = () => {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
      return state / 2 ** 31;
    };
  }

  /**
   * Cores that the scheduler gives to this process. With more threads than free cores, it gets its share of the busy
   * ones.
   */
  #coresFor(threads: number): number {
    const free = Math.max(0, this.cores - this.neighbors);
    return threads <= free ? threads : Math.max(free, (this.cores * threads) / (threads + this.neighbors));
  }

  /** Milliseconds for this amount of work, without noise. */
  timeOf(work: number, threads: number): number {
    const cores = this.#coresFor(threads);
    if (cores >= threads - 1e-9) return work / this.gain(threads);
    return threads === 1 ? work / cores : work * COLLAPSE;
  }

  evaluate(tokens: number, millisecondsPerToken: number, threads: number) {
    const noise = 1 + 0.2 * (this.#random() - 0.5);
    const milliseconds = this.timeOf(tokens * millisecondsPerToken, threads) * noise;
    const processorMilliseconds = milliseconds * Math.min(this.#coresFor(threads), threads) * 0.98;
    this.now += milliseconds;
    this.#own += processorMilliseconds;
    this.#idle += Math.max(0, this.cores - this.neighbors - this.#coresFor(threads)) * milliseconds;
    return { tokens, milliseconds, processorMilliseconds, readsDisk: false };
  }

  /** Lets time pass without work. */
  rest(milliseconds: number): void {
    this.now += milliseconds;
    this.#idle += Math.max(0, this.cores - this.neighbors) * milliseconds;
  }

  readTimes = () => ({ now: this.now, idle: this.#idle + 1, own: this.#own });
}

interface Work {
  /** Tokens per batch, and number of batches. */
  tokens: number;
  batches: number;
  millisecondsPerToken: number;
}

function newChoice(machine: SimulatedMachine, goal = machine.cores, { triesFewer = true } = {}): ThreadChoice {
  const load = new ProcessorLoad(machine.readTimes);
  const comparedTokens = { least: 1, most: Number.POSITIVE_INFINITY };
  machine.rest(150);
  const freeCores = () => load.freeCores();
  return new ThreadChoice({ goal, most: machine.cores, comparedTokens, triesFewer, freeCores });
}

/** Does the work with the chosen threads. Returns the milliseconds and the threads of each batch. */
function work(machine: SimulatedMachine, choice: ThreadChoice, { tokens, batches, millisecondsPerToken }: Work) {
  const began = machine.now;
  const threads: number[] = [];
  choice.begin();
  for (let batch = 0; batch < batches; batch++) {
    threads.push(choice.threads);
    choice.add(machine.evaluate(tokens, millisecondsPerToken, choice.threads));
  }
  return { milliseconds: machine.now - began, threads };
}

/** Milliseconds of the same work with the best fixed number of threads. */
function bestFixed(machine: SimulatedMachine, { tokens, batches, millisecondsPerToken }: Work): number {
  const times = Array.from({ length: machine.cores }, (_, index) =>
    machine.timeOf(tokens * millisecondsPerToken, index + 1),
  );
  return batches * Math.min(...times);
}

const cases = [1, 2, 4, 8].flatMap((cores) =>
  [0, 1, 2].flatMap((neighbors) =>
    (
      [
        ["computing", computes],
        ["waiting for memory", waitsForMemory],
        ["slowed down by threads", losesByThreads],
      ] as const
    ).map(([kind, gain]) => ({ cores, neighbors, kind, gain })),
  ),
);

describe("the choice of threads", () => {
  test.each(cases)(
    "is at most 1.3 times slower than the best one: $cores cores, $neighbors busy neighbors, $kind",
    ({ cores, neighbors, gain }) => {
      const reply: Work = { tokens: 1, batches: 300, millisecondsPerToken: 20 };
      for (const goal of new Set([cores, Math.max(1, Math.floor(cores / 2))])) {
        for (let seed = 1; seed <= 20; seed++) {
          const machine = new SimulatedMachine(cores, gain, seed);
          machine.neighbors = neighbors;
          const { milliseconds } = work(machine, newChoice(machine, goal), reply);
          expect(milliseconds / bestFixed(machine, reply)).toBeLessThanOrEqual(1.3);
        }
      }
    },
  );

  test("starts with one thread until the number of free cores is known", () => {
    const machine = new SimulatedMachine(4, computes);
    const choice = newChoice(machine);
    // The last measurement is too old.
    machine.rest(60_000);
    const { threads } = work(machine, choice, { tokens: 16, batches: 8, millisecondsPerToken: 4 });
    expect(threads.slice(0, 2)).toEqual([1, 1]);
    expect(Math.max(...threads)).toBe(4);
  });

  test("removes threads within two batches when a neighbor gets busy, and adds them again afterwards", () => {
    for (const gain of [computes, waitsForMemory]) {
      const machine = new SimulatedMachine(2, gain);
      const choice = newChoice(machine);
      const reply: Work = { tokens: 1, batches: 200, millisecondsPerToken: 20 };
      expect(work(machine, choice, reply).threads.at(-1)).toBe(2);
      machine.neighbors = 1;
      const { threads } = work(machine, choice, reply);
      expect(threads.indexOf(1)).toBeLessThanOrEqual(2);
      expect(threads.lastIndexOf(2)).toBeLessThanOrEqual(1);
      machine.neighbors = 0;
      const later = work(machine, choice, { ...reply, batches: 400 }).threads;
      expect(later.at(-1)).toBe(2);
    }
  });

  test("a neighbor that starts during a reply costs two batches", () => {
    const machine = new SimulatedMachine(2, computes);
    const choice = newChoice(machine);
    work(machine, choice, { tokens: 1, batches: 100, millisecondsPerToken: 20 });
    machine.neighbors = 1;
    const threads: number[] = [];
    for (let batch = 0; batch < 100; batch++) {
      threads.push(choice.threads);
      choice.add(machine.evaluate(1, 20, choice.threads));
    }
    expect(threads.filter((count) => count === 2).length).toBeLessThanOrEqual(2);
  });

  test("with triesFewer off, still removes threads for a neighbor and adds them again", () => {
    const machine = new SimulatedMachine(2, computes);
    const choice = newChoice(machine, 2, { triesFewer: false });
    const prompt: Work = { tokens: 64, batches: 60, millisecondsPerToken: 4 };
    expect(work(machine, choice, prompt).threads.filter((threads) => threads === 1)).toEqual([]);
    machine.neighbors = 1;
    expect(work(machine, choice, prompt).threads.lastIndexOf(2)).toBeLessThanOrEqual(1);
    machine.neighbors = 0;
    expect(work(machine, choice, prompt).threads.at(-1)).toBe(2);
  });

  test("ignores batches that waited for the disk", () => {
    const machine = new SimulatedMachine(2, computes);
    const choice = newChoice(machine);
    choice.begin();
    for (let batch = 0; batch < 10; batch++) {
      choice.add({ tokens: 1, milliseconds: 500, processorMilliseconds: 20, readsDisk: true });
      expect(choice.threads).toBe(2);
    }
  });

  test("trials take a small part of the time under any load", () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.constantFrom(computes, waitsForMemory, losesByThreads),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 300 }), fc.boolean()), {
          minLength: 1,
          maxLength: 12,
        }),
        fc.integer({ min: 1, max: 1_000 }),
        (cores, gain, phases, seed) => {
          const machine = new SimulatedMachine(cores, gain, seed);
          const choice = newChoice(machine);
          let best = 0;
          let milliseconds = 0;
          let longestBatch = 0;
          for (const [neighbors, batches, rests] of phases) {
            machine.neighbors = neighbors;
            if (rests) machine.rest(10_000);
            const reply: Work = { tokens: 1, batches, millisecondsPerToken: 20 };
            const done = work(machine, choice, reply);
            for (const threads of done.threads) {
              expect(threads).toBeGreaterThanOrEqual(1);
              expect(threads).toBeLessThanOrEqual(cores);
            }
            milliseconds += done.milliseconds;
            best += bestFixed(machine, reply);
            longestBatch = Math.max(longestBatch, machine.timeOf(20, cores));
          }
          // Each change may cost two very slow batches, and work with few threads until it is noticed.
          const afterChanges = phases.length * (2 * COLLAPSE * 20 + 1.1 * 40 * 20 * cores);
          expect(milliseconds).toBeLessThanOrEqual(1.3 * best + afterChanges);
        },
      ),
    ));
});

describe("the processor load", () => {
  test("is measured over the last moments", () => {
    const times = { now: 0, idle: 1_000, own: 0 };
    const load = new ProcessorLoad(() => ({ ...times }));
    const after = (milliseconds: number, idle: number, own: number) => {
      times.now += milliseconds;
      times.idle += idle;
      times.own += own;
      return load.freeCores();
    };
    expect(after(50, 100, 0)).toBeNull();
    expect(after(150, 300, 0)).toBe(2);
    expect(after(10, 0, 10)).toBe(2);
    expect(after(190, 0, 200)).toBe(1.05);
    expect(after(5_000, 10_000, 0)).toBeNull();
    expect(after(1_000, 500, 1_000)).toBe(1.5);
    expect(after(1_000, 0, 0)).toBe(0);
  });

  test("is unknown if the system does not report idle times", () => {
    const load = new ProcessorLoad(() => ({ now: 0, idle: 0, own: 5 }));
    expect(load.freeCores()).toBe(Number.POSITIVE_INFINITY);
  });

  test("never exceeds this machine's cores", async () => {
    const load = new ProcessorLoad();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const free = load.freeCores();
    if (free !== null && free !== Number.POSITIVE_INFINITY) expect(free).toBeGreaterThanOrEqual(0);
  });
});
