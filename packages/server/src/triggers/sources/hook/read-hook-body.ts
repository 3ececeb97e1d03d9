import { readPlainJson } from "@nanoagent/runtime/node";
import { readPayload } from "../read-payload.js";

/** The payload of a request, or why it cannot be read. */
export type HookPayload = { readonly payload: unknown } | { readonly problem: string };

/**
 * Reads the body of a hook: a form as an object of its fields, anything else as JSON, a number or text. Says of a body
 * that claims to be JSON that it is not. An object that claims to be a form is JSON: that is what `curl --data` sends.
 */
export function readHookBody(body: Uint8Array, contentType: string | null): HookPayload {
  const type = contentType?.split(";")[0]?.trim().toLowerCase();
  const payload = readPayload(body);
  const isForm = type === "application/x-www-form-urlencoded" && (typeof payload !== "object" || payload === null);
  if (isForm) return { payload: readForm(new TextDecoder().decode(body)) };
  const isJson = type === "application/json" || type?.endsWith("+json") === true;
  if (isJson && readPlainJson(new TextDecoder().decode(body)) === undefined) {
    return { problem: "The body is not JSON, as its content type says. Send JSON, or another content type." };
  }
  return { payload };
}

/** GitHub and Slack send their JSON as the field `payload` of a form. */
function readForm(text: string): unknown {
  const fields = new Map<string, string | string[]>();
  for (const [name, value] of new URLSearchParams(text)) {
    const before = fields.get(name);
    fields.set(name, before === undefined ? value : [before, value].flat());
  }
  const only = fields.get("payload");
  const inner = fields.size === 1 && typeof only === "string" ? readPlainJson(only) : undefined;
  return typeof inner === "object" && inner !== null ? inner : Object.fromEntries(fields);
}
