import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Mosquitto } from "../../../../server/test/mqtt/mosquitto.js";
import { randomNumbers } from "../attack.js";
import { type MessageKind, messageKinds, type SoakPayload, writeAgent } from "./acting-agent.js";
import { checkEvidence } from "./check-evidence.js";
import { compareProgramLog } from "./compare-program-log.js";
import { type ActingProgram, KilledAgent } from "./killed-agent.js";
import { SoakEvidence } from "./soak-evidence.js";
import { SteadyPublisher } from "./steady-publisher.js";
import { WatchedLine } from "./watched-line.js";

export interface SoakOptions {
  readonly folder: string;
  readonly program: ActingProgram;
  readonly kills: number;
  readonly brokerKills: number;
  readonly seed: number;
  readonly onProgress: (text: string) => void;
}

/** Longest time from a start to its kill, in milliseconds. */
const LIVES_MILLISECONDS: Readonly<Record<ActingProgram, number>> = { serve: 1500, triggers: 600 };
/** The same on a slow machine: the time of a start, as often. An act would otherwise be interrupted until it is given up. */
const STARTS_PER_LIFE = 3;
/** Longest time without the broker, in milliseconds. */
const BROKER_PAUSE_MILLISECONDS = 300;
/** Most messages of one life of the agent. */
const MESSAGES_PER_LIFE = 8;
/** Open events above which nothing is published, so that the agent can follow. */
const MAX_OPEN_EVENTS = 60;
/** Longest pause of a tool. */
const TOOL_PAUSE_SECONDS = 0.12;
/** Longest time to finish all events after the last kill. */
const DRAIN_MILLISECONDS = 180_000;
/** Time within a second at which no scheduled run is under way. */
const QUIET_MILLISECONDS = 600;
/** Exit code of `nanoagent serve` after SIGTERM. */
const SIGTERM_EXIT = 143;
const PROGRESS_KILLS = 25;

/** Kills the agent and its broker at random moments, lets the last start finish everything, and judges the result. */
export async function runSoak(options: SoakOptions): Promise<ReturnType<typeof checkEvidence>> {
  // With few changes between two saves, a killed broker loses only the newest of its messages.
  await using broker = await Mosquitto.start([
    "autosave_on_changes true",
    "autosave_interval 10",
    "max_queued_messages 0",
  ]);
  const line = await WatchedLine.open(broker.port);
  const publisher = new SteadyPublisher(broker.port);
  try {
    const soak = new Soak(options, broker, line, publisher);
    await soak.run();
    return await soak.judge();
  } finally {
    publisher.close();
    line.close();
  }
}

class Soak {
  readonly #options: SoakOptions;
  readonly #broker: Mosquitto;
  readonly #line: WatchedLine;
  readonly #publisher: SteadyPublisher;
  readonly #evidence: SoakEvidence;
  readonly #random: (below: number) => number;
  readonly #config: string;
  #messages = 0;
  #killsBeforeReady = 0;
  /** Time of the last start that was not interrupted. */
  #startMilliseconds = 0;
  #brokerKilledAt = 0;
  #agent: KilledAgent | null = null;

  constructor(options: SoakOptions, broker: Mosquitto, line: WatchedLine, publisher: SteadyPublisher) {
    this.#options = options;
    this.#broker = broker;
    this.#line = line;
    this.#publisher = publisher;
    this.#evidence = new SoakEvidence(options.folder);
    this.#random = randomNumbers(options.seed);
    this.#config = writeAgent(options.folder, line.url);
  }

  async run(): Promise<void> {
    const { kills, brokerKills, onProgress } = this.#options;
    // The broker knows the subscriptions before the first message.
    const first = this.#start();
    await this.#until(() => this.#line.isConnected, "the agent connects to the broker");
    await sleep(500);
    await first.end("SIGTERM");
    try {
      for (let kill = 1, brokerKillsLeft = brokerKills; kill <= kills; kill++) {
        const killsBroker = this.#random(kills - kill + 1) < brokerKillsLeft;
        if (killsBroker) brokerKillsLeft--;
        await this.#live(killsBroker);
        if (kill % PROGRESS_KILLS === 0) {
          const { events, open } = this.#evidence;
          onProgress(`${kill} kills, ${this.#killsBeforeReady} during the start; ${events.size} events, ${open} open`);
        }
      }
      await this.#finish();
    } finally {
      await this.#agent?.end("SIGKILL");
    }
  }

