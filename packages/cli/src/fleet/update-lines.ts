import type { RollOutEvent } from "@nanoagent/fleet";
import { StatusLine } from "../output/status-line.js";
import { terminalAbilities } from "../output/terminal-style.js";
import type { Streams } from "../streams.js";
import { safe } from "./describe-agent.js";

/** Most agents that a line names. */
const MAX_NAMED = 8;

/** Shows a roll-out to people: a line for everything that stays, and one at a terminal for what goes on. */
export class UpdateLines {
  readonly #stderr: Streams["stderr"];
  readonly #status: StatusLine;
  readonly #steps = new Map<string, string>();
  #total = 0;
  #applied = 0;

  constructor({ stderr }: Pick<Streams, "stderr">) {
    this.#stderr = stderr;
    this.#status = new StatusLine(stderr, { redraws: terminalAbilities(stderr, process.env, false).redraws });
  }

  show(event: RollOutEvent): void {
    const line = this.#take(event);
    if (line !== null) {
      this.#status.clear();
      this.#stderr.write(`${line}\n`);
    }
    const text = this.#describe(event);
    if (text !== null) this.#status.update(() => text);
  }

  end(): void {
    this.#status.clear();
  }

  /** Returns the line that stays, or null. */
  #take(event: RollOutEvent): string | null {
    switch (event.type) {
      case "roll-out-begin":
        return this.#begin(event);
      case "address-unchecked":
        return `note: The address is not checked: ${safe(event.reason)}`;
      case "agent-offer":
        this.#steps.set(event.id, "offered");
        return event.online ? null : `${safe(event.id)}: offline, it updates when it is back`;
      case "agent-update":
        return this.#takeUpdate(event);
      case "agent-failure":
        this.#steps.delete(event.id);
        return `${safe(event.id)}: failed: ${safe(event.reason)}`;
      case "canaries-applied":
        return this.#total > this.#applied ? "The first agents have applied it. Now the others get it." : null;
      case "offer-withdrawal":
        this.#steps.delete(event.id);
        return `${safe(event.id)}: the offer is withdrawn`;
      default:
        return null;
    }
  }

  #begin(event: Extract<RollOutEvent, { type: "roll-out-begin" }>): string {
    const { name, version, sequence, canaries, others, applied, skipped } = event;
    this.#total = canaries.length + others.length + applied.length;
    this.#applied = applied.length;
    const first = canaries.length === 0 ? "" : `, first ${namesOf(canaries)}`;
    const lines = [`Bundle ${safe(name)} ${safe(version)}, sequence ${sequence}, for ${count(this.#total)}${first}.`];
    if (applied.length > 0) lines.push(`${count(applied.length)} applied it before: ${namesOf(applied)}`);
    for (const { id, reason } of skipped) lines.push(`${safe(id)}: left out: ${safe(reason)}`);
    return lines.join("\n");
  }

  #takeUpdate({ id, state, reason, progress }: Extract<RollOutEvent, { type: "agent-update" }>): string | null {
    if (state === "applied" || state === "current") {
      this.#steps.delete(id);
      this.#applied += 1;
      return `${safe(id)}: ${state === "applied" ? "applied" : "applied before"}`;
    }
    // The failure follows.
    if (state === "refused" || state === "rolled-back") return null;
    this.#steps.set(id, progress === null ? state : `${state} ${Math.floor(progress * 100)}%`);
    return state === "waiting" && reason !== null ? `${safe(id)}: waiting: ${safe(reason)}` : null;
  }

  #describe(event: RollOutEvent): string | null {
    if (event.type === "pieces-progress") return `Publishing the bundle, ${Math.floor(event.share * 100)}%`;
    if (this.#steps.size === 0) return null;
    const steps = [...this.#steps].slice(-3).map(([id, step]) => `${safe(id)} ${step}`);
    return `${this.#applied} of ${count(this.#total)} applied; ${steps.join(", ")}`;
  }
}

/** Names a few agents, and how many more there are. */
export function namesOf(ids: readonly string[]): string {
  const names = ids.slice(0, MAX_NAMED).map(safe).join(", ");
  return ids.length > MAX_NAMED ? `${names} and ${ids.length - MAX_NAMED} more` : names;
}

function count(agents: number): string {
  return agents === 1 ? "1 agent" : `${agents} agents`;
}
