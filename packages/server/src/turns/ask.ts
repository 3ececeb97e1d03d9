import type {
  AgentEvent,
  CallerTools,
  CallResults,
  ConversationMessage,
  PermissionRequest,
  SamplingOptions,
} from "@nanoagent/runtime";

/** A request for a reply, in the form that every protocol is converted to. */
export interface Ask {
  /** The agent with its tools, intents and journal, or its model alone. */
  readonly target: "agent" | "model";
  /** Ids that the client gives to its conversation, the most specific first. They only find it. */
  readonly conversationIds: readonly string[];
  /** Instructions of the client, which follow the agent's. */
  readonly instructions: string | null;
  /** The conversation that the client sent, without the last message. It replaces a different one. */
  readonly before: readonly ConversationMessage[];
  /** The message to answer: a user's text, or the results of the client's tools. */
  readonly message: string | CallResults;
  readonly callerTools?: CallerTools | undefined;
  readonly responseSchema?: object | undefined;
  readonly sampling?: SamplingOptions | undefined;
  /** Language of the message, if the client tells it. */
  readonly language?: string | undefined;
  /** Whether questions for permission may be sent to the client within this reply. */
  readonly mayAskClient: boolean;
}

/** A question for permission that somebody can answer now. */
export interface PermissionEvent {
  type: "permission";
  id: string;
  request: PermissionRequest;
  /** Seconds until the question is refused. */
  seconds: number;
}

/**
 * Events of a reply: those of a turn, and questions for permission. The model alone gives the same events: its calls are
 * for the caller, and its end is `run-end`.
 */
export type AnswerEvent = AgentEvent | PermissionEvent;

/** Answers requests. */
export interface Answering {
  /**
   * Throws {@link ServiceError} `queue-full` or `service-stopping` if a request could not be taken now. Costs nothing:
   * routes call it before they read a body.
   */
  checkPlace(): void;
  /**
   * Waits for a place in the queue, and answers. Never throws after the first event; the last event is one `run-end` or
   * one `error`. Throws {@link ServiceError} before it: `queue-full`, `service-stopping`. When the signal aborts, the
   * engine stops within 250 ms.
   */
  answer(ask: Ask, signal: AbortSignal): Promise<AsyncGenerator<AnswerEvent, void>>;
}
