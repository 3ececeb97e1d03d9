import { setTimeout as pause } from "node:timers/promises";
import { cutText } from "@nanoagent/models";
import type { Broker, PublishOptions, SubscribeOptions } from "./broker.js";
import type { ResolvedBroker } from "./broker-settings.js";
import { describeEnd } from "./end-texts.js";
import { IncomingMessages, RECEIVE_MAXIMUM } from "./incoming-messages.js";
import { type ClientEnd, endOfError, MqttClient } from "./mqtt-client.js";
import { MqttError } from "./mqtt-error.js";
import { openStream } from "./open-stream.js";
import { OutgoingMessages } from "./outgoing-messages.js";
import { PacketIds } from "./packet-ids.js";
import { MAX_PACKET_BYTES } from "./packet-reader.js";
import type { ConnectionReply, ConnectRequest } from "./packets.js";
import type { ProtocolVersion } from "./protocol-version.js";
import type { StoredFilters } from "./stored-filters.js";
import { type OnMessage, Subscriptions } from "./subscriptions.js";
import { findFilterIssue } from "./topic-filter.js";
import { TopicNotices } from "./topic-notices.js";

/** Time that a broker of MQTT 5 keeps messages while this client is away: a device may be off for a season. */
const SESSION_EXPIRY_SECONDS = 90 * 86_400;
/** Failures after which it is said that another client may have the same ID. */
const SHORT_LIVES = 3;
/** A message of this size in kilobytes, for people. */
const MAX_PACKET_KILOBYTES = MAX_PACKET_BYTES / 1024;
/** Most characters of a topic in a notice. */
const MAX_TOPIC_CHARACTERS = 200;
const UNSUPPORTED_VERSION: ReadonlySet<number> = new Set([1, 0x84]);

/** Times in milliseconds. Tests shorten them. */
export interface ConnectionTimes {
  /** Longest time to open the stream, and then until the broker accepts the connection. */
  readonly connect: number;
  /** First pause before the next try. It doubles with every failure. */
  readonly firstPause: number;
  readonly longestPause: number;
  /** Pause after another client took the session. */
  readonly takenOverPause: number;
  /** A connection that stood as long counts as a success. */
  readonly stable: number;
  /** Longest time at the end for messages to be acknowledged. */
  readonly close: number;
  /** First pause before a message is handed over again. */
  readonly handOverPause: number;
}

const defaultTimes: ConnectionTimes = {
  connect: 10_000,
  firstPause: 1000,
  longestPause: 60_000,
  takenOverPause: 5 * 60_000,
  stable: 10_000,
  close: 1000,
  handOverPause: 1000,
};

/** Something that the owner of a connection should see. One sentence or more. */
export interface BrokerNotice {
  readonly level: "info" | "warning";
  readonly message: string;
}

export interface ConnectionParts {
  readonly broker: ResolvedBroker;
  readonly will: ConnectRequest["will"];
  readonly stored: StoredFilters;
  readonly keepsSession: boolean;
  readonly onNotice: (notice: BrokerNotice) => void;
  readonly times?: Partial<ConnectionTimes> | undefined;
}

