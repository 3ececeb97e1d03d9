import type { TokenUsage, ToolCall } from "@nanoagent/runtime";
import { isFields } from "../requests/request-fields.js";
import type { AnswerEvent } from "../turns/ask.js";
import type { ReplyClock, ReplyFigures } from "./reply-figures.js";

/** A call in Ollama's form. Its arguments are an object, not JSON text. */
export interface CallEntry {
  id: string;
  function: { index: number; name: string; arguments: object };
}

type RunEnd = Extract<AnswerEvent, { type: "run-end" }>;

/** Content of a line, or of a whole reply. */
export interface ReplyContent {
  text?: string | undefined;
  thinking?: string | undefined;
  calls?: readonly CallEntry[] | undefined;
}

/** Form of a reply: a message (`/api/chat`), or a text (`/api/generate`). */
export type ReplyForm = (content: ReplyContent) => object;

export const chatForm: ReplyForm = ({ text = "", thinking, calls }) => ({
  message: {
    role: "assistant",
    content: text,
    ...(thinking !== undefined && { thinking }),
    ...(calls !== undefined && { tool_calls: calls }),
  },
});

export const generateForm: ReplyForm = ({ text = "", thinking }) => ({
  response: text,
  ...(thinking !== undefined && { thinking }),
});

export interface ReplyLinesOptions {
  /** Name of the model as the client wrote it. */
  name: string;
  form: ReplyForm;
  showsThinking: boolean;
  clock: ReplyClock;
  now: () => number;
}

/** The last line of a reply. */
export type LastLine = { done: true; done_reason: "stop" | "length" | "load" } & ReplyFigures;

/** Writes the events of a reply as objects in Ollama's form. */
export class ReplyLines {
  readonly #options: ReplyLinesOptions;
  /** Text of a collected reply so far. */
  #text = "";
  /** Whether a streamed reply has sent text. */
  #hasSentText = false;
  /** Length of the text before the current step. */
  #begun = 0;
  #thinking = "";
  #calls = 0;

  constructor(options: ReplyLinesOptions) {
    this.#options = options;
  }

  /**
   * Returns the line for an event, or null for one that this API does not show: the agent's own steps are not the
   * client's. Text that turns out to be thinking after it was sent cannot be taken back.
   */
  lineFor(event: AnswerEvent): object | null {
    switch (event.type) {
      case "text-delta":
        this.#options.clock.noteOutput();
        this.#hasSentText ||= event.text !== "";
        return this.part({ text: event.text });
      case "reasoning-delta":
        this.#options.clock.noteOutput();
        return this.#options.showsThinking ? this.part({ thinking: event.text }) : null;
      case "tool-call":
        this.#options.clock.noteOutput();
        return event.for_caller === true ? this.part({ calls: [this.#callEntry(event)] }) : null;
      case "run-end":
        // A reply without any piece of text has its text at the end.
        return this.#end(event, { text: this.#hasSentText ? "" : event.reply.content });
      default:
        return null;
    }
  }

  /** Collects an event of a reply that is sent in one piece. Returns the reply at its end, and null before it. */
  collect(event: AnswerEvent): object | null {
    switch (event.type) {
      case "text-delta":
        this.#options.clock.noteOutput();
        this.#text += event.text;
        return null;
      case "reasoning-delta":
        this.#options.clock.noteOutput();
        this.#thinking += event.text;
        return null;
      case "text-retraction":
        this.#thinking += this.#text.slice(this.#begun);
        this.#text = this.#text.slice(0, this.#begun);
        return null;
      case "step-end":
        this.#begun = this.#text.length;
        return null;
      case "tool-call":
        this.#options.clock.noteOutput();
        return null;
      case "run-end": {
        const thinking = this.#thinking !== "" && this.#options.showsThinking ? this.#thinking : undefined;
        const calls = event.calls?.map((call) => this.#callEntry(call));
        return this.#end(event, { text: this.#text || event.reply.content, thinking, calls });
      }
      default:
        return null;
    }
  }

  /** Returns a line before the end. An empty one shows the client that the reply is still in work. */
  part(content: ReplyContent): object {
    return { ...this.#head(content), done: false };
  }

  /** Returns the reply to a request without a message. The model is loaded in any case. */
  loaded(): object {
    return this.#last("load", {}, null);
  }

  #callEntry({ id, name, arguments: given }: ToolCall): CallEntry {
    return { id, function: { index: this.#calls++, name, arguments: argumentsOf(given) } };
  }

  #end({ reason, usage }: RunEnd, content: ReplyContent): object {
    return this.#last(reason === "length" || reason === "repetition" ? "length" : "stop", content, usage);
  }

  #last(done_reason: LastLine["done_reason"], content: ReplyContent, usage: TokenUsage | null): object {
    const figures = this.#options.clock.end(usage);
    return { ...this.#head(content), done: true, done_reason, ...figures } satisfies LastLine;
  }

  #head(content: ReplyContent) {
    const { name, form, now } = this.#options;
    return { model: name, created_at: new Date(now()).toISOString(), ...form(content) };
  }
}

/** A model may write arguments that are not an object. */
function argumentsOf(given: unknown): object {
  if (typeof given !== "string") return isFields(given) ? given : {};
  try {
    const value: unknown = JSON.parse(given);
    return isFields(value) ? value : {};
  } catch {
    return {};
  }
}
