import { createServer, type Server, type Socket } from "node:net";
import { cutText, type ServedConversations, type WyomingSettings } from "@nanoagent/models";
import { isLoopback } from "../access/loopback.js";
import { conversationLimits } from "../conversations/conversation-limits.js";
import { ConversationMemory } from "../conversations/conversation-memory.js";
import { listenError, listenFailed } from "../http/listen-error.js";
import { listenUrl } from "../http/listen-url.js";
import { LimitedLog } from "../log/limited-log.js";
import type { OperatedAgent } from "../service/served-agent.js";
import type { Announcement } from "./announcement.js";
import { ClientRules, readNetwork } from "./client-rules.js";
import { FrameMemory } from "./frame-memory.js";
import { listenHost } from "./listen-host.js";
import { ReadTurns } from "./read-turns.js";
import { type ConnectionTimes, WyomingConnection } from "./wyoming-connection.js";

/** Most connections at the same time. Further ones are refused. */
const MAX_CONNECTIONS = 64;
/** Longest part of a wrong address in a message. */
const MAX_SHOWN_CHARACTERS = 100;

/** Address of the Wyoming service, and its end. */
export interface WyomingListener {
  /** Such as `tcp://127.0.0.1:10400`. */
  readonly url: string;
  readonly port: number;
  /** Ends connections after their running turns, at the latest after this time. */
  close(graceMilliseconds: number): Promise<void>;
}

export interface WyomingOptions {
  readonly settings: WyomingSettings;
  /** Address of the service itself, in its usual form. */
  readonly host: string;
  /** Limits of conversations. Default: those of the agent's config. */
  readonly conversations?: ServedConversations | undefined;
  /** Times that replace those of a connection. */
  readonly times?: Partial<ConnectionTimes> | undefined;
}

/**
 * Answers Home Assistant's voice assistants. The protocol has no keys, so it listens on loopback, unless
 * `allow_clients` names who may connect: then on the address of the service, or on all addresses if that is loopback.
 * Rejects with {@link ServiceError} `listen-failed` or `listen-not-permitted`.
 */
export async function listenWyoming(operated: OperatedAgent, options: WyomingOptions): Promise<WyomingListener> {
  const { settings } = options;
  const host = listenHost(options);
  const listener = new Listener(operated, options, clientRules(settings));
  const port = await listener.listen(host, settings.port);
  listener.url = listenUrl({ host, port, isSecure: false }).replace(/^http:/, "tcp:");
  listener.port = port;
  try {
    if (settings.announce === true) await listener.announce(host);
  } catch (error) {
    await listener.close(0);
    throw error;
  }
  return listener;
}

function clientRules({ allow_clients = [] }: WyomingSettings): ClientRules {
  const wrong = allow_clients.find((text) => readNetwork(text) === null);
  if (wrong === undefined) return new ClientRules(allow_clients);
  throw listenFailed(
    `"${cutText(wrong, MAX_SHOWN_CHARACTERS)}" in serve.wyoming.allow_clients is not an address or a network.`,
    "Write addresses such as 192.168.1.10, or networks such as 192.168.1.0/24.",
  );
}

class Listener implements WyomingListener {
  url = "";
  port = 0;
  readonly #operated: OperatedAgent;
  readonly #options: WyomingOptions;
  readonly #rules: ClientRules;
  readonly #log: LimitedLog;
  readonly #memory: ConversationMemory;
  readonly #frameMemory = new FrameMemory();
  readonly #readTurns = new ReadTurns();
  readonly #server: Server;
  readonly #connections = new Set<WyomingConnection>();
  #announcement: Announcement | null = null;
  #whenEmpty: () => void = () => {};

  constructor(operated: OperatedAgent, options: WyomingOptions, rules: ClientRules) {
    this.#operated = operated;
    this.#options = options;
    this.#rules = rules;
    this.#log = new LimitedLog(operated.log, operated.now);
    const limits = () => conversationLimits(operated.agent, options.conversations);
    this.#memory = new ConversationMemory(limits, operated.now);
    // A peer that has sent everything still gets what was written for it.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true }, (socket) =>
      this.#accept(socket),
    );
  }

  /** Resolves with the port. */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (error) => reject(listenError(error, { host, port }, PLACES)));
      this.#server.listen({ host, port }, resolve);
    });
    this.#server.removeAllListeners("error");
    // Such as too many open files. The server goes on.
    this.#server.on("error", (error) => {
      this.#log.write({ level: "warn", event: "connection-failed", protocol: "wyoming", error: error.message });
    });
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : port;
  }

  /** Announces the address on the local network, unless only this machine can use it. */
  async announce(host: string): Promise<void> {
    if (isLoopback(host)) {
      const message = "The Wyoming service is not announced: only this machine can use it.";
      const hint = "Set serve.wyoming.allow_clients to the addresses that may connect.";
      this.#operated.log({ level: "warn", event: "announcement-failed", message, hint });
      return;
    }
    const { Announcement } = await import("./announcement.js");
    const { name } = this.#operated.agent.config.spec;
    const address = this.#server.address();
    // That of a name, too.
    const ip = typeof address === "object" && address !== null ? address.address : host;
    this.#announcement = new Announcement({ name, host: ip, port: this.port, log: this.#log.write });
    await this.#announcement.open();
  }

  #accept(socket: Socket): void {
    const client = socket.remoteAddress;
    const reason = this.#refusal(socket);
    if (reason !== null) {
      this.#write("connection-refused", reason, client);
      socket.on("error", () => {}).destroy();
      return;
    }
    const { settings, times } = this.#options;
    const connection = new WyomingConnection(
      socket,
      {
        operated: this.#operated,
        settings,
        memory: this.#memory,
        frameMemory: this.#frameMemory,
        readTurns: this.#readTurns,
        onEnd: (why, error) => this.#write("connection-ended", why, client, error),
      },
      times,
    );
    this.#connections.add(connection);
    socket.once("close", () => {
      this.#connections.delete(connection);
      if (this.#connections.size === 0) this.#whenEmpty();
    });
  }

  #refusal({ remoteAddress, localAddress }: Socket): string | null {
    // This machine may also come by an address of its own.
    const isAllowed = remoteAddress === localAddress || this.#rules.allows(remoteAddress);
    if (!isAllowed) return "The address is not in serve.wyoming.allow_clients.";
    if (this.#connections.size >= MAX_CONNECTIONS) return `${MAX_CONNECTIONS} connections are open already.`;
    return null;
  }

  #write(event: string, reason: string, client = "unknown", error?: unknown): void {
    const failure = error instanceof Error ? { level: "error" as const, error: error.message } : null;
    this.#log.write({ level: "info", event, protocol: "wyoming", reason, client, ...failure });
  }

  async close(graceMilliseconds: number): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const empty = new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
      if (this.#connections.size === 0) resolve();
    });
    for (const connection of this.#connections) connection.close();
    const timer = setTimeout(() => {
      for (const connection of this.#connections) connection.destroy();
    }, graceMilliseconds);
    await Promise.all([ended, empty, this.#announcement?.close()]);
    clearTimeout(timer);
    this.#log.flush();
  }
}

/** Where the address and the port are set. */
const PLACES = { host: "serve.host", port: "serve.wyoming.port" };
