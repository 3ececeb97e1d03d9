import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { type LoggedEvent, readEventLog } from "@nanoagent/server/triggers";
import { toolsOfTriggers } from "./acting-agent.js";

/** Runs of a tool under one key. */
export interface ToolRuns {
  readonly key: string;
  readonly tool: string;
  readonly trigger: string;
  starts: number;
  ends: number;
}

/** All that can be known of the events of a soak: the agent's log, read after each kill, and the notes of the tools. */
export class SoakEvidence {
  readonly events = new Map<string, LoggedEvent>();
  /** Ends of events that changed later, one sentence each. */
  readonly changedEnds: string[] = [];
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Events that are not finished. */
  get open(): number {
    return [...this.events.values()].filter(({ outcome }) => outcome === null).length;
  }

  /** Reads the log of the agent. Its oldest segments are removed with time, so this is done after each kill. */
  async read(): Promise<void> {
    const folder = path.join(this.#folder, "session", "events");
    if (!existsSync(folder)) return;
    for await (const event of readEventLog(folder)) {
      const known = this.events.get(event.event.id);
      if (known !== undefined && known.outcome !== null && known.outcome !== event.outcome) {
        this.changedEnds.push(`${event.event.id} ended as ${known.outcome}, later as ${event.outcome}`);
      }
      // An older reading may have acts whose segment is gone.
      if (known === undefined || event.acts.length >= known.acts.length) this.events.set(event.event.id, event);
    }
  }

  /** Returns the runs of all tools, from their own notes. */
  toolRuns(): ToolRuns[] {
    const runs = new Map<string, ToolRuns>();
    for (const tool of new Set(Object.values(toolsOfTriggers))) {
      for (const line of this.#lines(`tools/${tool}.log`)) {
        const [what, key = "", trigger = ""] = line.split(" ");
        const run = runs.get(`${tool} ${key}`) ?? { key, tool, trigger, starts: 0, ends: 0 };
        runs.set(`${tool} ${key}`, run);
        if (what === "start") run.starts++;
        else run.ends++;
      }
    }
    return [...runs.values()];
  }

  /** Keys of the effects of the tool that is idempotent. */
  effects(): string[] {
    return readdirSync(path.join(this.#folder, "effects"));
  }

  /** Events whose answer is in the file, as often as it is there. */
  fileAnswers(): string[] {
    return this.#lines("answers.jsonl").map((line) => JSON.parse(line).event);
  }

  #lines(name: string): string[] {
    const file = path.join(this.#folder, name);
    return existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
  }
}
