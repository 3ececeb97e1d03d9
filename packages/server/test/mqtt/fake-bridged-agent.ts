import type {
  AgentFacts,
  AgentNames,
  BridgedAgent,
  FinishedAct,
  TriggerAnswered,
} from "../../src/mqtt/bridged-agent.js";

/** An agent whose answers and facts a test chooses. */
export class FakeBridgedAgent implements BridgedAgent {
  names: AgentNames = { name: "Greenhouse", version: "0.2.0", model: "qwen-0.5b", pageUrl: "http://10.0.0.7:7420/" };
  triggers = [{ name: "dry-bed" }];
  current: AgentFacts = {
    state: "ready",
    problem: null,
    memoryBytes: 300 * 2 ** 20,
    tokensPerSecond: 8.04,
    temperatureCelsius: 51.4,
  };
  readonly asked: { text: string; conversation: string | null }[] = [];
  readonly runs: string[] = [];
  /** Payloads of the runs. */
  readonly payloads: (string | null)[] = [];
  /** Answers a question. Default: the question in upper case. */
  answer: (text: string, signal: AbortSignal) => Promise<string> = async (text) => text.toUpperCase();
  /** Id of the event that a run becomes. */
  event: string | null = "e-1";
  onRun: () => Promise<void> = async () => {};
  readonly #changed = new Set<() => void>();
  readonly #answered = new Set<(answer: TriggerAnswered) => void>();
  readonly #acted = new Set<(act: FinishedAct) => void>();

  get listeners(): number {
    return this.#changed.size + this.#answered.size + this.#acted.size;
  }

  facts(): AgentFacts {
    return this.current;
  }

  ask(ask: { text: string; conversation: string | null }, signal: AbortSignal): Promise<string> {
    this.asked.push(ask);
    return this.answer(ask.text, signal);
  }

  async run(trigger: string, payload: Uint8Array | null): Promise<string | null> {
    this.runs.push(trigger);
    this.payloads.push(payload === null ? null : new TextDecoder().decode(payload));
    await this.onRun();
    return this.event;
  }

  onChange(listener: () => void): () => void {
    return addTo(this.#changed, listener);
  }

  onAnswer(listener: (answer: TriggerAnswered) => void): () => void {
    return addTo(this.#answered, listener);
  }

  onAct(listener: (act: FinishedAct) => void): () => void {
    return addTo(this.#acted, listener);
  }

  /** Changes something and tells it. */
  change(parts: Partial<AgentFacts>): void {
    this.current = { ...this.current, ...parts };
    for (const listener of this.#changed) listener();
  }

  tellAnswer(answer: TriggerAnswered): void {
    for (const listener of this.#answered) listener(answer);
  }

  tellAct(act: FinishedAct): void {
    for (const listener of this.#acted) listener(act);
  }
}

function addTo<Value>(set: Set<Value>, value: Value): () => void {
  set.add(value);
  return () => set.delete(value);
}
