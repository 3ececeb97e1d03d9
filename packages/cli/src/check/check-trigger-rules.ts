import type { NanoAgentConfig, TriggerAnswer, TriggerCondition, TriggerSettings } from "@nanoagent/models";
import type { CheckedPart, ConfigPath, IssueParts } from "./check-report.js";
import { checkTriggerLoops } from "./check-trigger-loops.js";
import { checkTriggerValues } from "./check-trigger-values.js";
import type { TriggerParts } from "./trigger-parts.js";

type TriggersConfig = Pick<NanoAgentConfig, "triggers" | "mqtt" | "fleet" | "session">;

/**
 * Checks the triggers by the rules that no schema can express: a service refuses at its start what this reports as an
 * error. Tools, programs and files are not checked.
 */
export async function checkTriggerRules(part: CheckedPart, config: TriggersConfig, parts: TriggerParts): Promise<void> {
  const { triggers = [], session } = config;
  if (triggers.length > 0 && session === undefined) part.reject(["triggers"], parts.triggersNeedSession());
  const names = new Map<string, number>();
  for (const [index, trigger] of triggers.entries()) {
    const first = names.get(trigger.name);
    if (first === undefined) names.set(trigger.name, index);
    else {
      part.error(
        ["triggers", index, "name"],
        wrong(`Two triggers are named "${trigger.name}".`, "Rename one of them."),
      );
    }
    await checkTrigger(new TriggerCheck(part, index, trigger, parts), config);
    checkTriggerValues(part, ["triggers", index], trigger, parts.DEFAULT_MAX_AGE);
  }
  checkTriggerLoops(part, config, parts);
}

function wrong(message: string, hint?: string): IssueParts {
  return { code: "invalid-config", message, hint: hint ?? null };
}

/** One trigger, its place and its faults. */
class TriggerCheck {
  readonly path: ConfigPath;
  readonly trigger: TriggerSettings;
  readonly parts: TriggerParts;
  readonly #part: CheckedPart;

  constructor(part: CheckedPart, index: number, trigger: TriggerSettings, parts: TriggerParts) {
    this.path = ["triggers", index];
    this.trigger = trigger;
    this.parts = parts;
    this.#part = part;
  }

  /** Whether its events have a topic. */
  get hasTopic(): boolean {
    return "mqtt" in this.trigger.when;
  }

  error(path: ConfigPath, message: string, hint?: string): void {
    this.#part.error([...this.path, ...path], wrong(message, hint));
  }

  warn(path: ConfigPath, parts: IssueParts): void {
    this.#part.warn([...this.path, ...path], parts);
  }
}

async function checkTrigger(check: TriggerCheck, config: TriggersConfig): Promise<void> {
  await checkSource(check, config);
  const { if: conditions, dedupe } = check.trigger;
  if (Array.isArray(conditions)) {
    for (const [index, condition] of conditions.entries()) checkCondition(check, ["if", index], condition);
  } else if (conditions !== undefined) checkCondition(check, ["if"], conditions);
  if (typeof dedupe === "object" && !check.parts.isValuePath(dedupe.by)) {
    check.error(["dedupe", "by"], notAPath(dedupe.by));
  }
  checkAct(check);
  const { then } = check.trigger;
  if (Array.isArray(then)) {
    for (const [index, answer] of then.entries()) checkAnswer(check, ["then", index], answer, config);
  } else if (then !== undefined) checkAnswer(check, ["then"], then, config);
}

function notAPath(value: string): string {
  return `${JSON.stringify(value)} is not the path of a value. Use payload, payload.KEY, topic, topic.1 or at.`;
}

async function checkSource(check: TriggerCheck, { mqtt }: TriggersConfig): Promise<void> {
  const { when } = check.trigger;
  if ("schedule" in when || "every" in when) {
    const key = "schedule" in when ? "schedule" : "every";
    try {
      await check.parts.readRule(when);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      const isZone = "time_zone" in when && when.time_zone !== undefined && error.message.includes(when.time_zone);
      check.error(["when", isZone ? "time_zone" : key], error.message);
    }
  }
  if ("mqtt" in when) {
    if (mqtt === undefined) check.error(["when", "mqtt"], ...needsBroker);
    const issue = check.parts.findFilterIssue(when.mqtt.topic);
    if (issue !== null) check.error(["when", "mqtt", "topic"], issue);
  }
}

const needsBroker = [
  "The config has no mqtt, so there is no broker to connect to.",
  "Add the broker's address, for example mqtt: { url: mqtt://127.0.0.1:1883 }.",
] as const;

function checkCondition(check: TriggerCheck, path: ConfigPath, condition: TriggerCondition): void {
  for (const issue of check.parts.findConditionIssues(condition)) {
    check.error([...path, ...(issue.path === "" ? [] : issue.path.split("."))], issue.message);
  }
  if (!check.hasTopic && /^topic(?:\.|$)/.test(condition.value ?? "")) {
    check.error([...path, "value"], `${condition.value} has no value: only messages of a broker have a topic.`);
  }
}

/** Checks the placeholders of the act. */
function checkAct(check: TriggerCheck): void {
  const { do: act } = check.trigger;
  const [key, template] =
    "tool" in act
      ? (["arguments", act.arguments ?? {}] as const)
      : "sentence" in act
        ? (["sentence", act.sentence] as const)
        : (["message", act.message] as const);
  checkTemplate(check, ["do", key], template);
}

function checkTemplate(check: TriggerCheck, path: ConfigPath, template: unknown, hasAnswer = false): void {
  for (const issue of check.parts.findTemplateIssues(template, { hasTopic: check.hasTopic, hasAnswer })) {
    check.error([...path, ...issue.path], issue.message);
  }
}

function checkAnswer(check: TriggerCheck, path: ConfigPath, answer: TriggerAnswer, { mqtt }: TriggersConfig): void {
  if ("mqtt" in answer) {
    const { topic, payload } = answer.mqtt;
    if (mqtt === undefined) check.error([...path, "mqtt"], ...needsBroker);
    checkTemplate(check, [...path, "mqtt", "topic"], topic, true);
    checkTemplate(check, [...path, "mqtt", "payload"], payload ?? "", true);
    checkAnswerTopic(check, [...path, "mqtt", "topic"], topic);
  } else if ("command" in answer) checkTemplate(check, [...path, "command"], answer.command, true);
  else if ("http" in answer) {
    const { url } = answer.http;
    checkTemplate(check, [...path, "http", "url"], url, true);
    const address = withoutPlaceholders(url);
    if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) {
      check.error(
        [...path, "http", "url"],
        `"${url}" is not the address of a web service.`,
        "Write https://HOST/PATH.",
      );
    }
  } else checkTemplate(check, [...path, "file", "path"], answer.file.path, true);
}

function checkAnswerTopic(check: TriggerCheck, path: ConfigPath, topic: string): void {
  const { findTopicIssue, matchesFilter } = check.parts;
  const filled = withoutPlaceholders(topic);
  const issue = findTopicIssue(filled);
  if (issue !== null) check.error(path, issue);
  const { when } = check.trigger;
  if ("mqtt" in when && issue === null && matchesFilter(when.mqtt.topic, filled)) {
    check.warn(path, {
      code: "trigger-loop",
      message: `The answer goes to ${topic}, which the trigger itself listens to (${when.mqtt.topic}).`,
      hint: "Choose another topic, or make sure that a condition ends the loop.",
    });
  }
}

/** Returns a text with a letter in the place of each placeholder. */
function withoutPlaceholders(text: string): string {
  return text.replace(/\{[A-Za-z_][\w.]*\}/g, "x");
}
