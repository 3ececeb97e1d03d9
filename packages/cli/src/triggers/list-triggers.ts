import type { TriggerSettings } from "@nanoagent/models";
import { type LoggedEvent, loadTriggerParts, type TriggerState } from "@nanoagent/server/program";
import type { CommandAction } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import { formatJson } from "../output/format.js";
import { type Column, formatTable } from "../output/format-table.js";
import { formatTime } from "../output/format-time.js";
import { inOneLine, plainLine, plainText } from "../output/plain-text.js";
import { findTriggerService } from "./find-trigger-service.js";
import { loggedEvents } from "./logged-events.js";
import { readTriggerPlace, type TriggerPlace } from "./trigger-place.js";

/** State of a trigger. Without a service it does not run. */
type ListedTrigger = Omit<TriggerState, "status"> & { readonly status: TriggerState["status"] | "not-running" };

/** Shown only if a trigger has dropped events. */
const DROPPED: Column<ListedTrigger> = { title: "dropped", cell: ({ counts }) => String(counts.dropped) };

const COLUMNS: readonly Column<ListedTrigger>[] = [
  { title: "name", isText: true, cell: ({ name }) => plainLine(name) },
  { title: "when", isText: true, leftOut: 2, cell: ({ when }) => plainLine(when) },
  { title: "state", isText: true, cell: ({ status }) => status.replace("-", " ") },
  { title: "waiting", cell: ({ open }) => String(open) },
  DROPPED,
  { title: "last", isText: true, cell: ({ last }) => (last === null ? "never" : `${timeOf(last.at)} ${last.outcome}`) },
  { title: "next run", isText: true, leftOut: 1, cell: ({ next_at }) => (next_at === null ? "" : timeOf(next_at)) },
];

/** Lists the triggers of a config: as a running service reports them, or from the config and the log. */
export const listTriggers: CommandAction = async (values, { stdout }) => {
  const place = await readTriggerPlace(values);
  const service = await findTriggerService(place.folder);
  const status = service?.status ?? null;
  const triggers = status?.triggers?.list ?? (await stoppedTriggers(place));
  if (values.json) {
    stdout.write(formatJson({ service: status === null ? null : { pid: status.pid, url: status.url }, triggers }));
  } else if (triggers.length === 0) stdout.write(plainText(`${place.file} has no triggers.\n`));
  else {
    const width = stdout.isTTY === true && stdout.columns ? stdout.columns : Number.POSITIVE_INFINITY;
    const hasDropped = triggers.some(({ counts }) => counts.dropped > 0);
    const columns = COLUMNS.filter((column) => hasDropped || column !== DROPPED);
    stdout.write(plainText(`${formatTable(triggers, columns, width, problemOf).join("\n")}\n`));
    if (status === null) stdout.write("No service runs them. Start one with nanoagent serve.\n");
  }
  return exitCodes.done;
};

function problemOf({ problem }: ListedTrigger): string[] {
  return problem === null ? [] : [`  ${inOneLine(problem)}`];
}

function timeOf(iso: string): string {
  return formatTime(new Date(iso));
}

/** Returns the triggers of a config that no service runs, with what the log says of them. */
async function stoppedTriggers({ triggers, folder }: TriggerPlace): Promise<ListedTrigger[]> {
  const parts = await loadTriggerParts();
  const listed = new Map(triggers.map((trigger) => [trigger.name, new StoppedTrigger(trigger)]));
  for await (const logged of loggedEvents(folder)) listed.get(logged.event.trigger)?.add(logged);
  const now = Date.now();
  return Promise.all([...listed.values()].map((trigger) => trigger.describe(parts, now)));
}

type TriggerParts = Awaited<ReturnType<typeof loadTriggerParts>>;

/** A trigger that does not run, and what the log has of its events. */
class StoppedTrigger {
  readonly #settings: TriggerSettings;
  readonly #counts: Record<keyof TriggerState["counts"], number> = {
    added: 0,
    done: 0,
    not_met: 0,
    failed: 0,
    unknown: 0,
    dropped: 0,
    repeated: 0,
  };
  #open = 0;
  #oldestOpenAt: number | null = null;
  #last: ListedTrigger["last"] = null;

  constructor(settings: TriggerSettings) {
    this.#settings = settings;
  }

  add({ event, outcome, result, ended_at, dropped }: LoggedEvent): void {
    if (dropped !== undefined) {
      this.#counts.dropped += dropped;
      return;
    }
    this.#counts.added += 1;
    if (outcome === null) {
      this.#open += 1;
      this.#oldestOpenAt = Math.min(this.#oldestOpenAt ?? event.at, event.at);
      return;
    }
    const key = outcome === "not-met" ? "not_met" : outcome;
    if (isCounted(key)) this.#counts[key] += 1;
    if (outcome === "not-met" || ended_at === null) return;
    this.#last = { at: new Date(ended_at).toISOString(), outcome, result: result ?? "" };
  }

  async describe({ describeSource, readRule }: TriggerParts, now: number): Promise<ListedTrigger> {
    const { name, when, enabled } = this.#settings;
    const runsByClock = "schedule" in when || "every" in when;
    // A wrong rule is reported by nanoagent check.
    const rule = runsByClock && enabled !== false ? await readRule(when).catch(() => null) : null;
    const next = rule?.nextAfter(now) ?? null;
    return {
      name,
      when: describeSource(when, name),
      status: enabled === false ? "off" : "not-running",
      problem: null,
      open: this.#open,
      oldest_open_at: this.#oldestOpenAt === null ? null : new Date(this.#oldestOpenAt).toISOString(),
      counts: this.#counts,
      last: this.#last,
      next_at: next === null ? null : new Date(next).toISOString(),
    };
  }
}

const counted = ["done", "not_met", "failed", "unknown", "dropped"] as const;

function isCounted(outcome: string): outcome is (typeof counted)[number] {
  return (counted as readonly string[]).includes(outcome);
}
