import type { TriggerSettings } from "@nanoagent/models";
import { loadTriggerParts } from "@nanoagent/server/program";
import type { OptionValues } from "../command-line/command.js";
import { UsageError } from "../errors/usage-error.js";

/** An event that the command line describes. */
export interface TypedEvent {
  readonly at: number;
  readonly payload: unknown;
  readonly topic?: string;
}

/**
 * Reads the event of the command line. Without a payload it is that of a scheduled run, or null. Throws
 * {@link UsageError}.
 */
export async function readTypedEvent(
  { payload, topic: given, at }: OptionValues,
  trigger: TriggerSettings,
): Promise<TypedEvent> {
  const { name, when } = trigger;
  const topic = given ?? usualTopic(trigger);
  const { readPayload, findTopicIssue } = await loadTriggerParts();
  const time = at === undefined ? Date.now() : Date.parse(String(at));
  if (Number.isNaN(time)) {
    throw new UsageError({
      message: `--at takes a time, found "${at}".`,
      hint: "Write it as 2027-01-31T06:00 for local time, or 2027-01-31T06:00Z for UTC.",
    });
  }
  if (given !== undefined && !("mqtt" in when)) {
    throw new UsageError({
      message: `--topic has no effect: the events of "${name}" have no topic.`,
      hint: "Only a trigger with when: { mqtt: … } takes it.",
    });
  }
  const issue = topic === undefined ? null : findTopicIssue(String(topic));
  if (issue !== null) {
    throw new UsageError({
      message: `--topic "${topic}" is wrong. ${issue}`,
      hint: "Write a topic without wildcards.",
    });
  }
  const runsByClock = "schedule" in when || "every" in when;
  const usual = runsByClock ? { scheduled_at: new Date(time).toISOString(), missed: false } : null;
  return {
    at: time,
    payload: payload === undefined ? usual : readPayload(new TextEncoder().encode(String(payload))),
    ...(topic !== undefined && { topic: String(topic) }),
  };
}

/** Returns the only topic of a trigger, or undefined. Throws {@link UsageError} where one is missing that the trigger uses. */
function usualTopic({ name, when, if: conditions, do: act, then }: TriggerSettings): string | undefined {
  if (!("mqtt" in when)) return undefined;
  const { topic } = when.mqtt;
  if (!/[+#]/.test(topic)) return topic;
  if (!/\{topic|"value":"topic/.test(JSON.stringify([conditions, act, then]))) return undefined;
  throw new UsageError({
    message: `--topic is missing: "${name}" uses the topic of its event.`,
    hint: `Pass --topic with one that ${topic} stands for.`,
  });
}
