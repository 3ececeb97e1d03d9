import { explainImport } from "../../missing-peer-error.js";
import { onAbort } from "../../on-abort.js";
import type { BoundedFetch } from "./bounded-fetch.js";
import { markNumbers } from "./exact-arguments.js";
import { HttpRefusal } from "./http-refusal.js";
import { MAX_PAGES, TOO_LARGE } from "./message-limits.js";
import type { ProcessTransport } from "./process-transport.js";
import { NO_ANSWER } from "./tolerant-response.js";

/** Connection to a server. */
export type McpChannel =
  | { kind: "process"; start: () => ProcessTransport }
  | { kind: "http"; url: URL; bounded: BoundedFetch; headers: Record<string, string> };

export interface McpRequestLimits {
  milliseconds: number;
  signal?: AbortSignal | undefined;
}

/** An initialized server connection. Results are unchecked data. Every method ends in time or throws. */
export interface McpClient {
  /** Returns all listed tools. */
  listTools(limits: McpRequestLimits): Promise<unknown[]>;
  callTool(
    call: { name: string; arguments: object; _meta: Record<string, string> },
    limits: McpRequestLimits,
  ): Promise<unknown>;
  /** Checks with a harmless request whether the server still knows the session. */
  hasSession(limits: McpRequestLimits): Promise<boolean>;
  close(): Promise<void>;
}

export interface McpClientEvents {
  /** Called when the server reports that its tools changed. */
  onToolsChanged(): void;
  /** Called when the connection ends. */
  onEnd(): void;
}

/** An error that the server reported by the protocol. The server itself works. */
export class McpRefusal extends Error {
  /** Whether the server answered, but the answer is too large to be read. */
  readonly isUnread: boolean;

  constructor(message: string, { isUnread = false }: { isUnread?: boolean } = {}) {
    super(message);
    this.isUnread = isUnread;
  }
}

/** Results are validated by the caller. */
const anyResult = {
  "~standard": { version: 1, vendor: "nanoagent", validate: (value: unknown) => ({ value }) },
} as const;

/** The default validator would compile the servers' schemas into code. */
const jsonSchemaValidator = {
  getValidator: () => (value: unknown) => ({ valid: true as const, data: value as never, errorMessage: undefined }),
};

/** Imports the protocol's client. No other code does. Throws {@link MissingPeerError} when it is not installed. */
async function importClient() {
  try {
    return await import("@modelcontextprotocol/client");
  } catch (cause) {
    throw explainImport("@modelcontextprotocol/client", "An MCP server", cause);
  }
}

/** Initializes a connection to a server. Throws the error that prevents its use. */
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
    // A server that only supports the newest protocol does not know this handshake.
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
      if (!isRefusal(error)) throw error;
      throw new McpRefusal(error.message, { isUnread: (error as { data?: unknown }).data === TOO_LARGE });
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
          // A server that does not announce tools may have some anyway, or none.
          if (!hasTools && error instanceof McpRefusal) return tools;
          throw error;
        }
        if (!Array.isArray(result?.tools)) throw new Error("its tools are not a list");
        const page = JSON.stringify(result.tools);
        // A cursor that returns the same page does not lead on.
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
        // The end of the session is sent to the server without waiting for it.
        await inTime({ milliseconds: 500 }, terminate(transport)).catch(() => {});
        channel.bounded.close();
      }
      await client.close().catch(() => {});
    },
  };
}

/** The client's timeout is later than ours, because the client sends the cancellation to the server. */
function optionsOf({ milliseconds, signal }: McpRequestLimits): { timeout: number; signal?: AbortSignal } {
  return { timeout: milliseconds + 100, ...(signal && { signal }) };
}

async function terminate(transport: object): Promise<void> {
  await (transport as { terminateSession?: () => Promise<void> }).terminateSession?.();
}

/** Resolves like `work`, but rejects at the time limit even if `work` does not end. */
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