  async judge(): Promise<ReturnType<typeof checkEvidence>> {
    const result = checkEvidence({
      evidence: this.#evidence,
      line: this.#line,
      published: this.#publisher.acknowledged,
      brokerKilledAt: this.#brokerKilledAt,
    });
    result.faults.hidden.push(...(await compareProgramLog(this.#config, this.#evidence.events)));
    return result;
  }

  #start(): KilledAgent {
    const { program, folder } = this.#options;
    this.#agent = new KilledAgent(program, this.#config, folder);
    return this.#agent;
  }

  /** One life of the agent: messages before and after its start, perhaps a kill of the broker, and its own. */
  async #live(killsBroker: boolean): Promise<void> {
    const longest = Math.max(LIVES_MILLISECONDS[this.#options.program], STARTS_PER_LIFE * this.#startMilliseconds);
    const isRoom = this.#evidence.open <= MAX_OPEN_EVENTS;
    const messages = isRoom ? this.#random(MESSAGES_PER_LIFE + 1) : 0;
    const before = this.#random(messages + 1);
    for (let message = 0; message < before; message++) this.#publish();
    const agent = this.#start();
    // Half of the kills are at any moment after the start, and half at any moment of the work.
    const fromReady = this.#random(2) === 0;
    const delay = this.#random(longest);
    const later = messages - before;
    const publishing = this.#publishWithin(later, longest);
    const breaking = killsBroker ? this.#breakBroker(this.#random(longest)) : null;
    const isReady = fromReady ? await agent.ready : null;
    if (isReady !== null) this.#startMilliseconds = isReady;
    await sleep(fromReady ? Math.round(delay / 2) : delay);
    if (agent.hasEnded) throw new Error(`The agent ended by itself. Its log: ${this.#options.folder}/agent.log`);
    if (isReady === null && !(await isSettled(agent.ready))) this.#killsBeforeReady++;
    await agent.end("SIGKILL");
    await Promise.all([publishing, breaking]);
    await this.#evidence.read();
  }

  async #breakBroker(delay: number): Promise<void> {
    const pause = this.#random(BROKER_PAUSE_MILLISECONDS);
    await sleep(delay);
    await this.#broker.end("SIGKILL");
    this.#brokerKilledAt = performance.now();
    await sleep(pause);
    await this.#broker.startAgain();
  }

  async #publishWithin(count: number, milliseconds: number): Promise<void> {
    const pauses = Array.from({ length: count }, () => this.#random(milliseconds / Math.max(1, count)));
    for (const pause of pauses) {
      await sleep(pause);
      this.#publish();
    }
  }

  #publish(kind: MessageKind = messageKinds[this.#random(messageKinds.length)] ?? "keyed"): void {
    const n = ++this.#messages;
    const payload: SoakPayload = {
      n,
      ...(kind === "keyed" && { id: `m${n}` }),
      wanted: this.#random(8) > 0,
      pause: this.#random(TOOL_PAUSE_SECONDS * 1000) / 1000,
    };
    const topic = `soak/${kind}/${this.#random(3)}`;
    this.#publisher.publish(topic, JSON.stringify(payload));
    // Some senders send again.
    if (kind === "keyed" && this.#random(4) === 0) this.#publisher.publish(topic, JSON.stringify(payload));
  }

  /** A last start works on all that is left, and on a few messages more. */
  async #finish(): Promise<void> {
    const { folder, onProgress } = this.#options;
    for (let start = 1; ; start++) {
      const agent = this.#start();
      await this.#until(() => this.#publisher.waiting === 0, "the broker has all messages");
      if (start === 1) for (const kind of [...messageKinds, ...messageKinds]) this.#publish(kind);
      await this.#until(() => {
        return this.#line.isConnected && this.#publisher.waiting === 0 && this.#line.outstanding === 0;
      }, "the agent has all messages");
      await this.#until(async () => {
        await this.#evidence.read();
        return this.#evidence.open <= 1;
      }, "all events are finished");
      await sleep(1000 + ((QUIET_MILLISECONDS - (Date.now() % 1000) + 1000) % 1000));
      const exitCode = await agent.end("SIGTERM");
      if (exitCode !== 0 && exitCode !== SIGTERM_EXIT)
        throw new Error(`The agent ended with ${exitCode}. Its log: ${path.join(folder, "agent.log")}`);
      await this.#evidence.read();
      onProgress(`after the last kill: ${this.#evidence.events.size} events, ${this.#evidence.open} open`);
      // A scheduled run may have begun at the last moment.
      if (this.#evidence.open === 0 || start === 5) return;
    }
  }

  async #until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
    const end = Date.now() + DRAIN_MILLISECONDS;
    while (!(await holds())) {
      const { folder } = this.#options;
      if (this.#agent?.hasEnded) throw new Error(`The agent ended before ${what}. Its log: ${folder}/agent.log`);
      if (Date.now() > end) throw new Error(`Timeout before ${what}. Evidence: ${folder}`);
      await sleep(250);
    }
  }
}

function isSettled(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([promise.then(() => true), sleep(0).then(() => false)]);
}
