import { cutText, type MqttAnswer } from "@nanoagent/models";
import { fillText, onlyPlaceholder } from "../acts/template.js";
import { AnswerError } from "./answer-error.js";
import type { AnswerRun } from "./answer-run.js";

/** Longest topic in bytes that MQTT can express. */
const MAX_TOPIC_BYTES = 65_535;

/** Publishes an answer. Waits while the broker cannot be reached, and for its acknowledgement. */
export async function publishAnswer(
  { topic: template, payload = "{answer}", retain }: MqttAnswer,
  { event, answer, signal, places: { broker } }: AnswerRun,
): Promise<void> {
  if (broker === null) {
    const message = "The answer has no broker. Add mqtt with the url of the broker to the config.";
    throw new AnswerError(message, { isPermanent: true });
  }
  // A topic that is one value alone was meant to be chosen by the event.
  const onValue = onlyPlaceholder(template) === null ? asLevel : undefined;
  const topic = fillText(template, { event, answer }, { onValue });
  if (topic === "" || /[+#\0]/.test(topic) || Buffer.byteLength(topic) > MAX_TOPIC_BYTES) {
    const message = `The topic ${JSON.stringify(cutText(topic, 100))} cannot be published to: it is empty or too long, or has +, # or NUL.`;
    throw new AnswerError(message, { isPermanent: true });
  }
  await broker.publish(topic, fillText(payload, { event, answer }), { retain, signal });
}

/** A value within a topic is one level, so that an event cannot choose another branch of topics. */
function asLevel(value: string, path: string): string {
  if (!value.includes("/") || path === "topic") return value;
  throw new AnswerError(`The value of {${path}} has a /, which would begin another level of the topic.`, {
    isPermanent: true,
  });
}
