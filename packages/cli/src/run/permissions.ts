import type { PermissionRequest } from "@nanoagent/runtime";
import type { MessageInput } from "../input/message-input.js";
import { onAbort } from "../on-abort.js";
import { askPermission } from "./ask-permission.js";

/** Asks the person at the terminal before a tool runs, and remembers what is allowed for the conversation. */
export class Permissions {
  /** Prompt of the conversation, which questions use as well; null before it is open. */
  input: MessageInput | null = null;
  /** Called before a question. */
  onAsk: () => void = () => {};
  readonly #openTerminal: (() => Promise<MessageInput>) | null;
  /** Names of the tools that run without another question. */
  readonly #always = new Set<string>();

  /** `openTerminal` opens a terminal to ask where there is no prompt; null where nobody can be asked. */
  constructor(openTerminal: (() => Promise<MessageInput>) | null) {
    this.#openTerminal = openTerminal;
  }

  /** Whether a tool may run: because it was allowed for the conversation, or because the person says so now. */
  async allows(request: PermissionRequest, signal: AbortSignal): Promise<boolean> {
    if (this.#always.has(request.tool)) return true;
    this.onAsk();
    const answer = await this.#ask(request, signal);
    if (answer === "always") this.#always.add(request.tool);
    return answer !== "no";
  }

  /** Forgets what was allowed: a new conversation asks again. */
  reset(): void {
    this.#always.clear();
  }

  async #ask(request: PermissionRequest, signal: AbortSignal) {
    if (this.input !== null || this.#openTerminal === null) return askPermission(request, this.input, signal);
    const input = await this.#openTerminal();
    const stopListening = onAbort(signal, () => input.close());
    try {
      return await askPermission(request, input, signal);
    } finally {
      stopListening();
      input.close();
    }
  }
}
