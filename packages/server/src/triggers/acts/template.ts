import { cutText } from "@nanoagent/models";
import { isValuePath, valueAt } from "../conditions/value-by-path.js";
import type { TriggerEvent } from "../trigger-event.js";

/** The values that placeholders stand for. */
export interface TemplateValues {
  readonly event: TriggerEvent;
  /** Answer of the act. Absent before it is known. */
  readonly answer?: string | undefined;
}

export interface FillOptions {
  /** Changes or refuses each value, for an address for example. Default: nothing is changed. */
  readonly onValue?: ((value: string, path: string) => string) | undefined;
}

/** A value of a template is missing or cannot be used. The message is a clause without a full stop. */
export class TemplateError extends Error {
  override name = "TemplateError";
}

/** A fault of a template, with the keys that lead to it. */
export interface TemplateIssue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Most characters of a value of an event in a text. What a stranger sends must not fill a prompt. */
export const MAX_INSERTED_CHARACTERS = 2000;
/** Deepest nesting of arguments. */
const MAX_LEVELS = 32;

/** `{{text}}` is the literal `{text}`, and `{path}` is a value. All other braces are literal, so JSON needs no care. */
const piecePattern = /(\{\{[^{}]*\}\}|\{[A-Za-z_][^{}\s"':,]*\})/;
const roots = ["payload", "topic", "trigger", "at", "event", "answer"];

/**
 * Fills the placeholders of a value: of a text, or of every text in a list or an object. A text that is only a
 * placeholder becomes the value itself, with its type. Throws {@link TemplateError}.
 */
export function fillValue(template: unknown, values: TemplateValues, level = 0): unknown {
  if (level > MAX_LEVELS) throw new TemplateError(`the arguments are nested deeper than ${MAX_LEVELS} levels`);
  if (typeof template === "string") {
    const only = onlyPlaceholder(template);
    return only === null ? fillText(template, values) : valueFor(only, values);
  }
  if (typeof template !== "object" || template === null) return template;
  if (Array.isArray(template)) return template.map((item) => fillValue(item, values, level + 1));
  return Object.fromEntries(
    Object.entries(template).map(([name, item]) => [name, fillValue(item, values, level + 1)] as const),
  );
}

/**
 * Fills the placeholders of a text. Lists and objects become JSON; a value of the event is cut after
 * 2,000 characters. Throws {@link TemplateError}.
 */
export function fillText(template: string, values: TemplateValues, { onValue }: FillOptions = {}): string {
  return piecesOf(template)
    .map((piece) => {
      if (!("path" in piece)) return piece.text;
      const text = textOf(piece.path, values);
      return onValue === undefined ? text : onValue(text, piece.path);
    })
    .join("");
}

/** Returns the path of a text that is one placeholder alone, or null. */
export function onlyPlaceholder(template: string): string | null {
  const [first, ...others] = piecesOf(template);
  return first !== undefined && others.length === 0 && "path" in first ? first.path : null;
}

/** Returns the placeholders that name nothing, for `nanoagent check`. */
export function findTemplateIssues(
  template: unknown,
  { hasTopic, hasAnswer }: { hasTopic: boolean; hasAnswer: boolean },
): TemplateIssue[] {
  if (typeof template === "string") {
    return piecesOf(template).flatMap((piece) => {
      const message = "path" in piece ? issueOf(piece.path, { hasTopic, hasAnswer }) : null;
      return message === null ? [] : [{ path: [], message }];
    });
  }
  if (typeof template !== "object" || template === null) return [];
  const entries: [string | number, unknown][] = Array.isArray(template)
    ? template.map((item, index) => [index, item])
    : Object.entries(template);
  return entries.flatMap(([key, item]) =>
    findTemplateIssues(item, { hasTopic, hasAnswer }).map(({ path, message }) => ({ path: [key, ...path], message })),
  );
}

type Piece = { readonly text: string } | { readonly path: string };

function piecesOf(template: string): Piece[] {
  const pieces = template.split(piecePattern).map((part, index): Piece => {
    // Every second part is a separator.
    if (index % 2 === 0) return { text: part };
    return part.startsWith("{{") ? { text: part.slice(1, -1) } : { path: part.slice(1, -1) };
  });
  return pieces.filter((piece) => "path" in piece || piece.text !== "");
}

function issueOf(path: string, { hasTopic, hasAnswer }: { hasTopic: boolean; hasAnswer: boolean }): string | null {
  const [root = "", ...rest] = path.split(".");
  if (!roots.includes(root)) {
    return `{${path}} is not a placeholder. Use ${roots.map((name) => `{${name}}`).join(", ")}, or {{${path}}} for literal text.`;
  }
  if (root === "payload") {
    return isValuePath(path) ? null : `{${path}} is not a path. Write names and positions with one dot between them.`;
  }
  if (root === "topic") {
    if (!hasTopic) return `{${path}} has no value: only messages of a broker have a topic.`;
    return isValuePath(path) ? null : `{${path}} is not a level of the topic. Levels count from 0: {topic.0}.`;
  }
  if (root === "answer" && !hasAnswer) return "{answer} has no value before the act. Use it in `then`.";
  if (rest.length > 0) return `{${path}} has no parts. Use {${root}}.`;
  return null;
}

function valueFor(path: string, { event, answer }: TemplateValues): unknown {
  const issue = issueOf(path, { hasTopic: event.topic !== undefined, hasAnswer: answer !== undefined });
  if (issue !== null) throw new TemplateError(issue.replace(/\.$/, ""));
  const value = ownValue(path, event, answer);
  if (value === undefined) throw new TemplateError(`${path} is missing in the event`);
  return value;
}

function ownValue(path: string, event: TriggerEvent, answer: string | undefined): unknown {
  if (path === "trigger") return event.trigger;
  if (path === "event") return event.id;
  if (path === "answer") return answer;
  if (path === "at") return new Date(event.at).toISOString();
  return valueAt(event, path);
}

function textOf(path: string, values: TemplateValues): string {
  const value = valueFor(path, values);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return path === "answer" ? text : cutText(text, MAX_INSERTED_CHARACTERS);
}
