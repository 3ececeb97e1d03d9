import path from "node:path";
import type { NanoAgentConfig, TriggerAnswer, TriggerSettings } from "@nanoagent/models";
import type { CheckedPart, ConfigPath } from "./check-report.js";
import type { TriggerParts } from "./trigger-parts.js";

/** An answer of a trigger that starts another trigger, or the same one. */
interface Link {
  readonly from: number;
  readonly to: number;
  readonly place: ConfigPath;
}

/**
 * Checks what starts a trigger again and again: answers that start their own trigger or others in a circle, and the topics
 * of the agent itself. Triggers that are off start nothing.
 */
export function checkTriggerLoops(
  part: CheckedPart,
  config: Pick<NanoAgentConfig, "triggers" | "mqtt" | "fleet">,
  parts: TriggerParts,
): void {
  const { triggers = [], mqtt } = config;
  const topics = mqtt === undefined ? null : topicsOf(config, parts);
  const links: Link[] = [];
  for (const [from, trigger] of triggers.entries()) {
    const { when, then = [] } = trigger;
    if ("mqtt" in when && topics?.isOwn(when.mqtt.topic)) {
      part.error(["triggers", from, "when", "mqtt", "topic"], {
        code: "invalid-config",
        message: `The agent does not listen to its own topic ${when.mqtt.topic}, because its own messages would start "${trigger.name}" again and again.`,
        hint: `Choose another topic. Programs can start the trigger with a message to ${topics.run(trigger.name)}.`,
      });
    }
    if (trigger.enabled === false) continue;
    for (const [index, answer] of [then].flat().entries()) {
      const place = ["triggers", from, "then", ...(Array.isArray(then) ? [index] : [])];
      if ("mqtt" in answer && topics !== null) {
        checkAnswerToAgent(part, [...place, "mqtt", "topic"], answer.mqtt.topic, { trigger, triggers, topics });
      } else if ("file" in answer)
        checkAnswerFile(part, [...place, "file", "path"], { answer, trigger, triggers }, parts);
      for (const [to, other] of triggers.entries()) {
        const isLink = to !== from && startsTrigger(answer, trigger, other, topics, parts);
        if (isLink) links.push({ from, to, place: [...place, "mqtt" in answer ? "mqtt" : "file"] });
      }
    }
  }
  reportCircles(part, triggers, links);
}

type Topics = ReturnType<TriggerParts["agentTopics"]>;

function topicsOf(config: Pick<NanoAgentConfig, "mqtt" | "fleet">, parts: TriggerParts): Topics | null {
  const { id, prefix } = parts.agentIdentity(config);
  if (prefix !== undefined && parts.findPrefixProblem(prefix) !== null) return null;
  return parts.agentTopics(id, prefix);
}

/** Returns a text of `then` without placeholders, or null where it depends on the event. */
function fixedText(text: string, { name }: TriggerSettings): string | null {
  const filled = text.replaceAll("{trigger}", name);
  return /[{}]/.test(filled) ? null : filled;
}

/** Warns of answers that the agent takes for a message to itself. */
function checkAnswerToAgent(
  part: CheckedPart,
  place: ConfigPath,
  template: string,
  own: { trigger: TriggerSettings; triggers: readonly TriggerSettings[]; topics: Topics },
): void {
  const { trigger, triggers, topics } = own;
  const topic = fixedText(template, trigger);
  const started = triggers.find(({ name }) => topics.run(name) === topic);
  if (topic !== topics.ask && started === undefined) return;
  const effect = started === undefined ? "which asks this agent" : `which starts the trigger "${started.name}"`;
  part.warn(place, {
    code: "trigger-loop",
    message: `The answer goes to ${topic}, ${effect}.`,
    hint: "Choose another topic, or make sure that a condition ends the loop.",
  });
}

/** Warns of answers that are appended to a file which a trigger waits for. */
function checkAnswerFile(
  part: CheckedPart,
  place: ConfigPath,
  own: {
    answer: Extract<TriggerAnswer, { file: unknown }>;
    trigger: TriggerSettings;
    triggers: readonly TriggerSettings[];
  },
  parts: TriggerParts,
): void {
  const { answer, trigger, triggers } = own;
  const file = fixedText(answer.file.path, trigger) ?? answer.file.path.replace(/\{[^{}]*\}/g, "x");
  const started = triggers.find((other) => waitsForFile(other, file, parts));
  if (started === undefined) return;
  const whose = started === trigger ? "the trigger itself" : `the trigger "${started.name}"`;
  part.warn(place, {
    code: "trigger-loop",
    message: `The answer is appended to a file that ${whose} waits for.`,
    hint: "Choose another file, or make sure that a condition ends the loop.",
  });
}

function waitsForFile({ when, enabled }: TriggerSettings, file: string, parts: TriggerParts): boolean {
  if (enabled === false || !("file" in when)) return false;
  const pattern = parts.readFilePattern(when.file.path, "");
  if ("problem" in pattern) return false;
  const whole = path.resolve(file);
  return path.dirname(whole) === pattern.folder && parts.matchesName(pattern.name, path.basename(whole));
}

/** Whether every answer at a place starts another trigger. */
function startsTrigger(
  answer: TriggerAnswer,
  trigger: TriggerSettings,
  other: TriggerSettings,
  topics: Topics | null,
  parts: TriggerParts,
): boolean {
  if (other.enabled === false) return false;
  if ("mqtt" in answer) {
    const topic = fixedText(answer.mqtt.topic, trigger);
    if (topic === null) return false;
    if (topics?.run(other.name) === topic) return true;
    return "mqtt" in other.when && parts.matchesFilter(other.when.mqtt.topic, topic);
  }
  const file = "file" in answer ? fixedText(answer.file.path, trigger) : null;
  return file !== null && waitsForFile(other, file, parts);
}

/** Warns once of each circle of two or more triggers, at an answer of its first one. */
function reportCircles(part: CheckedPart, triggers: readonly TriggerSettings[], links: readonly Link[]): void {
  for (const first of triggers.keys()) {
    const circle = shortestCircle(first, links);
    if (circle === null) continue;
    const names = circle.map(({ to }) => `"${triggers[to]?.name}"`);
    part.warn(circle[0]?.place ?? [], {
      code: "trigger-loop",
      message: `The answer of "${triggers[first]?.name}" starts ${names.join(", whose answer starts ")} again.`,
      hint: "Choose another place for one of these answers, or make sure that a condition ends the loop.",
    });
  }
}

/** Returns the links from a trigger back to itself through later ones, as few as possible, or null. */
function shortestCircle(first: number, links: readonly Link[]): Link[] | null {
  const reached = new Set<number>();
  let paths: Link[][] = [[]];
  while (paths.length > 0) {
    const longer: Link[][] = [];
    for (const way of paths) {
      const at = way.at(-1)?.to ?? first;
      for (const link of links) {
        if (link.from !== at) continue;
        if (link.to === first) return [...way, link];
        if (link.to < first || reached.has(link.to)) continue;
        reached.add(link.to);
        longer.push([...way, link]);
      }
    }
    paths = longer;
  }
  return null;
}
