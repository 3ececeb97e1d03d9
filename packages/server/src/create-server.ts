import type { ServedConversations, ServeSettings } from "@nanoagent/models";
import type { Agent } from "@nanoagent/runtime";
import { accessRules } from "./access/access-rules.js";
import { guardAccess } from "./access/guard-access.js";
import type { Keys } from "./access/keys.js";
import { keysUnreadable } from "./access/keys-unreadable.js";
import { isLoopback } from "./access/loopback.js";
import { openKeys } from "./access/open-keys.js";
import { stateFolderOf } from "./access/state-folder.js";
import type { JoinFleet } from "./automation/broker-seat.js";
import { checkSessionFolder } from "./conversations/check-session-folder.js";
import type { DeviceConditions } from "./device/device-conditions.js";
import { DEFAULT_HOST, DEFAULT_PORT } from "./http/default-address.js";
import { fetchHandler } from "./http/fetch-handler.js";
import { canonicalHost } from "./http/listen-host.js";
import type { HttpHandler, Listener } from "./http/node-listener.js";
import { openRouter, type Router } from "./http/router.js";
import { LimitedLog } from "./log/limited-log.js";
import type { Log } from "./log/log-entry.js";
import type { PermissionDesk } from "./permissions/permission-desk.js";
import { bodyLimits } from "./service/body-limits.js";
import { Service } from "./service/service.js";
import { errorReplies, serviceRoutes } from "./service/service-routes.js";
import type { ReleaseStatus } from "./status/release-status.js";
import type { ServiceStatus } from "./status/service-status.js";
import type { UserSocket } from "./status/user-socket.js";
import type { WyomingListener } from "./wyoming/wyoming-listener.js";

/** Default time for running turns when the service stops. */
const DRAIN_MILLISECONDS = 10_000;
/** Time for the last bytes of replies when the service closes. */
const LAST_BYTES_MILLISECONDS = 1000;

export interface ServerOptions {
  /** Default: `serve` of the agent's config. */
  settings?: ServeSettings | undefined;
  /** Version that the APIs report. Default: `0.0.0`. */
  version?: string | undefined;
  /** Receives the entries of the log. Default: none. */
  log?: Log | undefined;
  /** Whether the log has the texts of messages and replies. Default: false. */
  logsTexts?: boolean | undefined;
  /** Environment variables. Default: those of the process. */
  environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Folder for keys that are made. Default: `nanoagent` in the user's state folder. */
  stateFolder?: string | undefined;
  /** Reads the conditions of the device, such as its temperature, for the page and the metrics. Default: nothing does. */
  readDevice?: (() => Promise<DeviceConditions>) | undefined;
  /** Registers an agent whose config has `fleet`. Default: nothing does, and `fleet` has no effect. */
  joinFleet?: JoinFleet | undefined;
  /** Returns the release of a bundle that the agent runs from, for its status. Default: it does not run from one. */
  readRelease?: (() => ReleaseStatus | null) | undefined;
  /** Clock, in milliseconds since 1970. Default: the system's. */
  now?: (() => number) | undefined;
}

export interface Listening {
  /** Such as `http://127.0.0.1:7420`. */
  readonly url: string;
  readonly port: number;
  /** The key that was made now and the file that keeps it. Null if none was made. */
  readonly madeKey: { readonly key: string; readonly file: string } | null;
  /** The file that keeps the keys, made now or at an earlier start. Null if no file does. */
  readonly keyFile: string | null;
  /** Address for Home Assistant's voice assistants. Null without `serve.wyoming`. */
  readonly wyoming: { readonly url: string; readonly port: number } | null;
}

