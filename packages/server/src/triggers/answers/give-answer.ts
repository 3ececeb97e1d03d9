import { asSentence, NanoAgentError, type TriggerAnswer } from "@nanoagent/models";
import { TemplateError } from "../acts/template.js";
import { AnswerError } from "./answer-error.js";
import type { AnswerRun } from "./answer-run.js";

/**
 * Brings an answer to its place. Resolves when the place has it: the broker has acknowledged it, the program has ended well,
 * the address has accepted it, the file is on disk. Rejects with {@link AnswerError}.
 */
export async function giveAnswer(place: TriggerAnswer, run: AnswerRun): Promise<void> {
  try {
    if ("mqtt" in place) return await (await import("./mqtt-answer.js")).publishAnswer(place.mqtt, run);
    if ("command" in place) return await (await import("./command-answer.js")).runAnswerCommand(place.command, run);
    if ("http" in place) return await (await import("./http-answer.js")).postAnswer(place.http, run);
    return await (await import("./file-answer.js")).appendAnswer(place.file, run);
  } catch (cause) {
    if (cause instanceof AnswerError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const isPermanent = cause instanceof TemplateError;
    const { code = "" } = cause as { code?: string };
    const isAway =
      run.signal.aborted || (NanoAgentError.isInstance(cause) ? code === "broker-unreachable" : isFull(code));
    throw new AnswerError(`The answer could not be given: ${asSentence(reason)}`, {
      isPermanent,
      isAway,
      cause,
    });
  }
}

/** Whether a place has no room at present. The answer waits for it as for a broker that is away. */
function isFull(code: string): boolean {
  return code === "ENOSPC" || code === "EDQUOT";
}

/** Returns an answer's place for people, such as `mqtt garden/log`. */
export function describePlace(place: TriggerAnswer): string {
  if ("mqtt" in place) return `mqtt ${place.mqtt.topic}`;
  if ("command" in place) return `command ${place.command[0] ?? ""}`;
  return "http" in place ? `http ${place.http.url}` : `file ${place.file.path}`;
}
