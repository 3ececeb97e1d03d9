import type { Broker } from "../../mqtt/broker.js";
import type { TriggerEvent } from "../trigger-event.js";

/** An answer on its way to one place of `then`. */
export interface AnswerRun {
  readonly event: TriggerEvent;
  readonly answer: string;
  /** The same for every try of this answer, also after a restart. */
  readonly key: string;
  /** Whether an earlier try may have reached the place. */
  readonly mayBeThere: boolean;
  readonly signal: AbortSignal;
  readonly places: AnswerPlaces;
}

/** The surroundings of answers. */
export interface AnswerPlaces {
  /** Folder of the config, to which paths are relative. */
  readonly configFolder: string;
  /** The connection to a broker, or null without `mqtt` in the config. */
  readonly broker: Broker | null;
  /** Variables in which secrets are found. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Answers as JSON, for files and addresses. */
export interface AnswerBody {
  readonly event: string;
  readonly trigger: string;
  /** When the event happened, such as `2026-11-30T06:00:00.000Z`. */
  readonly at: string;
  readonly answer: string;
}

export function answerBody({ event, answer }: Pick<AnswerRun, "event" | "answer">): AnswerBody {
  return { event: event.id, trigger: event.trigger, at: new Date(event.at).toISOString(), answer };
}
