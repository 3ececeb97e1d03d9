import type { McpServerSettings } from "@nanoagent/models";
import { cutText } from "@nanoagent/models";
import type { LaunchTool } from "../../memory/tool-memory.js";
import { MissingPeerError } from "../../missing-peer-error.js";
import { untilAborted } from "../../on-abort.js";
import type { Tool, ToolRunOptions } from "../tool.js";
import { cleanText } from "../tool-result-text.js";
import { HttpRefusal, saysSessionLost } from "./http-refusal.js";
import { connectMcpClient, type McpChannel, type McpClient, McpRefusal, type McpRequestLimits } from "./mcp-client.js";
import { McpServerError } from "./mcp-server-error.js";
import { channelOf } from "./open-channel.js";
import type { ProcessTransport } from "./process-transport.js";
import { readResult } from "./read-result.js";
import { type McpToolDefinition, mcpTool, readDefinitions } from "./tool-definition.js";

const DEFAULT_START_SECONDS = 10;
const DEFAULT_CALL_SECONDS = 30;
/** Between one start that fails and the next: at first, and at most. */
const FIRST_PAUSE_MILLISECONDS = 1000;
const LONGEST_PAUSE_MILLISECONDS = 5 * 60_000;
/** Most issues of one server that a notice names. */
const MAX_NAMED_ISSUES = 5;

/**
 * One server, which may be missing, end, hang or change while the agent runs.
 *
 * - What it listed first is what is taken: a tool that it lists differently later is not used any more, because nobody
 *   has agreed to that. Tools that it lists later are not taken.
 * - When it has ended, the next call starts it again. After a start that failed the next is a second later, then two
 *   seconds, up to five minutes; calls meanwhile fail at once.
 * - A server that could not be started at first is tried again in the same rhythm without a call.
 * - One that does not answer a call in time is ended.
 * - A call is made a second time, and never a third, only where the server certainly did not run it: it answered nothing to
 *   the call's id, and it says that it does not know the session, or refuses a list of its tools in that session too.
 */
