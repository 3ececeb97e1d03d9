import { NanoAgentError } from "@nanoagent/models";
import { NanoRuntimeError } from "../../nano-runtime-error.js";
import { onAbort } from "../../on-abort.js";
import { checkEmbeddedTexts } from "../embeddings.js";
import type { Engine, EngineEvent, EngineRequest, SamplingOptions } from "../engine.js";
import { asEngineError, EngineError } from "../engine-error.js";
import type { ThinkingSetting } from "../thinking-setting.js";
import { type ChatDialect, type ConversationForm, simplerForms } from "./chat/chat-dialect.js";
import { NoSuchReply } from "./chat/no-such-reply.js";
import { ollamaChat } from "./chat/ollama-chat.js";
import { openaiChat, unsentSampling } from "./chat/openai-chat.js";
import { replyWithTools } from "./chat/replies-with-tools.js";
import { ReplyAssembler } from "./chat/reply-assembler.js";
import { isProgress, type ReplyPart } from "./chat/reply-part.js";
import { ReplyReader } from "./chat/reply-reader.js";
import { TooManyToolCalls } from "./chat/tool-call-assembler.js";
import type { ReplyBody } from "./http/reply-body.js";
import type { ServerConnection } from "./http/server-connection.js";
import { ServerPatience } from "./http/server-patience.js";
import { RemoteEngineError } from "./remote-engine-error.js";
import { embedByServer } from "./server/embed-by-server.js";
import { countByLlamaServer } from "./server/llama-server.js";
import type { RemoteServer } from "./server/remote-server.js";
import { LineTooLong } from "./stream/line-splitter.js";
import { estimateTokens, TokenCounts } from "./token-counts.js";

/** Longest wait after a complete reply, for the usage and the end of the stream. */
const REST_MILLISECONDS = 1000;
/** Matches errors of servers and templates that reject the form of a conversation: its roles, calls or instructions. */
const formRefusal = /\b(?:roles?|system|assistant|tools?|tool_calls?|functions?|template|jinja|alternat\w*)\b/i;

/**
 * Engine on a server: another nanoagent, llama-server, Ollama, LM Studio, vLLM, Ray Serve, or another with an OpenAI-compatible API.
 * {@link openOpenAiCompatibleEngine} creates one. Failures are `error` events with a {@link RemoteEngineError}.
 *
 * `countTokens` is exact with llama-server. With all others it is an estimate: a third of the bytes.
 */
export class OpenAiCompatibleEngine implements Engine {
  readonly name = "openai-compatible";
  readonly contextTokens: number;
  readonly callsTools: boolean;
  /** Facts that the server reported. */
  readonly server: RemoteServer;
  readonly #connection: ServerConnection;
  readonly #dialect: ChatDialect;
  readonly #counts = new TokenCounts();
  /** One controller per active request. */
  readonly #running = new Set<AbortController>();
  /** Form of the conversations to send. It becomes simpler after the server refused one. */
  #form: ConversationForm;
  readonly #unsent = new Set<string>();
  /** Options that the server ignored. */
  readonly #unheld = new Set<string>();
  #calls = 0;
  #closed = false;

  /** @internal */
  constructor(connection: ServerConnection, server: RemoteServer, thinking?: ThinkingSetting | undefined) {
    this.#connection = connection;
    this.#dialect = server.kind === "ollama" ? ollamaChat(server, thinking) : openaiChat(server, thinking);
    this.server = server;
    this.#form = { calls: true, systemRole: server.abilities.systemRole };
    this.contextTokens = server.contextTokens;
    // If unknown, tools are sent.
    this.callsTools = server.abilities.tools !== false;
  }

  get trainedTokens(): number | null {
    return this.server.trainedTokens ?? null;
  }

  get parameters(): number | null {
    return this.server.parameters ?? null;
  }

