import { type NanoAgentConfigInput, NanoAgentError, type ServeSettings } from "@nanoagent/models";
import type { Agent } from "@nanoagent/runtime";
import type { AgentServer } from "@nanoagent/server";
import type { OptionValues } from "../command-line/command.js";
import { hasDefaultConfig } from "../config/default-config-file.js";
import { readAgent } from "../run/read-agent.js";
import type { Streams } from "../streams.js";
import { errorFacts } from "./error-facts.js";
import type { SystemdNotifier } from "./notify-systemd.js";
import type { ServeLog } from "./serve-log.js";

/** Settings that a service has from its start to its end: address, host names, keys, certificate and origins. */
const kept = [
  "host",
  "port",
  "api_keys_env",
  "tls",
  "allow_hosts",
  "allow_origins",
  "page",
  "metrics",
  "wyoming",
] as const;

/** Time that a new agent has to open: loading a large model from a memory card takes minutes. */
const OPEN_MILLISECONDS = 5 * 60 * 1000;

/** Time from a turn to the lines about its notices. */
const TELL_MILLISECONDS = 1000;

export interface ReloaderParts {
  server: AgentServer;
  log: ServeLog;
  values: OptionValues;
  streams: Streams;
  /** Opens the agent of a config. */
  open: (config: NanoAgentConfigInput) => Promise<Agent>;
  /** Config of the start. */
  config: NanoAgentConfigInput;
  /** Null if systemd does not run the service. */
  systemd?: SystemdNotifier | null;
  /** Time that a new agent has to open before the old one comes back. Default: 5 minutes. */
  openMilliseconds?: number | undefined;
}

/** The agent of a service, for work that replaces it. */
export interface ReplacedAgent {
  /** Config of the agent that is served. */
  readonly config: NanoAgentConfigInput;
  /**
   * Replaces the agent after it has ended. `next` resolves with the config of its successor; where that or the start fails,
   * `back` resolves with the config to go back to, and the error of `next` is thrown. Resolves with false if the service stops.
   */
  replace(next: () => Promise<NanoAgentConfigInput>, back: () => Promise<NanoAgentConfigInput>): Promise<boolean>;
}

/**
 * Replaces the agent of a service: for a config that is read again, if nothing is wrong with it, and for updates. One thing at
 * a time.
 */
export class Reloader {
  readonly #parts: ReloaderParts;
  /** Config of the agent that is served. */
  #config: NanoAgentConfigInput;
  /** Whether an agent is open. It is not after neither the new nor the old one could be opened. */
  #hasAgent = true;
  /** Whether the last reload kept the old config. */
  #isRefused = false;
  #isRunning = false;
  /** Whether the config may have changed since it was read. */
  #isAskedAgain = false;
  #ended: Promise<void> = Promise.resolve();
  /** Notices of the agents that are in the log already. */
  readonly #told = new Set<string>();
  #telling: NodeJS.Timeout | null = null;

  constructor(parts: ReloaderParts) {
    this.#parts = parts;
    this.#config = parts.config;
  }

  /** Config of the start of the service, whose address it keeps. */
  get started(): NanoAgentConfigInput {
    return this.#parts.config;
  }

  /** Resolves when no reload runs. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** Reads the config again. During a reload, it is read once more after it. */
  request(): void {
    this.#isAskedAgain = true;
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#ended = this.#run();
  }