export class McpServer {
  readonly name: string;
  readonly #settings: McpServerSettings;
  readonly #openChannel: () => Promise<McpChannel>;
  readonly #startMilliseconds: number;
  readonly #callMilliseconds: number;
  readonly #onListed: () => void;
  /** What was listed first, by the server's name; null before. */
  #definitions: ReadonlyMap<string, McpToolDefinition> | null = null;
  #tools: readonly Tool[] = [];
  /** What it lists now. */
  #current = new Map<string, string>();
  #client: McpClient | null = null;
  #transport: ProcessTransport | null = null;
  #starting: Promise<McpClient> | null = null;
  #hasChanged = false;
  #issues: readonly string[] = [];
  #unchecked: readonly string[] = [];
  #lastFailure: string | null = null;
  #failures = 0;
  #notBefore = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /** Throws {@link McpServerError} for settings that cannot work. `onListed` is told when its tools are known. */
  constructor(name: string, settings: McpServerSettings, launch: LaunchTool, onListed: () => void) {
    this.name = name;
    this.#settings = settings;
    this.#startMilliseconds = (settings.start_timeout_seconds ?? DEFAULT_START_SECONDS) * 1000;
    this.#callMilliseconds = (settings.timeout_seconds ?? DEFAULT_CALL_SECONDS) * 1000;
    const milliseconds = Math.max(this.#startMilliseconds, this.#callMilliseconds);
    this.#openChannel = channelOf(name, settings, { milliseconds, launch });
    this.#onListed = onListed;
  }

  /** The tools that it listed first; none before. */
  get tools(): readonly Tool[] {
    return this.#tools;
  }

  /** Present issues of the server, one sentence each. */
  get notices(): string[] {
    const notices: string[] = [];
    if (this.#lastFailure !== null) notices.push(this.#lastFailure);
    if (this.#issues.length > 0) notices.push(`Not taken from the MCP server "${this.name}": ${named(this.#issues)}.`);
    if (this.#unchecked.length > 0) {
      notices.push(
        `Not checked for the MCP server "${this.name}": the arguments of ${named(this.#unchecked)}. It lists no schema for them and gets them as the model writes them; list the tools that may be used in mcp_servers.${this.name}.tools.`,
      );
    }
    return notices;
  }

  /** Starts it for the first time. Throws {@link MissingPeerError} alone; what else is wrong is in {@link notices}. */
  async open(): Promise<void> {
    try {
      await this.#start();
    } catch (error) {
      if (MissingPeerError.isInstance(error) && error.code === "missing-peer") throw error;
      this.#tryAgain();
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    await this.#starting?.catch(() => {});
    await this.#disconnect();
  }

  async #call(name: string, input: object, options: ToolRunOptions): Promise<unknown> {
    try {
      return await this.#callOnce(name, input, options);
    } catch (error) {
      if (!(error instanceof HttpRefusal) || options.signal.aborted) throw error;
      return this.#callOnce(name, input, options);
    }
  }

  async #callOnce(name: string, input: object, { signal, idempotencyKey }: ToolRunOptions): Promise<unknown> {
    const limits = { milliseconds: this.#callMilliseconds, signal };
    const client = await this.#connected(signal);
    let answer: unknown;
    try {
      if (this.#hasChanged) await this.#list(client, limits);
      const known = this.#definitions?.get(name);
      if (known === undefined || this.#current.get(name) !== JSON.stringify(known)) {
        throw new McpRefusal(
          `the MCP server "${this.name}" no longer offers it as it did; load the agent anew to take it as it is`,
        );
      }
      const _meta = { "nanoagent/idempotency-key": idempotencyKey };
      answer = await client.callTool({ name, arguments: input, _meta }, limits);
    } catch (error) {
      // It said no, or nobody waits any longer; in all other cases nothing is known of it.
      if (error instanceof McpRefusal) {
        // It was an answer to this call; the next one gets another session.
        if ("url" in this.#settings && saysSessionLost(error.message)) await this.#disconnect();
        throw new Error(inBrief(error.message));
      }
      const lost = signal.aborted ? null : await lostSession(error, client, limits);
      const { message } = this.#failure(error);
      const missedLine = this.#transport?.missedLine ?? "";
      if (!signal.aborted) await this.#disconnect();
      if (lost !== null) throw lost;
      if (hasNotRun(error)) throw new Error(message);
      throw new Error(`${message} It may have acted all the same; look before you repeat it.${missedLine}`);
    }
    this.#failures = 0;
    return readResult(answer);
  }

  async #connected(signal: AbortSignal): Promise<McpClient> {
    if (this.#client !== null) return this.#client;
    const pause = this.#notBefore - performance.now();
    if (this.#starting === null && pause > 0) {
      const seconds = Math.ceil(pause / 1000);
      throw new Error(`${this.#lastFailure ?? "it is not there"} It is tried again in ${seconds} s.`);
    }
    const starting = this.#start();
    starting.catch(() => {});
    return untilAborted(starting, signal);
  }

  /** The start that is under way, or a new one. It counts the failures and sets when the next may be. */
  #start(): Promise<McpClient> {
    this.#starting ??= this.#startOnce()
      .catch((error) => {
        const failure = this.#failure(error);
        this.#lastFailure = failure.message;
        const pause = Math.min(FIRST_PAUSE_MILLISECONDS * 2 ** this.#failures, LONGEST_PAUSE_MILLISECONDS);
        this.#failures += 1;
        this.#notBefore = performance.now() + pause;
        throw error instanceof MissingPeerError ? error : failure;
      })
      .finally(() => {
        this.#starting = null;
      });
    return this.#starting;
  }

  async #startOnce(): Promise<McpClient> {
    if (this.#isClosed) throw new Error("it was closed");
    const until = performance.now() + this.#startMilliseconds;
    const left = (): McpRequestLimits => ({ milliseconds: Math.max(1, until - performance.now()) });
    const isFirst = this.#definitions === null;
    const channel = await this.#openChannel();
    const observed = channel.kind === "http" ? channel : { ...channel, start: () => this.#observe(channel.start()) };
    let client: McpClient | null = null;
    let hasEnded = false;
    const onEnd = () => {
      hasEnded = true;
      if (client !== null && this.#client === client) this.#client = null;
    };
    const onToolsChanged = () => {
      this.#hasChanged = true;
    };
    try {
      client = await connectMcpClient(observed, left(), { onEnd, onToolsChanged });
      await this.#list(client, left());
      if (hasEnded || this.#isClosed) throw new Error("it ended at once");
    } catch (error) {
      await (client?.close() ?? this.#transport?.close());
      throw error;
    }
    this.#client = client;
    this.#lastFailure = null;
    if (isFirst) this.#onListed();
    return client;
  }

  #observe(transport: ProcessTransport): ProcessTransport {
    this.#transport = transport;
    return transport;
  }

  /** What it lists now. The first time that is what is taken. */
  async #list(client: McpClient, limits: McpRequestLimits): Promise<void> {
    this.#hasChanged = false;
    const listed = await client.listTools(limits);
    const { definitions, issues, unchecked } = readDefinitions(this.name, listed, this.#settings);
    this.#current = new Map(definitions.map((definition) => [definition.name, JSON.stringify(definition)]));
    if (this.#definitions !== null) return;
    this.#definitions = new Map(definitions.map((definition) => [definition.name, definition]));
    this.#issues = issues;
    this.#unchecked = unchecked;
    // A call may start the server first.
    const timeout = this.#callMilliseconds + this.#startMilliseconds;
    this.#tools = definitions.map((definition) =>
      mcpTool(definition, this.#settings, timeout, (input, options) => this.#call(definition.name, input, options)),
    );
  }

  #tryAgain(): void {
    if (this.#isClosed || this.#definitions !== null) return;
    this.#retry = setTimeout(
      () => {
        this.#start().catch(() => this.#tryAgain());
      },
      Math.max(0, this.#notBefore - performance.now()),
    );
    this.#retry.unref();
  }

  async #disconnect(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    await client?.close();
    await this.#transport?.close();
  }

  #failure(error: unknown): McpServerError {
    if (error instanceof McpServerError) return error;
    const reason = this.#transport?.ending ?? (error instanceof Error ? error.message : String(error));
    return new McpServerError("mcp-server-failed", this.name, inBrief(reason), { cause: error });
  }
}

/** The refusal of a call that has not run, because its session is unknown to the server; else null. */
async function lostSession(error: unknown, client: McpClient, limits: McpRequestLimits): Promise<HttpRefusal | null> {
  if (!(error instanceof HttpRefusal) || error.session === "kept") return null;
  const isLost = error.session === "lost" || !(await client.hasSession(limits));
  return isLost ? HttpRefusal.lost(error.status) : null;
}

/** Whether a call certainly did not reach the server, or was not taken by it. */
function hasNotRun(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return (
    (error instanceof HttpRefusal && !error.mayHaveRun) ||
    ["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH"].includes(String(code))
  );
}

function named(issues: readonly string[]): string {
  const more = issues.length > MAX_NAMED_ISSUES ? `, and ${issues.length - MAX_NAMED_ISSUES} more` : "";
  return `${issues.slice(0, MAX_NAMED_ISSUES).join(", ")}${more}`;
}

function inBrief(text: string): string {
  return cutText(cleanText(cutText(text, 2000)).replace(/\s+/gu, " ").trim().replace(/\.$/, ""), 500);
}
