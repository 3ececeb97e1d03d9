import { agentTopics, MqttError } from "@nanoagent/server/mqtt";
import { readJsonObject } from "../offers/read-json-object.js";
import type { FinishedTrigger, Registry, TriggerOptions } from "./registry.js";
import { requestReply } from "./request-reply.js";

/** Largest event that is read, in bytes. Agents send texts of at most 1,000 characters. */
const MAX_EVENT_BYTES = 32 * 1024;
/** Longest outcome, ID or time, in characters. */
const MAX_WORD_CHARACTERS = 200;

/** Runs a trigger of an agent, and resolves with the first act of this trigger that ends after that. */
export function runAgentTrigger(
  registry: Registry,
  id: string,
  name: string,
  options: TriggerOptions,
): Promise<FinishedTrigger> {
  if (/[/+#]/.test(name) || name === "") throw unusableName(name);
  const topics = agentTopics(id, registry.prefix);
  return requestReply(
    registry,
    {
      id,
      topic: topics.run(name),
      payload: options.payload ?? "",
      replyTopic: topics.event,
      read: (bytes) => readEvent(bytes, name),
      hint: "Compare the name with nanoagent triggers list on the device. Nothing is done if the conditions are not met; nanoagent triggers log has the reason.",
    },
    options,
  );
}

function readEvent(bytes: Uint8Array, name: string): FinishedTrigger | null {
  const message = readJsonObject(bytes, MAX_EVENT_BYTES);
  if (message === null || message.trigger !== name) return null;
  const { event_type: outcome, event, text, at } = message;
  if (!isWord(outcome) || !isWord(event) || !isWord(at) || typeof text !== "string") return null;
  return { trigger: name, event, outcome, text, at };
}

function isWord(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_WORD_CHARACTERS;
}

function unusableName(name: string): MqttError {
  return new MqttError({
    code: "mqtt-settings-invalid",
    message: `The name ${JSON.stringify(name.slice(0, 100))} is not that of a trigger.`,
    reason: "The name is a level of a topic, so it cannot be empty or contain /, + or #.",
    hint: "nanoagent triggers list on the device shows the names.",
  });
}
