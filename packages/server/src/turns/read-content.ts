import { cutText } from "@nanoagent/models";
import { ServiceError } from "../errors/service-error.js";

/** Types of text parts and the field with their text, in the chat and the responses API. */
const textFields: Readonly<Record<string, string>> = {
  text: "text",
  input_text: "text",
  output_text: "text",
  refusal: "refusal",
};

/** Types of parts that agents cannot read yet, and what they are called. */
const refusedParts: Readonly<Record<string, string>> = {
  image_url: "images",
  input_image: "images",
  image: "images",
  input_audio: "audio",
  audio: "audio",
  video_url: "videos",
  file: "files",
  input_file: "files",
};

/** Longest name of a part's type that a message repeats. */
const MAX_SHOWN_CHARACTERS = 50;

/**
 * Returns the content of a message as text: null is empty, and the parts of a list are joined as lines.
 * Throws {@link ServiceError} `request-not-valid` for images, audio and other parts, and for content of a wrong type.
 * `param` is the field's path, such as `messages[2].content`.
 */
export function readContent(content: unknown, param: string): string {
  if (typeof content === "string") return content;
  if (content === null || content === undefined) return "";
  if (!Array.isArray(content)) {
    throw ServiceError.invalid(param, `${param} must be a text or a list of parts.`, "Send the message as a text.");
  }
  return content.map((part: unknown, index) => readPart(part, `${param}[${index}]`)).join("\n");
}

function readPart(part: unknown, param: string): string {
  if (typeof part === "string") return part;
  const type = typeof part === "object" && part !== null ? (part as { type?: unknown }).type : undefined;
  if (typeof type !== "string") {
    throw ServiceError.invalid(
      param,
      `${param} must be an object with a type.`,
      'Send { "type": "text", "text": "…" }.',
    );
  }
  if (Object.hasOwn(refusedParts, type)) throw notReadable(param, refusedParts[type] as string);
  const field = Object.hasOwn(textFields, type) ? (textFields[type] as string) : null;
  if (field === null) {
    throw ServiceError.invalid(
      param,
      `${param} has the unknown type "${cutText(type, MAX_SHOWN_CHARACTERS)}".`,
      'Send { "type": "text", "text": "…" }.',
    );
  }
  const text = (part as Record<string, unknown>)[field];
  if (typeof text !== "string") {
    throw ServiceError.invalid(`${param}.${field}`, `${param}.${field} must be a text.`, "Send the text of the part.");
  }
  return text;
}

/** Error for a kind of content that the agent cannot read, such as `images`. */
export function notReadable(param: string, kind: string): ServiceError {
  return ServiceError.invalid(
    param,
    `${param} has ${kind}, which this agent cannot read.`,
    "Remove them, or describe their content as text.",
  );
}
