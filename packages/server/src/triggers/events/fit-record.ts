import { cutText } from "@nanoagent/models";
import type { Acceptance, NewEvent } from "../trigger-event.js";
import { EventLogError } from "./event-log-error.js";
import type { EventRecord } from "./event-record.js";
import { MAX_RECORD_BYTES } from "./stored-line.js";

/** Most bytes of a payload as JSON. */
const MAX_PAYLOAD_BYTES = 64 * 1024;
/** Most characters of a result, an answer or a problem. */
export const MAX_TEXT_CHARACTERS = 8 * 1024;
/** Most levels of arrays and objects in a payload. Writing deeper ones could fail at some later time. */
const MAX_DEPTH = 100;
/** Most bytes of a topic: the limit of MQTT. */
const MAX_TOPIC_BYTES = 65_535;
const MAX_IDENTITY_CHARACTERS = 1024;
/** Bytes of the other fields of an event. */
const EVENT_BYTES = 250;

const textFields: readonly string[] = ["content", "result", "problem", "reason"];

type Refusal = Extract<Acceptance, { reason: "too-large" | "invalid" }>["reason"];

/** Returns an event as it will be read again, and about as many bytes as its record takes; or why it cannot be stored. */
export function asStoredEvent(event: NewEvent): { event: NewEvent; bytes: number } | { reason: Refusal } {
  const { payload = null, topic, identity } = event;
  const text = asJson(payload);
  if (text === null || !Number.isFinite(event.at)) return { reason: "invalid" };
  const bytes = Buffer.byteLength(text);
  const topicBytes = topic === undefined ? 0 : Buffer.byteLength(topic);
  if (bytes > MAX_PAYLOAD_BYTES) return { reason: "too-large" };
  if (topicBytes > MAX_TOPIC_BYTES || (identity?.length ?? 0) > MAX_IDENTITY_CHARACTERS) return { reason: "too-large" };
  if (isDeep(text)) return { reason: "invalid" };
  return { event: { ...event, payload: JSON.parse(text) }, bytes: bytes + topicBytes + EVENT_BYTES };
}

/**
 * Returns a record as it will be read again, with its texts cut. Throws {@link EventLogError} `event-record-too-large`.
 */
export function asStoredRecord<Kind extends EventRecord>(record: Kind): { record: Kind; bytes: number } {
  const text = asJson(withCutTexts(record));
  const bytes = text === null ? 0 : Buffer.byteLength(text);
  if (text === null || bytes > MAX_RECORD_BYTES || isDeep(text)) {
    throw new EventLogError({
      code: "event-record-too-large",
      message: `A record of the kind "${record.type}" is too large for the log of events.`,
      reason: `It has ${bytes} bytes; ${MAX_RECORD_BYTES} bytes and ${MAX_DEPTH} levels are the limits.`,
      hint: "Let the trigger pass less of its event to the tool.",
    });
  }
  return { record: JSON.parse(text) as Kind, bytes };
}

/** Returns a record with its texts cut. */
function withCutTexts<Kind extends EventRecord>(record: Kind): Kind {
  const fields = Object.entries(record).map(([key, value]) => {
    const isLong = textFields.includes(key) && typeof value === "string" && value.length > MAX_TEXT_CHARACTERS;
    return [key, isLong ? cutText(value, MAX_TEXT_CHARACTERS) : value];
  });
  return Object.fromEntries(fields);
}

function asJson(value: unknown): string | null {
  try {
    // A function, for example, has no JSON.
    return (JSON.stringify(value) as string | undefined) ?? null;
  } catch {
    return null;
  }
}

/** Whether the JSON has more levels than allowed. */
function isDeep(json: string): boolean {
  let depth = 0;
  let isText = false;
  for (let index = 0; index < json.length; index++) {
    const character = json[index];
    if (isText) {
      if (character === "\\") index += 1;
      else if (character === '"') isText = false;
    } else if (character === '"') isText = true;
    else if (character === "[" || character === "{") {
      depth += 1;
      if (depth > MAX_DEPTH) return true;
    } else if (character === "]" || character === "}") depth -= 1;
  }
  return false;
}