/** A served agent. */
export interface AgentServer extends AsyncDisposable {
  /**
   * Answers a request, in the form of the platform's `fetch`: mounts in Hono, Express, Fastify, Next, Bun and Deno. It has
   * the access rules of `settings.host`, which must be the address that the app listens on. Beyond loopback, clients need
   * a key of `api_keys_env`; without that setting it rejects with {@link ServiceError} `keys-unreadable`, because nobody
   * would see a key that is made.
   */
  fetch(this: void, request: Request): Promise<Response>;
  /**
   * Listens on the address of the settings, or on the given one. Rejects with {@link ServiceError} `listen-failed`,
   * `listen-not-permitted` and `keys-unreadable`, and with `session-unreadable` if the folder of the conversations cannot be
   * used. A start that fails makes no key.
   */
  listen(address?: { host?: string | undefined; port?: number | undefined }): Promise<Listening>;
  /** The agent that is served now. */
  readonly agent: Agent;
  /** Questions for permission, for a program that can answer them. */
  readonly permissions: PermissionDesk;
  /** The state of the service. */
  status(): Promise<ServiceStatus>;
  /**
   * Replaces the agent without losing a turn: running turns end, the agent is closed, and `open` opens its successor, so
   * that only one is in memory. Requests wait meanwhile. If `open` fails, `reopen` opens the old agent again, and the error
   * of `open` is thrown. Address, keys and origins stay as they are. Resolves with false if the service stops meanwhile:
   * then no agent is opened, unless `open` was already called.
   */
  replaceAgent(open: () => Promise<Agent>, reopen: () => Promise<Agent>): Promise<boolean>;
  /** Takes no new turns, and waits for the running ones: at most 10 seconds by default, then they are aborted. */
  drain(milliseconds?: number): Promise<void>;
  /** Ends running turns and the listener. The agent stays open. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Serves an agent: OpenAI's and Ollama's API, the page for people, figures for Prometheus, and voice assistants by Wyoming.
 * The caller closes the agent, or its successor, after the server.
 */
export function createServer(agent: Agent, options: ServerOptions = {}): AgentServer {
  return new NodeAgentServer(agent, options);
}

function mountedWithoutKeys(host: string) {
  return keysUnreadable(
    `A service that is mounted in an app for the address ${host} has no keys.`,
    "Set serve.api_keys_env to the name of an environment variable with keys, or serve.host to 127.0.0.1 for this machine alone.",
  );
}

class NodeAgentServer implements AgentServer {
  readonly permissions: PermissionDesk;
  readonly #settings: ServeSettings;
  /** Limits that replace those of each agent's config. */
  readonly #conversations: ServedConversations | undefined;
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #stateFolder: string;
  readonly #service: Service;
  readonly #router: Router;
  readonly #log: Log;
  /** The log for events that strangers cause. */
  readonly #limitedLog: LimitedLog;
  readonly #toErrorReply: ReturnType<typeof errorReplies>;
  #mounted: Promise<(request: Request) => Promise<Response>> | null = null;
  #listener: Listener | null = null;
  #wyoming: WyomingListener | null = null;
  #statusSocket: UserSocket | null = null;
  #closing: Promise<void> | null = null;

