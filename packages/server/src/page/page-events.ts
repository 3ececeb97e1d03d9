/** One message of the user with its reply. */
export interface PageTurn {
  readonly id: string;
  /** The user's message. */
  readonly message: string;
  /** ISO 8601. */
  readonly at: string;
  /** `waiting`: behind other turns. `stopped`: aborted by somebody, or by the end of the service. */
  state: "waiting" | "running" | "done" | "stopped" | "failed";
  readonly parts: PagePart[];
  error: PageError | null;
  /** A sentence about the end of the reply that its reader must know, or null. */
  note: string | null;
}

export type PagePart = PageText | PageTool;

export interface PageText {
  readonly type: "text";
  text: string;
}

/** A call of one of the agent's own tools. */
export interface PageTool {
  readonly type: "tool";
  readonly id: string;
  readonly name: string;
  /** JSON, for people. */
  readonly arguments: string;
  /** `ended`: it has a result, and the conversation on disk does not tell whether it failed. */
  state: "running" | "done" | "failed" | "ended";
  result: string | null;
}

export interface PageError {
  readonly message: string;
}

export interface PageConversation {
  readonly id: string;
  readonly title: string;
  /** ISO 8601. */
  readonly updated_at: string;
  /** Whether a turn of it runs or waits. */
  readonly is_busy: boolean;
}

export interface PageQuestion {
  readonly id: string;
  readonly tool: string;
  readonly description: string;
  /** JSON, for people. */
  readonly arguments: string;
  readonly changes_world: boolean;
  /** Everything that runs if the answer is yes, for people. */
  readonly will_run: string;
  /** Seconds until the tool is refused. */
  readonly seconds: number;
}

export interface PageStatus {
  readonly version: string;
  readonly health: { readonly status: "ok" | "degraded" | "unavailable"; readonly reasons: readonly string[] };
  readonly model: { readonly id: string; readonly engine: string; readonly context_tokens: number | null };
  readonly turns: { readonly running: number; readonly waiting: number };
  /** Null if the system reports no memory. */
  readonly memory: PageMemory | null;
  /** Null where nothing reads the device. */
  readonly device: PageDevice | null;
}

export interface PageMemory {
  readonly used_bytes: number;
  readonly limit_bytes: number;
  readonly engine_bytes: number;
  readonly program_bytes: number;
  readonly tools_bytes: number;
  /** The action against memory pressure that is in force, or null. */
  readonly pressure: string | null;
}

interface PageDevice {
  readonly temperature_celsius: number | null;
  readonly is_throttled: boolean | null;
  /** Share of the last ten seconds in which tasks waited for memory, in percent. */
  readonly memory_pressure_percent: number | null;
  readonly power_source: "mains" | "battery" | null;
}

/** The conversation that a page shows. */
export interface ShownConversation {
  readonly id: string;
  readonly title: string;
  /** The newest turns, oldest first. */
  readonly turns: readonly PageTurn[];
  /** Whether there were turns before these. */
  readonly has_older: boolean;
}

/**
 * Events of the stream that a page reads. The first one is `hello`. It comes again when the agent was replaced, and then
 * stands for everything before.
 */
export type PageEvent =
  | {
      readonly type: "hello";
      readonly agent: string;
      readonly conversations: readonly PageConversation[];
      readonly questions: readonly PageQuestion[];
      readonly status: PageStatus;
      /** Null if the page asked for none, or for an unknown one. */
      readonly conversation: ShownConversation | null;
    }
  | { readonly type: "status"; readonly status: PageStatus }
  | { readonly type: "conversations"; readonly conversations: readonly PageConversation[] }
  | { readonly type: "questions"; readonly questions: readonly PageQuestion[] }
  /** A turn of the shown conversation that is new, or that changed as a whole. */
  | { readonly type: "turn"; readonly turn: PageTurn }
  /** Text that is added at the end of a text part. */
  | { readonly type: "text"; readonly turn: string; readonly part: number; readonly text: string };
