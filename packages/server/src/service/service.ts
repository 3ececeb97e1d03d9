import type { ServeSettings } from "@nanoagent/models";
import type { Agent } from "@nanoagent/runtime";
import type { AutomatedService } from "../automation/automated-service.js";
import { Automation } from "../automation/automation.js";
import type { JoinFleet } from "../automation/broker-seat.js";
import { checkSessionFolder } from "../conversations/check-session-folder.js";
import type { DeviceConditions } from "../device/device-conditions.js";
import { DeviceReader } from "../device/device-reader.js";
import { type Health, type HealthReason, healthOf } from "../health/health.js";
import { TurnHealth } from "../health/turn-health.js";
import type { Log } from "../log/log-entry.js";
import { PermissionDesk } from "../permissions/permission-desk.js";
import type { ReleaseStatus } from "../status/release-status.js";
import type { ServiceStatus } from "../status/service-status.js";
import type { AnswerEvent, Answering, Ask } from "../turns/ask.js";
import { TurnAnswering } from "../turns/turn-answering.js";
import { MemoryWatch } from "./memory-watch.js";
import type { ServedModel } from "./served-agent.js";
import { ServedModels } from "./served-models.js";
import { ServiceFigures } from "./service-figures.js";
import { logMemory, logTurn } from "./turn-log.js";
import { type MemoryEvent, watchTurn } from "./watch-turn.js";

export interface ServiceOptions {
  /** Settings instead of those of the agent's config. */
  readonly settings: ServeSettings | undefined;
  readonly version: string;
  readonly log: Log;
  /** Whether the log has the texts of messages and replies. */
  readonly logsTexts: boolean;
  readonly now: () => number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Reads the conditions of the device. Null: nothing does. */
  readonly readDevice: (() => Promise<DeviceConditions>) | null;
  /** Registers the agent in a fleet. Null: nothing does. */
  readonly joinFleet: JoinFleet | null;
  /** Returns the release that the agent runs from. Null: it does not run from one. */
  readonly readRelease: (() => ReleaseStatus | null) | null;
}

/** The agent that is served now, with its facts. */
interface Served {
  readonly agent: Agent;
  readonly models: ServedModels;
  readonly memory: MemoryWatch;
}

/** A served agent, without the protocols. The agent can be replaced while the service runs. */
export class Service implements AutomatedService {
  readonly version: string;
  readonly now: () => number;
  readonly permissions: PermissionDesk;
  readonly answering: Answering;
  readonly log: Log;
  readonly figures = new ServiceFigures();
  /** The agent's triggers and its connection to a broker. */
  readonly automation: Automation;
  /** Address that it listens on, or null before that. */
  url: string | null = null;
  /** Address for voice assistants, or null without one. */
  wyoming: ServiceStatus["wyoming"] = null;
  readonly #options: ServiceOptions;
  readonly #turns: TurnAnswering;
  readonly #turnHealth = new TurnHealth();
  readonly #device: DeviceReader;
  readonly #startedAt: number;
  readonly #turnListeners = new Set<() => void>();
  readonly #lastTasks: (() => Promise<void>)[] = [];
  #ending: Promise<unknown> | null = null;
  #served: Served;
  /** Why it takes no messages now, or null. */
  #pause: HealthReason | null = null;
  #replacing: Promise<unknown> = Promise.resolve();

