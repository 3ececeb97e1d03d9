import { explainImport } from "../../missing-peer-error.js";
import { onAbort } from "../../on-abort.js";
import type { BoundedFetch } from "./bounded-fetch.js";
import { markNumbers } from "./exact-arguments.js";
import { HttpRefusal } from "./http-refusal.js";
import { MAX_PAGES } from "./message-limits.js";
import type { ProcessTransport } from "./process-transport.js";
import { NO_ANSWER } from "./tolerant-response.js";

/** How a server is reached. */
export type McpChannel =
  | { kind: "process"; start: () => ProcessTransport }
  | { kind: "http"; url: URL; bounded: BoundedFetch; headers: Record<string, string> };

export interface McpRequestLimits {
  milliseconds: number;
  signal?: AbortSignal | undefined;
}

/** A server that has been greeted. What it answers is as it came: unknown data. Every method ends in time, or throws. */
export interface McpClient {
  /** Everything that it lists as tools. */
  listTools(limits: McpRequestLimits): Promise<unknown[]>;
  callTool(
    call: { name: string; arguments: object; _meta: Record<string, string> },
    limits: McpRequestLimits,
  ): Promise<unknown>;
  /** Whether the server still knows the session, by a request that changes nothing. */
  hasSession(limits: McpRequestLimits): Promise<boolean>;
  close(): Promise<void>;
}

export interface McpClientEvents {
  /** The server says that it has other tools now. */
  onToolsChanged(): void;
  /** The connection is there no longer. */
  onEnd(): void;
}

/** What a server answered in the protocol's own words: it is well, and said no. */
export class McpRefusal extends Error {}

/** What is answered is checked by who uses it. */
const anyResult = {
  "~standard": { version: 1, vendor: "nanoagent", validate: (value: unknown) => ({ value }) },
} as const;

/** The client's own would compile schemas of servers into code. */
const jsonSchemaValidator = {
  getValidator: () => (value: unknown) => ({ valid: true as const, data: value as never, errorMessage: undefined }),
};

/** Loads the protocol's client: the only place that does. Throws {@link MissingPeerError} when it is not installed. */
async function importClient() {
  try {
    return await import("@modelcontextprotocol/client");
  } catch (cause) {
    throw explainImport("@modelcontextprotocol/client", "An MCP server", cause);
  }
}

/** Greets a server. Throws what keeps it from being used. */
export async function connectMcpClient(
  channel: McpChannel,
  limits: McpRequestLimits,
  events: McpClientEvents,
): Promise<McpClient> {
  const { Client, ProtocolError, StreamableHTTPClientTransport } = await importClient();
  const greet = async (mode: "legacy" | "auto") => {
    const client = new Client(
      { name: "nanoagent", version: "1" },
      { versionNegotiation: { mode }, jsonSchemaValidator },
    );
    const transport =
      channel.kind === "process"
        ? channel.start()
        : new StreamableHTTPClientTransport(channel.url, {
            fetch: channel.bounded.fetch,
            requestInit: { headers: channel.headers },
            reconnectionOptions: {
              initialReconnectionDelay: 1000,
              maxReconnectionDelay: 1000,
              reconnectionDelayGrowFactor: 1,
              maxRetries: 0,
            },
          });
    const connecting = client.connect(transport as Parameters<typeof client.connect>[0], optionsOf(limits));
    await inTime(limits, connecting);
    return { client, transport };
  };
  const isRefusal = (error: unknown): error is Error =>
    error instanceof ProtocolError && (error as { data?: unknown }).data !== NO_ANSWER;
  const { client, transport } = await greet("legacy").catch((error) => {
    // One that knows only the newest form of the protocol does not know this greeting.
    if (isRefusal(error)) return greet("auto");
    throw error;
  });
  client.onclose = () => events.onEnd();
  client.setNotificationHandler("notifications/tools/list_changed", () => events.onToolsChanged());
  const request = async (method: "tools/list" | "tools/call", params: object, limits: McpRequestLimits) => {
    try {
      const answer = client.request({ method, params } as never, anyResult as never, optionsOf(limits));
      return (await inTime(limits, answer)) as unknown;
    } catch (error) {
      throw isRefusal(error) ? new McpRefusal(error.message) : error;
    }
  };
  return {
    async listTools(limits) {
      const tools: unknown[] = [];
      const hasTools = client.getServerCapabilities()?.tools !== undefined;
      const cursors = new Set<unknown>();
      let cursor: unknown;
      let previous = "";
      for (let count = 1; count <= MAX_PAGES && !cursors.has(cursor); count++) {
        cursors.add(cursor);
        const params = cursor === undefined ? {} : { cursor };
        let result: Record<string, unknown> | null;
        try {
          result = (await request("tools/list", params, limits)) as Record<string, unknown> | null;
        } catch (error) {
          // One that does not say that it has tools may have forgotten it, or has none.
          if (!hasTools && error instanceof McpRefusal) return tools;
          throw error;
        }
        if (!Array.isArray(result?.tools)) throw new Error("what it lists as its tools is no list");
        const page = JSON.stringify(result.tools);
        // A cursor that leads back to the same page leads nowhere.
        if (page === previous) break;
        previous = page;
        tools.push(...result.tools.slice(0, 1000));
        cursor = result.nextCursor;
        if (typeof cursor !== "string" || cursor === "") break;
      }
      return tools;
    },
    callTool: (call, limits) => request("tools/call", { ...call, arguments: markNumbers(call.arguments) }, limits),
    async hasSession(limits) {
      try {
        await request("tools/list", {}, limits);
        return true;
      } catch (error) {
        return !(error instanceof HttpRefusal && error.session !== "kept");
      }
    },
    async close() {
      if (channel.kind === "http") {
        // A server is told that its session is over, and is not waited for.
        await inTime({ milliseconds: 500 }, terminate(transport)).catch(() => {});
        channel.bounded.close();
      }
      await client.close().catch(() => {});
    },
  };
}

/** The client's own limit comes behind ours: it is the one that tells the server. */
function optionsOf({ milliseconds, signal }: McpRequestLimits): { timeout: number; signal?: AbortSignal } {
  return { timeout: milliseconds + 100, ...(signal && { signal }) };
}

async function terminate(transport: object): Promise<void> {
  await (transport as { terminateSession?: () => Promise<void> }).terminateSession?.();
}

/** What `work` resolves to, however long it takes to notice that its time is over. */
function inTime<Value>({ milliseconds, signal }: McpRequestLimits, work: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new McpTimeout(milliseconds)), milliseconds);
    const stopListening = onAbort(signal, () => reject(signal?.reason ?? new Error("aborted")));
    work.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      stopListening();
    });
  });
}

class McpTimeout extends Error {
  constructor(milliseconds: number) {
    super(`it did not answer within ${Math.ceil(milliseconds / 1000)} s`);
  }
}
