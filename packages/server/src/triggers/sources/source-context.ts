import type { Broker } from "../../mqtt/broker.js";
import type { Clock } from "../schedules/clock.js";

/** The surroundings of a source, as its trigger passes them. */
export interface SourceContext {
  /** Name of the trigger. */
  readonly trigger: string;
  /** Folder of the config, to which paths are relative. */
  readonly configFolder: string;
  /** The connection to a broker, or null without `mqtt` in the config. */
  readonly broker: Broker | null;
  /** Whether the agent itself publishes to a topic, besides its answers: its state and its events. Default: to none. */
  readonly isOwnTopic?: ((topic: string) => boolean) | undefined;
  /** Variables in which secrets are found. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** For sources that look back at a start. Null: they never do. */
  readonly progress?: SourceProgress | null | undefined;
  /** Takes one or more sentences about a problem, once each time that it begins. */
  readonly onNotice?: ((message: string) => void) | undefined;
  readonly clock: Clock;
}

/** The time up to which a source has handed over everything, kept in the log of events. */
interface SourceProgress {
  /** Returns that time in milliseconds since 1970, or null where this rule was never there before. */
  read(rule: string): number | null;
  write(rule: string, through: number): Promise<void>;
}