  get notices(): readonly string[] {
    const notices = [...this.server.notices, ...this.#unheldNotices()];
    if (this.#unsent.size === 0) return notices;
    const names = [...this.#unsent].join(", ");
    const why = "Servers that do not know these options may reject the request";
    const hint = "Set them where the server is started, or remove them.";
    return [...notices, `Not sent to ${this.#connection.label}: sampling options ${names}. ${why}. ${hint}`];
  }

  #unheldNotices(): string[] {
    if (this.#unheld.size === 0) return [];
    const names = [...this.#unheld].join(", ");
    return [
      `Ignored by ${this.#connection.label}: sampling options ${names}. Replies are cut here instead. Set the same options where the server is started to save its time.`,
    ];
  }

  /** Records options that are not sent to this server, for {@link notices}. */
  noteSampling(sampling: SamplingOptions): void {
    for (const name of unsentSampling(sampling, this.server.kind)) this.#unsent.add(name);
  }

  async *generate(
    request: EngineRequest,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<EngineEvent> {
    if (this.#closed) {
      yield { type: "error", error: EngineError.closed(this.name) };
      return;
    }
    const stop = this.#begin(signal);
    try {
      yield* replyWithTools(request, this.server, (request) => this.#reply(request, stop.signal));
    } catch (error) {
      if (stop.signal.aborted) yield { type: "end", reason: "abort" };
      else yield { type: "error", error: this.#explain(error) };
    } finally {
      stop.end();
    }
  }

  async countTokens(text: string): Promise<number> {
    if (text === "") return 0;
    if (this.server.kind !== "llama-server" || this.#closed) return estimateTokens(text);
    const known = this.#counts.get(text);
    if (known !== undefined) return known;
    const stop = this.#begin();
    try {
      const tokens = await countByLlamaServer(this.#connection, text, stop.signal, this.server.model);
      if (tokens === null) return estimateTokens(text);
      this.#counts.set(text, Math.max(1, tokens));
      return Math.max(1, tokens);
    } catch {
      // The request that the count is for will fail in the same way and report the error.
      return estimateTokens(text);
    } finally {
      stop.end();
    }
  }

  async embed(texts: readonly string[], { signal }: { signal?: AbortSignal | undefined } = {}): Promise<number[][]> {
    checkEmbeddedTexts(texts);
    if (this.#closed) throw EngineError.closed(this.name);
    const stop = this.#begin(signal);
    try {
      stop.signal.throwIfAborted();
      return await embedByServer(this.#connection, this.server, texts, stop.signal);
    } catch (error) {
      if (signal?.aborted) throw NanoRuntimeError.aborted();
      if (this.#closed) throw EngineError.closed(this.name);
      throw this.#explain(error);
    } finally {
      stop.end();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const controller of this.#running) controller.abort();
    this.#connection.close();
  }

  /** Returns a signal that aborts with the caller's signal or when the engine is closed, until `end` is called. */
  #begin(caller?: AbortSignal): { signal: AbortSignal; end: () => void } {
    const controller = new AbortController();
    this.#running.add(controller);
    const stopListening = onAbort(caller, () => controller.abort());
    const end = () => {
      this.#running.delete(controller);
      stopListening();
    };
    return { signal: controller.signal, end };
  }

  async *#reply(request: EngineRequest, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    signal.throwIfAborted();
    this.noteSampling(request.sampling ?? {});
    const since = performance.now();
    const body = await this.#send(request, signal);
    const waitedForHeaders = performance.now() - since;
    let isRead = false;
    try {
      const reply = new ReplyAssembler({
        expectsJson: request.responseSchema !== undefined,
        sampling: request.sampling,
        tools: request.tools,
        isAgents: this.server.isAgent,
        nextCallId: () => `call_${++this.#calls}`,
      });
      for await (const part of this.#parts(body, reply, waitedForHeaders)) {
        if (part.error !== undefined) throw this.#connection.explainSentError(part.error);
        for (const event of reply.push(part)) {
          yield event;
          signal.throwIfAborted();
        }
      }
      if (!reply.mayEnd) reply.refuseUnread();
      if (!reply.mayEnd) throw new NoSuchReply("stopped during its reply", "remote-failed", reply.words);
      if (reply.heldBy !== null) this.#unheld.add(reply.heldBy);
      else {
        isRead = true;
        body.finish();
      }
      yield* reply.finish();
    } finally {
      if (!isRead) body.cancel(signal.reason);
    }
  }

  /** Sends a request, in a simpler form if the server refuses the form of the conversation. */
  async #send(request: EngineRequest, signal: AbortSignal): Promise<ReplyBody> {
    const { path, contentType } = this.#dialect;
    const sendAs = (form: ConversationForm) =>
      this.#connection.stream(path, this.#dialect.body(request, form), contentType, signal);
    try {
      return await sendAs(this.#form);
    } catch (refusal) {
      // Not every server supports `tool_choice`.
      if ((request.toolChoice ?? "auto") !== "auto" && isRefusal(refusal))
        return this.#send({ ...request, toolChoice: undefined }, signal);
      if (!refusesForm(refusal)) throw refusal;
      for (const form of simplerForms(request, this.#form)) {
        const body = await sendAs(form).catch(() => null);
        if (body === null) continue;
        this.#form = form;
        return body;
      }
      throw refusal;
    }
  }

  /** Yields the pieces of a reply until it is complete. Only time spent waiting for the server counts. */
  async *#parts(body: ReplyBody, reply: ReplyAssembler, waitedBefore: number): AsyncGenerator<ReplyPart> {
    const reader = new ReplyReader();
    const patience = new ServerPatience(this.#connection.timeouts, waitedBefore);
    while (!reply.isLast) {
      const since = performance.now();
      const bytes = await readUnlessComplete(body, reply, patience);
      patience.addWait(performance.now() - since);
      for (const part of bytes === null ? reader.end() : reader.push(bytes)) {
        if (isProgress(part) && !reply.isComplete) patience.notePiece();
        yield part;
        if (reply.isLast) return;
      }
      if (bytes === null) return;
    }
  }

  #explain(error: unknown): NanoAgentError {
    if (NanoAgentError.isInstance(error)) return error;
    const { label } = this.#connection;
    if (error instanceof NoSuchReply) {
      const { message, hint } = RemoteEngineError.protocol(label, error.message);
      return new RemoteEngineError({
        code: error.code,
        message,
        reason: error.words === null ? undefined : this.#connection.showText(error.words),
        hint: error.code === "remote-protocol" && hint !== null ? hint : "Check the server's log.",
      });
    }
    if (error instanceof LineTooLong || error instanceof TooManyToolCalls) {
      return RemoteEngineError.protocol(label, `sent a reply that is too large (${error.message})`);
    }
    return asEngineError(error, { message: "The openai-compatible engine failed unexpectedly." });
  }
}

/** Whether a server refused the content of a request. */
function isRefusal(error: unknown): error is RemoteEngineError {
  return error instanceof RemoteEngineError && [400, 404, 422, 500].includes(error.status ?? 0);
}

function refusesForm(error: unknown): boolean {
  if (!isRefusal(error)) return false;
  return error.reason === null || formRefusal.test(error.reason);
}

/** After a complete reply, later data or a missing end is ignored. */
async function readUnlessComplete(
  body: ReplyBody,
  reply: ReplyAssembler,
  patience: ServerPatience,
): Promise<Buffer | null> {
  try {
    if (reply.isComplete) return await body.read(REST_MILLISECONDS - patience.waitedMilliseconds, "end its reply");
    const what = patience.hasBegun ? "continue its reply" : "start its reply";
    return await body.read(patience.leftMilliseconds, what);
  } catch (error) {
    if (reply.isComplete) return null;
    throw error;
  }
}
