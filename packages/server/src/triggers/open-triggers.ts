import type { TriggerSettings } from "@nanoagent/models";
import type { Broker } from "../mqtt/broker.js";
import type { ActingAgent } from "./acting-agent.js";
import { endOrphans } from "./end-orphans.js";
import { EventLog } from "./events/event-log.js";
import type { EventLogError } from "./events/event-log-error.js";
import { openSources } from "./open-sources.js";
import { OpenTriggers } from "./opened-triggers.js";
import { readUnknownActs } from "./read-unknown-acts.js";
import { type Clock, systemClock } from "./schedules/clock.js";
import { TriggerBoard } from "./trigger-board.js";
import type { TriggerNotice } from "./trigger-parts.js";
import { TriggerRunner } from "./trigger-runner.js";
import type { Triggers } from "./triggers.js";

export interface TriggersOptions {
  readonly settings: readonly TriggerSettings[];
  /** Folder of the events: `events` in the folder of the session. No other program may use it meanwhile. */
  readonly folder: string;
  /** Folder to which paths are relative. Default: the current one. */
  readonly configFolder?: string | undefined;
  readonly agent: ActingAgent;
  /** The connection to a broker. Default: none. */
  readonly broker?: Broker | null | undefined;
  /** Whether the agent itself publishes to a topic. Triggers do not listen to its state and its events. */
  readonly isOwnTopic?: ((topic: string) => boolean) | undefined;
  /** Variables in which secrets are found. Default: those of the process. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Called for everything that people should know. Default: nothing. */
  readonly onNotice?: ((notice: TriggerNotice) => void) | undefined;
  /** False: no source listens and no open event goes on, so that only the events of `run` are worked on. Default: true. */
  readonly armed?: boolean | undefined;
  /** Default: the clock of the system. */
  readonly clock?: Clock | undefined;
}

/**
 * Opens the triggers of an agent: recovers the log of events, goes on with those that are open, and arms the sources.
 * Resolves when all is armed, whether brokers and programs can be reached or not. Throws {@link EventLogError}.
 */
export async function openTriggers(
  options: TriggersOptions,
  /** @internal */ { afterClose = async () => {} }: { readonly afterClose?: () => Promise<void> } = {},
): Promise<Triggers> {
  const { settings, folder, agent, broker = null, environment = process.env } = options;
  const { clock = systemClock, armed = true } = options;
  const places = { configFolder: options.configFolder ?? process.cwd(), broker, environment };
  const board = new TriggerBoard({ clock, onNotice: options.onNotice ?? (() => {}) });
  const onProblem = (problem: EventLogError | null) => board.noteSaving(problem);
  const log = await EventLog.open(folder, { now: () => clock.now(), onProblem });
  for (const message of log.notices) board.onNotice({ level: "warning", trigger: null, message });

  const runners = uniqueByName(settings).map((one) => {
    return new TriggerRunner(one, { log, agent, clock, places, listener: board });
  });
  if (armed) await endOrphans(log, new Set(runners.map((runner) => runner.settings.name)), clock);
  board.unknownActs = await readUnknownActs(folder, log, settings);
  const { isOwnTopic } = options;
  const sources = await openSources(runners, { log, clock, places, board, isOwnTopic });

  const opened = new OpenTriggers({ folder, log, board, sources, clock, afterClose });
  if (!armed) return opened;
  // From here on nothing waits: open events go on, and sources listen.
  for (const event of log.openEvents) {
    const runner = runners.find(({ settings: { name } }) => name === event.trigger);
    if (runner?.settings.enabled !== false) runner?.resume(event, log.newestAt);
  }
  sources.start();
  return opened;
}

/** The config refuses two triggers with one name. Of settings in code, the first counts. */
function uniqueByName(settings: readonly TriggerSettings[]): readonly TriggerSettings[] {
  return settings.filter(({ name }, index) => settings.findIndex((other) => other.name === name) === index);
}
