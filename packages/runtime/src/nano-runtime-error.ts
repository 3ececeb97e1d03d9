import { type ErrorParts, NanoAgentError } from "@nanoagent/models";

export type NanoRuntimeErrorCode =
  | "insufficient-memory"
  | "model-too-large"
  | "model-not-found"
  | "model-unreadable"
  | "model-outside-root"
  | "model-name-unresolved"
  | "not-loaded"
  | "already-loaded"
  | "turn-running"
  | "invalid-message"
  | "invalid-options"
  | "message-too-large"
  | "reply-too-large"
  | "reply-not-valid"
  | "reply-only-thought"
  | "context-exceeded"
  | "too-many-messages"
  | "too-many-steps"
  | "too-many-tokens"
  | "time-limit"
  | "repeated-calls"
  | "call-not-valid"
  | "call-missing"
  | "no-intent-matches"
  | "aborted";

/**
 * Errors of {@link NanoRuntime}, agents and conversations. Codes:
 *
 * - `insufficient-memory`: the agent's budget exceeds the device's memory, or the agent uses more than its budget.
 * - `model-too-large`, `model-not-found`, `model-unreadable`, `model-outside-root`: the file at `model_path` cannot be
 *   used.
 * - `model-name-unresolved`: `model_path` is a name (`hub:NAME`), and no `resolveModel` was passed.
 * - `not-loaded`: a message came before `load()` or after `unload()`, or its agent or conversation was closed
 *   meanwhile.
 * - `already-loaded`: `load()` was called twice without `unload()` in between.
 * - `turn-running`: the conversation cannot be reset while a message is being answered.
 * - `invalid-message`, `message-too-large`: the message is not a user message or a list of results, or exceeds {@link MAX_MESSAGE_BYTES}.
 * - `invalid-options`: an option of a conversation has an invalid value.
 * - `context-exceeded`: the message alone is larger than the engine's context; the text says by how much.
 * - `too-many-messages`: {@link MAX_WAITING_MESSAGES} messages are already waiting.
 * - `too-many-steps`, `reply-too-large`: the engine kept calling tools, or its reply did not end.
 * - `too-many-tokens`, `time-limit`: the engine exceeded a limit of the turn.
 * - `call-not-valid`: the engine called a tool with invalid arguments, saw the error, and did so again.
 * - `call-missing`: the turn required a tool call, and the engine answered with text.
 * - `no-intent-matches`: only an intent may answer the message, and none matches it.
 * - `repeated-calls`: the engine called the same tools with the same results, three rounds in a row.
 * - `reply-not-valid`: the reply does not satisfy the requested schema, because it was cut off or the engine could not
 *   follow the schema.
 * - `reply-only-thought`: the reply ended, or reached its limit, with reasoning but without an answer.
 * - `aborted`: the caller's signal or `unload()` ended the turn. The history contains none of it, unless it had changed
 *   the world and there is a session.
 */
export class NanoRuntimeError extends NanoAgentError {
  override name = "NanoRuntimeError";

  constructor(parts: ErrorParts & { code: NanoRuntimeErrorCode }) {
    super(parts);
  }

  static notLoaded(): NanoRuntimeError {
    return new NanoRuntimeError({
      code: "not-loaded",
      message: "No agent is loaded.",
      hint: "Call load(config) first; on an open agent, call converse() for another conversation.",
    });
  }

  static aborted(): NanoRuntimeError {
    return new NanoRuntimeError({ code: "aborted", message: "The turn was aborted." });
  }
}
