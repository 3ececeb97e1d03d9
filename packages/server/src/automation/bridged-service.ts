import { isLoopback } from "../access/loopback.js";
import { conversationLimits } from "../conversations/conversation-limits.js";
import { ConversationMemory } from "../conversations/conversation-memory.js";
import type { AgentFacts, AgentNames, BridgedAgent, FinishedAct, TriggerAnswered } from "../mqtt/bridged-agent.js";
import { ACT_OUTCOMES } from "../mqtt/bridged-agent.js";
import type { ServiceStatus } from "../status/service-status.js";
import { TriggerError } from "../triggers/trigger-error.js";
import type { EndedEvent, Triggers } from "../triggers/triggers.js";
import { answerEvents } from "../turns/answer-events.js";
import { readReply } from "../turns/read-reply.js";
import type { AutomatedService } from "./automated-service.js";

/** Time between two looks at the figures of the service. */
const LOOK_MILLISECONDS = 60_000;

/** A service as the broker and Home Assistant see it. */
export class BridgedService implements BridgedAgent {
  readonly #service: AutomatedService;
  readonly #triggers: Triggers | null;
  readonly #memory: ConversationMemory;
  readonly #listeners = new Set<() => void>();
  readonly #stops: (() => void)[];
  readonly #timer: ReturnType<typeof setInterval>;
  #status: ServiceStatus;
  #isLooking = false;
  #hasChanged = false;

  private constructor(service: AutomatedService, triggers: Triggers | null, status: ServiceStatus) {
    this.#service = service;
    this.#triggers = triggers;
    this.#status = status;
    this.#memory = new ConversationMemory(
      () => conversationLimits(service.agent),
      () => service.now(),
    );
    const look = () => void this.#look();
    this.#stops = [service.onTurn(look), ...(triggers === null ? [] : [triggers.onChange(look)])];
    this.#timer = setInterval(look, LOOK_MILLISECONDS).unref();
  }

  static async open(service: AutomatedService, triggers: Triggers | null): Promise<BridgedService> {
    return new BridgedService(service, triggers, await service.status());
  }

  get names(): AgentNames {
    const { agent, version, url } = this.#service;
    const model = this.#service.listModels().find(({ target }) => target === "model")?.id ?? agent.engine.name;
    const { spec, mqtt, fleet } = agent.config;
    const isPublic = url !== null && !isLoopback(new URL(url).hostname);
    // The broker of a fleet may be far away. It learns addresses only if the config asks for Home Assistant.
    const mayTell = fleet === undefined || mqtt?.home_assistant !== undefined;
    return { name: spec.name, version, model, pageUrl: isPublic && mayTell ? url : null };
  }

  get triggers(): readonly { readonly name: string }[] {
    return (this.#triggers?.states ?? []).filter(({ status }) => status !== "off");
  }

  facts(): AgentFacts {
    const { health, turns, memory, device } = this.#status;
    const [reason] = health.reasons;
    return {
      state: reason !== undefined ? "degraded" : turns.running > 0 ? "busy" : "ready",
      problem: reason?.message ?? null,
      memoryBytes: memory?.used_bytes ?? null,
      tokensPerSecond: this.#service.tokensPerSecond,
      temperatureCelsius: device?.temperature_celsius ?? null,
    };
  }

  async ask(
    { text, conversation }: { readonly text: string; readonly conversation: string | null },
    signal: AbortSignal,
  ): Promise<string> {
    const turn = conversation === null ? null : await this.#memory.begin(conversation);
    try {
      const ask = {
        target: "agent",
        conversationIds: conversation === null ? [] : [`mqtt-${conversation}`],
        instructions: null,
        before: turn?.before ?? [],
        message: text,
        mayAskClient: false,
      } as const;
      const { shown } = await readReply(answerEvents(this.#service.answering, ask, signal));
      turn?.end({ message: text, reply: shown });
      return shown;
    } finally {
      turn?.end();
    }
  }

  async run(trigger: string, payload: Uint8Array | null): Promise<string | null> {
    const event = payload === null ? {} : { message: payload };
    try {
      const added = await this.#triggers?.run(trigger, event);
      return added === undefined || added.isRepeated ? null : added.id;
    } catch (error) {
      // Its loss is counted and reported. The same event would be refused again.
      if (!(error instanceof TriggerError && error.isPermanent)) throw error;
      return null;
    }
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onAnswer(listener: (answer: TriggerAnswered) => void): () => void {
    return this.#onEnd(({ outcome, trigger, result, at }) => {
      if (outcome === "done") listener({ trigger, text: result, at: Date.parse(at) });
    });
  }

  onAct(listener: (act: FinishedAct) => void): () => void {
    return this.#onEnd(({ id, trigger, outcome, result, at }) => {
      const known = ACT_OUTCOMES.find((one) => one === outcome);
      if (known !== undefined) listener({ trigger, event: id, outcome: known, text: result, at: Date.parse(at) });
    });
  }

  #onEnd(listener: (event: EndedEvent) => void): () => void {
    return this.#triggers?.onEnd(listener) ?? (() => {});
  }

  /** Notes that another agent is served. */
  changed(): void {
    void this.#look();
  }

  close(): void {
    clearInterval(this.#timer);
    for (const stop of this.#stops) stop();
    this.#listeners.clear();
  }

  async #look(): Promise<void> {
    this.#hasChanged = true;
    if (this.#isLooking) return;
    this.#isLooking = true;
    // A change during a look is seen by the next one.
    while (this.#hasChanged) {
      this.#hasChanged = false;
      this.#status = await this.#service.status();
    }
    this.#isLooking = false;
    for (const listener of [...this.#listeners]) listener();
  }
}
