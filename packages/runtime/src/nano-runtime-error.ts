import { type ErrorParts, NanoAgentError } from "@nanoagent/models";

export type NanoRuntimeErrorCode =
  | "insufficient-memory"
  | "model-too-large"
  | "model-not-found"
  | "model-unreadable"
  | "model-outside-root"
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
  | "aborted";

/**
 * What {@link NanoRuntime} refuses or could not finish. Codes:
 *
 * - `insufficient-memory`: the agent asks for more memory than the device has, or takes more than it may.
 * - `model-too-large`, `model-not-found`, `model-unreadable`, `model-outside-root`: the file at `model_path` cannot be
 *   used.
 * - `not-loaded`: a message came before `load()` or after `unload()`, or its agent or conversation was closed meanwhile.
 * - `already-loaded`: `load()` came twice without `unload()` in between.
 * - `turn-running`: the conversation cannot begin anew while a message is being answered.
 * - `invalid-message`, `message-too-large`: the message is no user's message, or longer than {@link MAX_MESSAGE_BYTES}.
 * - `invalid-options`: an option of a conversation has a wrong value.
 * - `context-exceeded`: the message alone is larger than the engine's context; the text says by how much.
 * - `too-many-messages`: as many messages as {@link MAX_WAITING_MESSAGES} wait already.
 * - `too-many-steps`, `reply-too-large`: the engine went on calling tools, or writing, without an end.
 * - `too-many-tokens`, `time-limit`: the engine called tools and wrote for longer than the turn's limits allow.
 * - `call-not-valid`: the engine called a tool with arguments that are not right, was shown why, and did so again.
 * - `repeated-calls`: the engine called the same tools with the same results, three rounds in a row.
 * - `reply-not-valid`: the reply does not satisfy the schema that was asked for: it was cut off, or the engine could not
 *   hold itself to it.
 * - `reply-only-thought`: the model thought, and ended or reached its limit before it gave an answer.
 * - `aborted`: the caller's signal or `unload()` ended the turn. Nothing of it is in the history, unless it had changed the
 *   world and there is a session.
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
      hint: "Call load(config) first; on an agent that is open, call converse() for another conversation.",
    });
  }

  static aborted(): NanoRuntimeError {
    return new NanoRuntimeError({ code: "aborted", message: "The turn was aborted." });
  }
}