/** The connection to a broker, which is made again whenever it ends. */
export class MqttConnection implements Broker {
  readonly #parts: ConnectionParts;
  readonly #times: ConnectionTimes;
  readonly #ids = new PacketIds();
  readonly #incoming: IncomingMessages;
  readonly #outgoing = new OutgoingMessages(this.#ids);
  readonly #subscriptions: Subscriptions;
  readonly #listeners = new Set<() => void>();
  readonly #tooLargeListeners = new Set<(topic: string) => void>();
  readonly #stop = new AbortController();
  #client: MqttClient | null = null;
  #running: Promise<void> | null = null;
  #problem: string | null = null;
  /** Problem of the last notice, so that a broker that stays away is one notice. */
  #notedProblem: string | null = null;
  /** Version of the connection that stands, or null. */
  #version: ProtocolVersion | null = null;
  /** Version that the broker is known to speak, where the settings leave it open. */
  #knownVersion: ProtocolVersion | null = null;
  #failures = 0;
  #shortLives = 0;
  readonly #skipped = new TopicNotices();

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.#times = { ...defaultTimes, ...parts.times };
    this.#subscriptions = new Subscriptions({
      stored: parts.stored,
      onNotice: (level, message) => parts.onNotice({ level, message }),
      firstPauseMilliseconds: this.#times.handOverPause,
    });
    this.#incoming = new IncomingMessages({
      deliver: this.#subscriptions.deliver,
      onRoom: () => this.#client?.resume(),
    });
  }

  /** Address in the settings. */
  get url(): string {
    return this.#parts.broker.url;
  }

  get isConnected(): boolean {
    return this.#version !== null;
  }

  get problem(): string | null {
    return this.#problem ?? this.#subscriptions.problem;
  }

  /** Version of the protocol on the connection that stands, or null. */
  get protocol(): "3.1.1" | "5" | null {
    return this.#version === null ? null : this.#version === 5 ? "5" : "3.1.1";
  }

  /** Messages that wait for the broker's acknowledgement. */
  get waitingMessages(): number {
    return this.#outgoing.size;
  }

  /**
   * All owners have subscribed. Begins to connect at the first call. Messages that the broker kept meanwhile would have no
   * owner before.
   */
  ready(): void {
    this.#subscriptions.ready();
    if (!this.#stop.signal.aborted) this.#running ??= this.#run();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  onTooLarge(listener: (topic: string) => void): () => void {
    this.#tooLargeListeners.add(listener);
    return () => {
      this.#tooLargeListeners.delete(listener);
    };
  }

  subscribe(
    filter: string,
    onMessage: OnMessage,
    options: SubscribeOptions = {},
  ): (options?: { readonly keep?: boolean | undefined }) => void {
    const issue = findFilterIssue(filter);
    if (issue !== null) {
      const message = `The topic ${JSON.stringify(cutText(filter, 100))} cannot be subscribed to.`;
      throw new MqttError({ code: "mqtt-settings-invalid", message, reason: issue, hint: "Correct the topic." });
    }
    return this.#subscriptions.add(filter, onMessage, options);
  }

  isSubscribedTo(topic: string): boolean {
    return this.#subscriptions.has(topic);
  }

  async publish(topic: string, payload: string | Uint8Array, options: PublishOptions = {}): Promise<void> {
    const { retain = false, correlationData, signal } = options;
    const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
    await this.#outgoing.add({ topic, payload: bytes, retain, correlationData, signal });
  }

  /**
   * Ends the connection, without the will. Messages that are being handed over have a second to be acknowledged. The
   * broker keeps the subscriptions, and messages for them. Safe to call twice.
   */
  async close(): Promise<void> {
    if (!this.#stop.signal.aborted) {
      const deadline = performance.now() + this.#times.close;
      while (this.isConnected && !this.#incoming.isIdle && performance.now() < deadline) await pause(20);
      this.#stop.abort();
      this.#client?.leave();
      this.#subscriptions.close();
      this.#outgoing.close(
        new MqttError({
          code: "mqtt-closed",
          message: "The connection to the broker was closed before it acknowledged a message.",
          hint: "Publish before the program stops.",
        }),
      );
    }
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Connects again and again until the end. Never rejects. */
  async #run(): Promise<void> {
    const { signal } = this.#stop;
    /** Whether the broker may have ended the last try because of MQTT 5. */
    let triesOlder = false;
    while (!signal.aborted) {
      const version: ProtocolVersion = this.#parts.broker.version ?? this.#knownVersion ?? (triesOlder ? 4 : 5);
      const { end, livedMilliseconds } = await this.#connect(version);
      if (signal.aborted) return;
      const canFallBack: boolean = this.#parts.broker.version === null && version === 5 && livedMilliseconds === null;
      if (canFallBack && end.kind === "refused" && UNSUPPORTED_VERSION.has(end.code)) {
        this.#knownVersion = 4;
        continue;
      }
      triesOlder = canFallBack && ["closed", "malformed", "refused"].includes(end.kind) && isOfVersion(end);
      if (triesOlder) continue;
      const milliseconds = this.#noteEnd(end, livedMilliseconds);
      await pause(milliseconds, undefined, { signal }).catch(() => {});
    }
  }

  /** Makes one connection. Resolves when it ended, with the time that it stood, or null if the broker did not accept it. */
  async #connect(version: ProtocolVersion): Promise<{ end: ClientEnd; livedMilliseconds: number | null }> {
    const { broker, will } = this.#parts;
    let stream: Awaited<ReturnType<typeof openStream>>;
    try {
      stream = await openStream(broker, this.#times.connect, this.#stop.signal);
    } catch (error) {
      const cause = error instanceof Error ? error : new Error(String(error));
      return { end: endOfError(cause), livedMilliseconds: null };
    }
    const { clientId, keepAliveSeconds, username, password } = broker;
    const sessionExpirySeconds = this.#parts.keepsSession ? SESSION_EXPIRY_SECONDS : 0;
    let connectedAt: number | null = null;
    const end = await new Promise<ClientEnd>((resolve) => {
      const client: MqttClient = new MqttClient({
        stream,
        request: {
          version,
          clientId,
          keepAliveSeconds,
          sessionExpirySeconds,
          receiveMaximum: RECEIVE_MAXIMUM,
          username,
          password,
          will,
        },
        connectMilliseconds: this.#times.connect,
        incoming: this.#incoming,
        outgoing: this.#outgoing,
        ids: this.#ids,
        onConnected: (reply) => {
          connectedAt = performance.now();
          return this.#begin(client, version, reply);
        },
        onSkipped: ({ topic, bytes }) => this.#noteSkipped(topic, bytes),
        onEnd: resolve,
      });
      this.#client = client;
      if (this.#stop.signal.aborted) client.leave();
    });
    this.#client = null;
    this.#subscriptions.end();
    this.#version = null;
    return { end, livedMilliseconds: connectedAt === null ? null : performance.now() - connectedAt };
  }

  #begin(client: MqttClient, version: ProtocolVersion, reply: ConnectionReply): Promise<void> {
    this.#version = version;
    this.#problem = null;
    this.#notedProblem = null;
    const subscribed = this.#subscriptions.begin(client, reply.isSessionPresent);
    const message = `Connected to the broker at ${this.#parts.broker.url} with MQTT ${version === 5 ? "5" : "3.1.1"}.`;
    this.#parts.onNotice({ level: "info", message });
    this.#tell();
    return subscribed;
  }

  /** Records why a connection ended. Returns the pause before the next try. */
  #noteEnd(end: ClientEnd, livedMilliseconds: number | null): number {
    const { url, clientId, tls } = this.#parts.broker;
    const wasConnected = livedMilliseconds !== null;
    const isShort = wasConnected && livedMilliseconds < this.#times.longestPause;
    this.#shortLives =
      isShort && end.kind === "closed" ? this.#shortLives + 1 : isShort || !wasConnected ? this.#shortLives : 0;
    if (wasConnected && livedMilliseconds >= this.#times.stable) this.#failures = 0;
    const { problem, waitsLong } = describeEnd(end, { url, clientId, isSecure: tls !== null, wasConnected });
    const suspicion = ` It did so ${this.#shortLives} times; another client may have the ID ${clientId}.`;
    this.#problem = end.kind === "closed" && this.#shortLives >= SHORT_LIVES ? `${problem}${suspicion}` : problem;
    if (problem !== this.#notedProblem) {
      this.#notedProblem = problem;
      this.#parts.onNotice({ level: "warning", message: this.#problem });
    }
    this.#tell();
    const { firstPause, longestPause, takenOverPause } = this.#times;
    const most = waitsLong ? takenOverPause : Math.min(longestPause, firstPause * 2 ** this.#failures);
    this.#failures += 1;
    // Devices that lost the same broker must not all come back at the same moment.
    return most * (0.5 + Math.random() / 2);
  }

  #noteSkipped(topic: string, bytes: number): void {
    for (const listener of [...this.#tooLargeListeners]) listener(topic);
    if (!this.#skipped.add(topic, performance.now())) return;
    const size = `${Math.ceil(bytes / 1024)} KB`;
    const message = `A message to ${cutText(topic, MAX_TOPIC_CHARACTERS)} was dropped, because it has ${size} and at most ${MAX_PACKET_KILOBYTES} KB are read.`;
    this.#parts.onNotice({ level: "warning", message: `${message} Send shorter messages, or use another topic.` });
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Whether a failure before the connection stood may be caused by the version. */
function isOfVersion(end: ClientEnd): boolean {
  return end.kind !== "refused" || end.code === 0x80 || end.code === 0x81 || end.code === 0x82;
}