  constructor(agent: Agent, options: ServiceOptions) {
    this.#options = options;
    this.version = options.version;
    this.now = options.now;
    this.log = options.log;
    this.#device = new DeviceReader(options.readDevice, options.now);
    this.#startedAt = options.now();
    this.#served = this.#serve(agent);
    this.permissions = new PermissionDesk({
      askSeconds: this.#settings.ask_seconds,
      now: options.now,
      onAnswer: (answer) => this.figures.addAnswer(answer),
    });
    this.#turns = new TurnAnswering(agent, this.permissions, {
      conversations: options.settings?.conversations,
      onNotice: (message) => options.log({ level: "warn", event: "session-notice", message }),
      onRefused: (reason) => this.figures.addRefusal(reason),
      now: options.now,
    });
    this.automation = new Automation(this, options.environment, options.joinFleet);
    this.answering = {
      checkPlace: () => this.#turns.checkPlace(),
      answer: (ask, signal) => this.#answer(ask, signal),
    };
  }

  /** Tokens per second of the last reply of a model, or null. */
  get tokensPerSecond(): number | null {
    return this.figures.tokensPerSecond;
  }

  readonly use: AutomatedService["use"] = (signal, work) => this.#turns.use(signal, work);

  onTurn(listener: () => void): () => void {
    this.#turnListeners.add(listener);
    return () => this.#turnListeners.delete(listener);
  }

  #tellTurn(): void {
    for (const listener of this.#turnListeners) listener();
  }

  get #settings(): ServeSettings {
    return this.#options.settings ?? this.#served.agent.config.serve ?? {};
  }

  #serve(agent: Agent): Served {
    const { settings = agent.config.serve, now } = this.#options;
    const models = new ServedModels(agent, { servesModel: settings?.bare_model ?? false, now: now() });
    const memory = new MemoryWatch(agent, now, ({ engine }) => {
      if (this.#served.agent === agent) this.figures.noteRespawns(engine?.respawns ?? 0);
    });
    return { agent, models, memory };
  }

  onEnd(task: () => Promise<void>): void {
    if (this.#ending === null) this.#lastTasks.push(task);
    else void task();
  }

  forget(conversationId: string): Promise<boolean> {
    return this.#turns.forget(conversationId);
  }

  get agent(): Agent {
    return this.#served.agent;
  }

  /** Reads what the lists of models show. The service answers before that, too. */
  async readFacts(): Promise<void> {
    await this.#served.models.readFile();
  }

  listModels(): readonly ServedModel[] {
    return this.#served.models.list();
  }

  findModel(id: unknown): ServedModel {
    return this.#served.models.find(id);
  }

  embed(texts: readonly string[], signal: AbortSignal): Promise<number[][]> {
    return this.#turns.embed(texts, signal);
  }

  async countTokens(texts: readonly string[]): Promise<number> {
    const counts = await this.#served.agent.countTokens(texts);
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async #answer(ask: Ask, signal: AbortSignal): Promise<AsyncGenerator<AnswerEvent, void>> {
    const { log, logsTexts: texts } = this.#options;
    // The clock of the system may be set during a turn.
    const now = () => performance.now();
    const startedAt = now();
    const events = await this.#turns.answer(ask, signal);
    this.#tellTurn();
    const onMemory = (event: MemoryEvent) => logMemory(log, event);
    return watchTurn(events, { now, startedAt, keepsText: texts }, onMemory, (end, cost, text) => {
      this.figures.addTurn(end, cost);
      if (end !== null) this.#turnHealth.note(end);
      logTurn(log, ask, end, cost, texts ? text : null);
      this.#tellTurn();
    });
  }

  async health(): Promise<Health> {
    const memory = this.#pause === null ? await this.#served.memory.findReason() : null;
    const reasons = [this.#pause, ...this.#turnHealth.reasons, memory, ...this.automation.reasons];
    return healthOf(reasons.filter((reason) => reason !== null));
  }

  async status(): Promise<ServiceStatus> {
    const memory = await this.#served.memory.read();
    const { running, waiting, conversations } = this.#turns;
    return {
      name: this.#served.agent.config.spec.name,
      version: this.version,
      pid: process.pid,
      url: this.url,
      wyoming: this.wyoming,
      started_at: new Date(this.#startedAt).toISOString(),
      uptime_seconds: Math.max(0, Math.floor((this.now() - this.#startedAt) / 1000)),
      health: await this.health(),
      models: this.listModels().map(({ id, target, facts }) => ({
        id,
        target,
        engine: facts.name,
        context_tokens: facts.contextTokens,
      })),
      turns: { ...this.figures.turns, running, waiting },
      conversations,
      questions: this.permissions.waiting.length,
      triggers: this.automation.triggersStatus,
      mqtt: this.automation.brokerStatus,
      release: this.#options.readRelease?.() ?? null,
      memory,
      device: await this.#device.read(),
    };
  }

  /**
   * Replaces the agent: waits until the running turns have ended, closes the agent, and opens its successor with `open`.
   * Requests wait meanwhile. If `open` fails, opens the old agent again with `reopen` and throws the error of `open`; if
   * that fails too, throws its error, and the service stays unavailable. Resolves with false if the service stops: then it
   * opens no agent, or nobody gets an answer of it.
   */
  replaceAgent(open: () => Promise<Agent>, reopen: () => Promise<Agent>): Promise<boolean> {
    const replaced = this.#replacing.then(() => this.#replace(open, reopen));
    this.#replacing = replaced.catch(() => {});
    return replaced;
  }

  get #isStopping(): boolean {
    return this.#pause?.code === "stopping";
  }

  async #replace(open: () => Promise<Agent>, reopen: () => Promise<Agent>): Promise<boolean> {
    if (this.#isStopping) return false;
    this.#pause = { code: "reloading", message: "The agent is being replaced." };
    await this.#turns.pause();
    if (this.#isStopping) return false;
    await this.#served.memory.readAgain();
    await this.#served.agent.close();
    if (this.#isStopping) return false;
    let failure: unknown = null;
    let agent: Agent;
    try {
      agent = await openChecked(open).catch((error) => {
        failure = error;
        // A service that stops needs no agent.
        if (this.#isStopping) throw error;
        return reopen();
      });
    } catch (error) {
      if (this.#isStopping) return false;
      this.#pause = { code: "agent-missing", message: "The agent could not be opened again. Restart the service." };
      throw error;
    }
    this.figures.beginAgent();
    this.#served = this.#serve(agent);
    this.#turnHealth.clear();
    this.permissions.askSeconds = this.#settings.ask_seconds ?? 60;
    this.#turns.resume(agent);
    if (this.#pause?.code === "reloading") this.#pause = null;
    await this.readFacts();
    await this.automation.follow();
    if (failure !== null) throw failure;
    return !this.#isStopping;
  }

  /** Takes no new turns, and resolves when the running ones have ended. Those that take longer are aborted. */
  async drain(milliseconds: number): Promise<void> {
    this.#pause = { code: "stopping", message: "The service is stopping." };
    // Acts that run have some seconds of their own.
    await Promise.all([this.automation.close(), this.#turns.drain(milliseconds)]);
    this.#ending ??= Promise.all(this.#lastTasks.map((task) => task()));
    await this.#ending;
  }

  /** Ends the service. The agent stays open: it belongs to the caller. */
  async close(): Promise<void> {
    await this.drain(0);
    this.permissions.close();
    await this.#turns.close();
  }
}

/** Opens an agent whose conversations can be kept. */
async function openChecked(open: () => Promise<Agent>): Promise<Agent> {
  const agent = await open();
  try {
    await checkSessionFolder(agent);
    return agent;
  } catch (error) {
    await agent.close();
    throw error;
  }
}
