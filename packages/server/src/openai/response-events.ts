import type { ToolCall } from "@nanoagent/runtime";
import type { AnswerEvent } from "../turns/ask.js";
import { type Extension, extensionOf } from "./extension.js";
import { finishReason } from "./finish-reason.js";
import { errorBody } from "./openai-error.js";
import {
  callItem,
  type ItemStatus,
  type MessageItem,
  newTextItem,
  type OutputItem,
  type ReasoningItem,
  textPart,
} from "./response-items.js";
import { endedResponse, openResponse, type ResponseFacts, type ResponseObject } from "./response-object.js";

/** An event of a streamed response. */
export interface ResponseEvent {
  readonly type: string;
  readonly sequence_number: number;
  readonly [field: string]: unknown;
}

/** Names of the events of an item with text. */
const textEvents = {
  message: { delta: "response.output_text.delta", done: "response.output_text.done", extra: { logprobs: [] } },
  reasoning: { delta: "response.reasoning_text.delta", done: "response.reasoning_text.done", extra: {} },
} as const;

/**
 * Turns the events of a reply into those of a streamed response, and builds the response.
 *
 * - Items come one after another, each complete before the next one begins.
 * - Text that turns out to be reasoning (`text-retraction`) was sent already, as deltas. The `done` events and the
 *   response are without it.
 * - The agent's own work is in `keepalive` events with the field `nanoagent`. The openai package fails on types of
 *   events that it does not know, and takes nothing else from this one.
 */
export class ResponseEvents {
  readonly #items: OutputItem[] = [];
  readonly #sentCalls = new Set<string>();
  readonly #extensions: Extension[] = [];
  #response: ResponseObject;
  #sequence = 0;
  /** The item with text that has not ended, which is the last one. */
  #open: OpenText | null = null;

  constructor(facts: ResponseFacts) {
    this.#response = openResponse(facts);
  }

  get response(): ResponseObject {
    return this.#response;
  }

  /** The agent's own work so far. */
  get extensions(): readonly Extension[] {
    return this.#extensions;
  }

  /** The events before the first item. */
  begin(): ResponseEvent[] {
    const response = this.#response;
    return [this.#event("response.created", { response }), this.#event("response.in_progress", { response })];
  }

  eventsFor(event: AnswerEvent): ResponseEvent[] {
    switch (event.type) {
      case "text-delta":
        return this.#write("message", event.text);
      case "reasoning-delta":
        return this.#write("reasoning", event.text);
      case "text-retraction":
        this.#open?.retract();
        return this.#extension(event);
      case "step-end":
        this.#open?.endStep();
        return [];
      case "tool-call":
        return event.for_caller ? this.#call(event) : this.#extension(event);
      case "run-end":
        return this.#end(event);
      case "error":
        return this.fail(event.error);
      default:
        return this.#extension(event);
    }
  }

  /** Ends the response with an error. */
  fail(error: unknown): ResponseEvent[] {
    const { code, message } = errorBody(error).error;
    const ended = this.#close("incomplete");
    this.#response = {
      ...this.#response,
      status: "failed",
      error: { code: code ?? "server_error", message },
      output: this.#items,
    };
    return [...ended, this.#event("response.failed", { response: this.#response })];
  }

  #end(event: Extract<AnswerEvent, { type: "run-end" }>): ResponseEvent[] {
    const finish = finishReason(event);
    // A reply without any piece of text is its own text. A response without a word still has a message, for clients that
    // read the last item.
    const isWritten = this.#items.some(({ type }) => type !== "reasoning");
    const calls = (event.calls ?? []).flatMap((call) => this.#call(call));
    const text = isWritten || calls.length > 0 ? [] : this.#write("message", event.reply.content);
    const rest = [...this.#close(finish === "length" ? "incomplete" : "completed"), ...this.#extension(event)];
    this.#response = endedResponse(this.#response, { output: this.#items, finish, usage: event.usage });
    const last = this.#event(`response.${this.#response.status}`, { response: this.#response });
    return [...calls, ...text, ...rest, last];
  }

  /** Adds text to the open item of this type, or to a new one. */
  #write(type: "message" | "reasoning", text: string): ResponseEvent[] {
    const begun = this.#open?.type === type ? [] : this.#begin(type);
    const open = this.#open as OpenText;
    if (text === "") return begun;
    open.text += text;
    const { delta, extra } = textEvents[type];
    return [...begun, this.#event(delta, { ...this.#place(open), delta: text, ...extra })];
  }

  #begin(type: "message" | "reasoning"): ResponseEvent[] {
    const ended = this.#close("completed");
    const item = newTextItem[type]();
    this.#items.push(item);
    const open = new OpenText(type, item, this.#items.length - 1);
    this.#open = open;
    return [
      ...ended,
      this.#event("response.output_item.added", { output_index: open.index, item }),
      this.#event("response.content_part.added", { ...this.#place(open), part: textPart[type]("") }),
    ];
  }

  #close(status: ItemStatus): ResponseEvent[] {
    const open = this.#open;
    if (open === null) return [];
    this.#open = null;
    const { type, text, index } = open;
    const part = textPart[type](text);
    const item = { ...open.item, status, content: [part] } as OutputItem;
    this.#items[index] = item;
    const { done, extra } = textEvents[type];
    return [
      this.#event(done, { ...this.#place(open), text, ...extra }),
      this.#event("response.content_part.done", { ...this.#place(open), part }),
      this.#event("response.output_item.done", { output_index: index, item }),
    ];
  }

  #call(call: ToolCall): ResponseEvent[] {
    if (this.#sentCalls.has(call.id)) return [];
    this.#sentCalls.add(call.id);
    const ended = this.#close("completed");
    const item = callItem(call);
    const place = { output_index: this.#items.length, item_id: item.id };
    this.#items.push(item);
    const begun = { ...item, arguments: "", status: "in_progress" };
    return [
      ...ended,
      this.#event("response.output_item.added", { output_index: place.output_index, item: begun }),
      this.#event("response.function_call_arguments.delta", { ...place, delta: item.arguments }),
      this.#event("response.function_call_arguments.done", { ...place, name: item.name, arguments: item.arguments }),
      this.#event("response.output_item.done", { output_index: place.output_index, item }),
    ];
  }

  #extension(event: AnswerEvent): ResponseEvent[] {
    const nanoagent = extensionOf(event);
    if (nanoagent === null) return [];
    this.#extensions.push(nanoagent);
    return [this.#event("keepalive", { nanoagent })];
  }

  #place({ item, index }: OpenText): { item_id: string; output_index: number; content_index: number } {
    return { item_id: item.id, output_index: index, content_index: 0 };
  }

  #event(type: string, fields: Readonly<Record<string, unknown>>): ResponseEvent {
    const event = { type, sequence_number: this.#sequence, ...fields };
    this.#sequence += 1;
    return event;
  }
}

/** An item whose text has not ended. */
class OpenText {
  readonly type: "message" | "reasoning";
  readonly item: MessageItem | ReasoningItem;
  readonly index: number;
  text = "";
  /** Length of the text of the steps that have ended. */
  #said = 0;

  constructor(type: "message" | "reasoning", item: MessageItem | ReasoningItem, index: number) {
    this.type = type;
    this.item = item;
    this.index = index;
  }

  endStep(): void {
    this.#said = this.text.length;
  }

  /** Takes back the text of the running step. Reasoning stays. */
  retract(): void {
    if (this.type === "message") this.text = this.text.slice(0, this.#said);
  }
}