  constructor(agent: Agent, options: ServerOptions) {
    const { settings, version = "0.0.0", log = () => {}, logsTexts = false, now = Date.now } = options;
    this.#settings = settings ?? agent.config.serve ?? {};
    this.#conversations = settings?.conversations;
    this.#environment = options.environment ?? process.env;
    this.#stateFolder = options.stateFolder ?? stateFolderOf(this.#environment);
    this.#log = log;
    this.#limitedLog = new LimitedLog(log, now);
    this.#service = new Service(agent, {
      settings,
      version,
      log,
      logsTexts,
      now,
      environment: this.#environment,
      readDevice: options.readDevice ?? null,
      joinFleet: options.joinFleet ?? null,
      readRelease: options.readRelease ?? null,
    });
    this.permissions = this.#service.permissions;
    this.#toErrorReply = errorReplies(this.#limitedLog.write);
    this.#router = openRouter(serviceRoutes(this.#service, this.#settings), this.#toErrorReply);
  }

  get agent(): Agent {
    return this.#service.agent;
  }

  readonly fetch = async (request: Request): Promise<Response> => {
    this.#mounted ??= this.#mount();
    return (await this.#mounted)(request);
  };

  async #mount(): Promise<(request: Request) => Promise<Response>> {
    const { host: asked = DEFAULT_HOST, api_keys_env } = this.#settings;
    const host = canonicalHost(asked) ?? asked;
    if (!isLoopback(host) && api_keys_env === undefined) throw mountedWithoutKeys(host);
    const { keys } = await this.#openKeys(host);
    await this.#service.readFacts();
    return fetchHandler(this.#guard(host, keys), await bodyLimits(this.agent));
  }

  async listen(address: { host?: string | undefined; port?: number | undefined } = {}): Promise<Listening> {
    const { host: asked = this.#settings.host ?? DEFAULT_HOST, port = this.#settings.port ?? DEFAULT_PORT } = address;
    const host = canonicalHost(asked) ?? asked;
    if (this.#listener !== null || this.#closing !== null)
      throw new TypeError("The server already listens or is closed");
    // Mounted handlers do not need these.
    const { listenOn } = await import("./http/node-listener.js");
    await checkSessionFolder(this.agent);
    const limits = await bodyLimits(this.agent);
    // Requests wait for the keys, which are made only if the address can be listened on.
    let admit: (guard: HttpHandler) => void = () => {};
    const admitted = new Promise<HttpHandler>((resolve) => {
      admit = resolve;
    });
    let handle: HttpHandler = async (request) => (await admitted)(request);
    const [listener] = await Promise.all([
      listenOn((request) => handle(request), {
        host,
        port,
        tls: this.#settings.tls,
        limits,
        onRefused: ({ status, reason }) =>
          this.#limitedLog.write({ level: "info", event: "connection-refused", status, reason }),
      }),
      this.#service.readFacts(),
    ]);
    try {
      const { keys, made, file } = await this.#openKeys(host);
      handle = this.#guard(host, keys);
      admit(handle);
      this.#listener = listener;
      this.#service.url = listener.url;
      this.#wyoming = await this.#listenWyoming(host);
      const wyoming = this.#wyoming && { url: this.#wyoming.url, port: this.#wyoming.port };
      this.#service.wyoming = wyoming;
      await this.#service.automation.open();
      await this.#openStatus();
      return { url: listener.url, port: listener.port, madeKey: made, keyFile: file, wyoming };
    } catch (error) {
      await Promise.all([listener.close(0), this.#wyoming?.close(0), this.#service.automation.close()]);
      throw error;
    }
  }

  async #listenWyoming(host: string): Promise<WyomingListener | null> {
    const settings = this.#settings.wyoming;
    if (settings === undefined) return null;
    const { listenWyoming } = await import("./wyoming/wyoming-listener.js");
    return listenWyoming(this.#service, { settings, host, conversations: this.#conversations });
  }

  async #openStatus(): Promise<void> {
    const { openStatusSocket } = await import("./status/status-socket.js");
    this.#statusSocket = await openStatusSocket(() => this.status());
    if (this.#statusSocket !== null) return;
    const message = "nanoagent status cannot find this service: its socket could not be made.";
    const hint = "Set XDG_RUNTIME_DIR to a folder of this user with a path of at most 70 bytes.";
    this.#log({ level: "warn", event: "status-unavailable", message, hint });
  }

  #openKeys(host: string) {
    const [settings, environment, stateFolder] = [this.#settings, this.#environment, this.#stateFolder];
    return openKeys({ settings, host, environment, stateFolder });
  }

  #guard(host: string, keys: Keys | null): HttpHandler {
    const rules = accessRules({ settings: this.#settings, host, keys });
    return guardAccess(this.#router, { rules, toErrorReply: this.#toErrorReply });
  }

  status(): Promise<ServiceStatus> {
    return this.#service.status();
  }

  replaceAgent(open: () => Promise<Agent>, reopen: () => Promise<Agent>): Promise<boolean> {
    return this.#service.replaceAgent(open, reopen);
  }

  drain(milliseconds = DRAIN_MILLISECONDS): Promise<void> {
    return this.#service.drain(milliseconds);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#service.close();
    await Promise.all([
      this.#wyoming?.close(LAST_BYTES_MILLISECONDS),
      this.#listener?.close(LAST_BYTES_MILLISECONDS),
      this.#statusSocket?.close(),
    ]);
    this.#limitedLog.flush();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