  /** Runs an update after a running reload. A reload that is asked for meanwhile follows it. */
  async update(work: (agent: ReplacedAgent) => Promise<void>): Promise<void> {
    while (this.#isRunning) await this.#ended;
    this.#isRunning = true;
    const working = work({ config: this.#config, replace: this.#replace });
    this.#ended = working
      .catch(() => {})
      .then(() => {
        this.#isRunning = false;
        if (this.#isAskedAgain) this.request();
      });
    await working;
  }

  /** Writes the notices of the agent that are new into the log. */
  tellNotices(): void {
    const { server, log } = this.#parts;
    for (const message of server.agent.notices) {
      if (this.#told.has(message)) continue;
      this.#told.add(message);
      log.write({ level: "warn", event: "notice", message });
    }
  }

  /** Notes that a turn may have added notices. Collecting them takes as long as a reply by rules, so turns share it. */
  noteTurn(): void {
    this.#telling ??= setTimeout(() => {
      this.#telling = null;
      this.tellNotices();
    }, TELL_MILLISECONDS).unref();
  }

  async #run(): Promise<void> {
    const { systemd, server, streams } = this.#parts;
    void systemd?.reloading();
    while (this.#isAskedAgain && !streams.stop.aborted) {
      this.#isAskedAgain = false;
      await this.#reload();
    }
    this.#isRunning = false;
    if (streams.stop.aborted || !systemd) return;
    const { url } = await server.status();
    if (url !== null) void systemd.ready(url, this.#note());
  }

  async #reload(): Promise<void> {
    const { log } = this.#parts;
    const startedAt = performance.now();
    log.write({ level: "info", event: "reload-start" });
    this.#isRefused = false;
    try {
      const next = await this.#readConfig();
      if (next === null) return;
      const old = this.#config;
      const read = (config: NanoAgentConfigInput) => () => Promise.resolve(config);
      if (!(await this.#replace(read(next), read(old)))) {
        log.write({ level: "info", event: "reload-given-up", message: "The service stops." });
        return;
      }
      const milliseconds = Math.round(performance.now() - startedAt);
      log.write({ level: "info", event: "reload-end", agent: next.spec.name, milliseconds });
      this.tellNotices();
    } catch (error) {
      this.#refuse(errorFacts(error));
    }
  }

  readonly #replace: ReplacedAgent["replace"] = async (next, back) => {
    const { server, open, openMilliseconds = OPEN_MILLISECONDS } = this.#parts;
    let failure: unknown = null;
    this.#hasAgent = false;
    const openNow = async (read: () => Promise<NanoAgentConfigInput>, limit: number | null) => {
      const config = await read();
      const agent = await (limit === null ? open(config) : openWithin(open(config), limit));
      this.#hasAgent = true;
      this.#config = config;
      return agent;
    };
    const isReplaced = await server
      .replaceAgent(
        () =>
          openNow(next, openMilliseconds).catch((error: unknown) => {
            failure = error;
            throw error;
          }),
        () => openNow(back, null),
      )
      // The error of the new agent says more than that of the old one.
      .catch((error: unknown) => {
        throw failure ?? error;
      });
    if (!isReplaced) return false;
    this.#hasAgent = true;
    this.#tellKept(this.#config.serve);
    return true;
  };

  /** Says for systemd how the last reload ended, unless it was right. */
  #note(): string | null {
    if (!this.#hasAgent) return "it has no agent, because the changed config failed";
    return this.#isRefused ? "the changed config was refused" : null;
  }

  #refuse(facts: object): void {
    this.#isRefused = true;
    const message = this.#hasAgent
      ? "The old agent goes on."
      : "The service has no agent. Correct the config and send SIGHUP, or restart the service.";
    this.#parts.log.write({ level: "error", event: "reload-refused", message, ...facts });
  }

  /** Reads and checks the config. Returns null, with a line in the log, if something is wrong with it. */
  async #readConfig(): Promise<NanoAgentConfigInput | null> {
    const { values, streams, log, server } = this.#parts;
    // An agent that a model alone makes has no config.
    if (values.config !== undefined || values.model === undefined || (await hasDefaultConfig())) {
      const { findErrors } = await import("./find-errors.js");
      const errors = await findErrors(values, streams, server.agent);
      if (errors.length > 0) {
        this.#refuse({ error: "The config has errors.", problems: errors });
        return null;
      }
    }
    return readAgent(values, streams, (message) => log.write({ level: "info", event: "notice", message }), "serve");
  }

  /** Names the settings that differ from those of the start, which are still in force. */
  #tellKept(next: ServeSettings = {}): void {
    const { values, log, config } = this.#parts;
    const started: ServeSettings = config.serve ?? {};
    const changed = kept.filter(
      (name) => values[name] === undefined && JSON.stringify(started[name]) !== JSON.stringify(next[name]),
    );
    if (changed.length === 0) return;
    log.write({
      level: "warn",
      event: "settings-kept",
      message: "These settings are read at the start of a service only. Restart it to use the new ones.",
      settings: changed.map((name) => `serve.${name}`),
    });
  }
}

/** Rejects if an agent is not open in time, which is then closed as soon as it is. */
async function openWithin(opening: Promise<Agent>, milliseconds: number): Promise<Agent> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), milliseconds);
  });
  const agent = await Promise.race([opening, late]).finally(() => clearTimeout(timer));
  if (agent !== null) return agent;
  // The old agent is back by then.
  opening.then((opened) => opened.close()).catch(() => {});
  throw new NanoAgentError({
    code: "time-limit",
    message: `The agent was not open within ${milliseconds / 1000} s.`,
    hint: "Find out which tool server or model it waits for: nanoagent bundle prove DIR, or nanoagent run.",
  });
}
