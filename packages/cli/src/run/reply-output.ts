import { once } from "node:events";
import type { NanoAgentError } from "@nanoagent/models";
import type { AgentEvent } from "@nanoagent/runtime";
import type { Streams } from "../streams.js";

/** How a conversation is shown. */
export interface ReplyOutput {
  /** Called before the first message. `messages` is the length of the conversation that goes on. */
  begin(agentName: string, platform: string, messages: number): void;
  /** Resolves when the reader has room for more. */
  show(event: AgentEvent): Promise<void>;
  /** Shows what a slash command says. */
  showCommand(command: string, text: string): void;
  /** Shows an error that came before a turn began. */
  showError(error: NanoAgentError): void;
  finish(): void;
}

/** Waits while the reader of the output does not keep up, but not beyond the end of the program. */
export async function roomIn({ stdout, stop }: Streams): Promise<void> {
  if (!stdout.writableNeedDrain || stop.aborted) return;
  await once(stdout, "drain", { signal: stop }).catch(() => {});
}
