import type { HookSource as HookSettings } from "@nanoagent/models";
import type { Acceptance, AcceptEvent } from "../../trigger-event.js";
import type { EventSource, SourceState } from "../event-source.js";
import type { SourceContext } from "../source-context.js";
import { checkHook } from "./check-hook.js";
import type { HookDoor, HookReply, HookRequest } from "./hook-door.js";
import { readHookBody } from "./read-hook-body.js";

const MAX_BODY_BYTES = 64 * 1024;
/** Longest id of a request. */
const MAX_ID_CHARACTERS = 200;
/** Time after which a sender may try again while events cannot be kept. */
const RETRY_SECONDS = 30;

/** Requests to the server that know a secret. A request is answered when its event is on disk. */
export class HookSource implements EventSource, HookDoor {
  readonly maxBytes = MAX_BODY_BYTES;
  readonly #settings: HookSettings;
  readonly #context: SourceContext;
  readonly #accepting = new Set<Promise<unknown>>();
  #accept: AcceptEvent | null = null;

  constructor(settings: HookSettings, context: SourceContext) {
    this.#settings = settings;
    this.#context = context;
  }

  get state(): SourceState {
    if (this.#secret !== null) return { status: "listening", problem: null };
    const name = this.#settings.secret_env;
    const problem = `The environment variable ${name} is not set, so this hook refuses all requests. Put the secret of the hook into it and start again.`;
    return { status: "failing", problem };
  }

  start(accept: AcceptEvent): void {
    this.#accept = accept;
  }

  async close(): Promise<void> {
    this.#accept = null;
    await Promise.allSettled(this.#accepting);
  }

  async receive(request: HookRequest): Promise<HookReply> {
    const { trigger, clock } = this.#context;
    const secret = this.#secret;
    if (secret === null)
      return refuse(503, "The hook is not ready. Its secret is missing on the device.", RETRY_SECONDS);
    if (request.body.length > MAX_BODY_BYTES) {
      return refuse(
        413,
        `The body is larger than ${MAX_BODY_BYTES} bytes. Send less than ${MAX_BODY_BYTES / 1024} KB.`,
      );
    }
    const now = clock.now();
    const known = checkHook(request, secret, now);
    // A sender without the secret learns nothing.
    if (known === null) return refuse(401, "The request is not authorized.");
    if (known.id !== null && known.id.length > MAX_ID_CHARACTERS) {
      return refuse(400, `The id of the request has more than ${MAX_ID_CHARACTERS} characters. Send a shorter one.`);
    }
    const read = readHookBody(request.body, request.header("content-type"));
    if ("problem" in read) return refuse(400, read.problem);
    const accept = this.#accept;
    if (accept === null) return refuse(503, "The service is stopping. Send the request again.", RETRY_SECONDS);
    const event = { trigger, at: now, payload: read.payload };
    const accepting = accept(known.id === null ? event : { ...event, identity: known.id });
    this.#accepting.add(accepting);
    return replyTo(await accepting.finally(() => this.#accepting.delete(accepting)));
  }

  get #secret(): string | null {
    return this.#context.environment[this.#settings.secret_env]?.trim() || null;
  }
}

function replyTo(acceptance: Acceptance): HookReply {
  switch (acceptance.status) {
    case "kept":
      return { status: 202, body: { event: acceptance.id } };
    case "repeated":
      return { status: 200, body: { event: acceptance.id, repeated: true } };
    case "dropped":
      // A status of failure would make the sender repeat what this trigger wants to drop.
      return { status: 200, body: { event: null, dropped: true } };
    case "refused":
      break;
  }
  switch (acceptance.reason) {
    case "full":
      return refuse(429, "Too many events of this hook wait. Send the request again later.", RETRY_SECONDS);
    case "too-large":
      return refuse(413, "The event is larger than 64 KB as JSON. Send less.");
    case "invalid":
      return refuse(400, "The body cannot be kept as JSON. Send JSON or text.");
    default:
      return refuse(503, "The event cannot be kept now. Send the request again later.", RETRY_SECONDS);
  }
}

function refuse(status: number, message: string, retryAfterSeconds?: number): HookReply {
  return { status, body: { error: { message } }, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
}
