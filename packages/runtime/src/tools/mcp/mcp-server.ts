import type { McpServerSettings } from "@nanoagent/models";
import { asSentence, cutText } from "@nanoagent/models";
import type { LaunchTool } from "../../memory/tool-memory.js";
import { MissingPeerError } from "../../missing-peer-error.js";
import { untilAborted } from "../../on-abort.js";
import { InterruptedToolError } from "../interrupted-tool-error.js";
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
/** Pauses between failed starts: the first one and the longest one. */
const FIRST_PAUSE_MILLISECONDS = 1000;
const LONGEST_PAUSE_MILLISECONDS = 5 * 60_000;
/** Most issues of a server that a notice names. */
const MAX_NAMED_ISSUES = 5;

/**
 * A server that may be missing, end, hang or change while the agent runs.
 *
 * - Only tools of the first list are used, and only while their definition is unchanged, because the user has not
 *   agreed to any other. Tools that are listed later are ignored.
 * - After the server has ended, the next call starts it again. After a failed start the next one follows a second
 *   later, then two seconds, up to five minutes; calls fail immediately in the meantime.
 * - A server whose first start failed is retried on the same schedule without a call.
 * - A server that does not answer a call in time is stopped.
 * - A call is repeated at most once, and only where the server certainly did not run it: it sent no answer with the
 *   call's id, and it reports that the session is unknown, or also refuses to list its tools in that session.
 */
export class McpServer {
  readonly name: string;
  readonly #settings: McpServerSettings;
  readonly #openChannel: () => Promise<McpChannel>;
  readonly #startMilliseconds: number;
  readonly #callMilliseconds: number;
  readonly #onListed: () => void;
  /** The first list of tools by the server's names, or null before. */
  #definitions: ReadonlyMap<string, McpToolDefinition> | null = null;
  #tools: readonly Tool[] = [];
  /** The current list of tools. */
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

  /** Throws {@link McpServerError} for invalid settings. `onListed` is called when the tools are known. */
  constructor(name: string, settings: McpServerSettings, launch: LaunchTool, onListed: () => void) {
    this.name = name;
    this.#settings = settings;
    this.#startMilliseconds = (settings.start_timeout_seconds ?? DEFAULT_START_SECONDS) * 1000;
    this.#callMilliseconds = (settings.timeout_seconds ?? DEFAULT_CALL_SECONDS) * 1000;
    const milliseconds = Math.max(this.#startMilliseconds, this.#callMilliseconds);
    this.#openChannel = channelOf(name, settings, { milliseconds, launch });
    this.#onListed = onListed;
  }

  /** The first list of tools, empty before. */
  get tools(): readonly Tool[] {
    return this.#tools;
  }

  /** Current issues of the server, one sentence each. */
  get notices(): string[] {
    const notices: string[] = [];
    if (this.#lastFailure !== null) notices.push(this.#lastFailure);
    if (this.#issues.length > 0) notices.push(`Not used from the MCP server "${this.name}": ${named(this.#issues)}.`);
    if (this.#unchecked.length > 0) {
      notices.push(
        `Not checked for the MCP server "${this.name}": the arguments of ${named(this.#unchecked)}, because it lists no schema for them. List the tools that may be used in mcp_servers.${this.name}.tools.`,
      );
    }
    return notices;
  }

  /**
   * Starts the server for the first time. Only throws {@link MissingPeerError}; other errors are in {@link notices}.
   */
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

  async #callOnce(name: string, input: object, { signal, idempotencyKey, trigger }: ToolRunOptions): Promise<unknown> {
    const limits = { milliseconds: this.#callMilliseconds, signal };
    const client = await this.#connected(signal);
    let answer: unknown;
    let isSent = false;
    try {
      if (this.#hasChanged) await this.#list(client, limits);
      const known = this.#definitions?.get(name);
      if (known === undefined || this.#current.get(name) !== JSON.stringify(known)) {
        throw new McpRefusal(
          `the MCP server "${this.name}" no longer offers it as it did; load the agent anew to take it as it is`,
        );
      }
      const _meta = {
        "nanoagent/idempotency-key": idempotencyKey,
        ...(trigger !== undefined && { "nanoagent/trigger": trigger }),
      };
      isSent = true;
      answer = await client.callTool({ name, arguments: input, _meta }, limits);
    } catch (error) {
      // The server refused the call, or the call was aborted. In all other cases the server's state is unknown.
      if (error instanceof McpRefusal) {
        // The error was an answer to this call. The next call gets a new session.
        if ("url" in this.#settings && saysSessionLost(error.message)) await this.#disconnect();
        const Failure = error.isUnread && isSent ? InterruptedToolError : Error;
        throw new Failure(inBrief(error.message));
      }
      const lost = signal.aborted ? null : await lostSession(error, client, limits);
      const { message } = this.#failure(error);
      const missedLine = this.#transport?.missedLine ?? "";
      if (!signal.aborted) await this.#disconnect();
      if (lost !== null) throw lost;
      if (!isSent || hasNotRun(error)) throw new Error(message);
      throw new InterruptedToolError(`${message}${missedLine}`);
    }
    this.#failures = 0;
    return readResult(answer);
  }

  async #connected(signal: AbortSignal): Promise<McpClient> {
    if (this.#client !== null) return this.#client;
    const pause = this.#notBefore - performance.now();
    if (this.#starting === null && pause > 0) {
      const seconds = Math.ceil(pause / 1000);
      throw new Error(`${asSentence(this.#lastFailure ?? "it is not there")} It is tried again in ${seconds} s.`);
    }
    const starting = this.#start();
    starting.catch(() => {});
    return untilAborted(starting, signal);
  }

  /** Returns the running start, or starts the server. Counts failures and schedules the next attempt. */
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

  /** Reads the current list of tools. The first list is the one that is used. */
  async #list(client: McpClient, limits: McpRequestLimits): Promise<void> {
    this.#hasChanged = false;
    const listed = await client.listTools(limits);
    const { definitions, issues, unchecked } = readDefinitions(this.name, listed, this.#settings);
    this.#current = new Map(definitions.map((definition) => [definition.name, JSON.stringify(definition)]));
    if (this.#definitions !== null) return;
    this.#definitions = new Map(definitions.map((definition) => [definition.name, definition]));
    this.#issues = issues;
    this.#unchecked = unchecked;
    // A call may have to start the server first.
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

/** Returns the refusal of a call that did not run because its session is unknown to the server, otherwise null. */
async function lostSession(error: unknown, client: McpClient, limits: McpRequestLimits): Promise<HttpRefusal | null> {
  if (!(error instanceof HttpRefusal) || error.session === "kept") return null;
  const isLost = error.session === "lost" || !(await client.hasSession(limits));
  return isLost ? HttpRefusal.lost(error.status) : null;
}

/** Whether a call certainly did not reach the server or was rejected by it. */
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
