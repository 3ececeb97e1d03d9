import type { AgentTopics } from "./agent-topics.js";
import { OFFLINE, ONLINE } from "./agent-topics.js";
import { AskChannel } from "./ask-channel.js";
import type { BridgedAgent, OnBridgeNotice } from "./bridged-agent.js";
import type { Broker, BrokerMessage } from "./broker.js";
import { DEFAULT_DISCOVERY_PREFIX, HomeAssistantDevice, removeDevice } from "./home-assistant/home-assistant-device.js";
import { eventMessage, lastAnswerMessage, stateMessage } from "./home-assistant/state-messages.js";
import { LatestMessage } from "./latest-message.js";
import { MessageQueue } from "./message-queue.js";

/** Shortest time between two messages about the state. */
const STATE_SPACING_MILLISECONDS = 5000;
const ANSWER_SPACING_MILLISECONDS = 1000;
/** Time between two looks at figures that change all the time, such as the memory. */
const LOOK_MILLISECONDS = 60_000;
/** Events that wait for the broker. Home Assistant shows the newest; a trigger's own log has all. */
const MAX_WAITING_EVENTS = 64;
/** Replies to runs of triggers that wait for the broker. */
const MAX_WAITING_REPLIES = 64;
/** Longest correlation data of a run that is replied to, in bytes. */
const MAX_CORRELATION_BYTES = 128;
/** Payload of a button in Home Assistant. */
const PRESS = "PRESS";
/** Time that `offline` may take at the end. */
const CLOSE_MILLISECONDS = 1000;

export interface BridgeParts {
  readonly broker: Broker;
  readonly topics: AgentTopics;
  readonly agent: BridgedAgent;
  /** Whether the agent answers messages; key `mqtt.ask`. */
  readonly asks: boolean;
  /**
   * Prefix of Home Assistant's discovery; key `mqtt.home_assistant`. With false, the device that an earlier start announced
   * below the default prefix is removed.
   */
  readonly discovery: { readonly prefix: string } | false;
  readonly onNotice: OnBridgeNotice;
  /** A number from 0 to below 1. Default: `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/**
 * Connects an agent with the topics below `PREFIX/ID`: its status, its state and its answers go out; questions and runs of
 * triggers come in; and Home Assistant gets it as a device. It works as soon as the broker can be reached, and again after
 * every interruption.
 */
export class BrokerBridge {
  readonly #parts: BridgeParts;
  readonly #status: LatestMessage;
  readonly #state: LatestMessage;
  readonly #lastAnswer: LatestMessage;
  readonly #events: MessageQueue;
  readonly #accepted: MessageQueue;
  readonly #channel: AskChannel | null;
  readonly #device: HomeAssistantDevice | null;
  readonly #stop = new AbortController();
  readonly #stopListening: (() => void)[];
  readonly #timer: ReturnType<typeof setInterval>;
  #isClosed = false;

  constructor(parts: BridgeParts) {
    this.#parts = parts;
    const { broker, topics, agent, asks, discovery, onNotice, random = Math.random } = parts;
    const latest = (topic: string, spacingMilliseconds: number) =>
      new LatestMessage({ broker, topic, spacingMilliseconds, onNotice });
    this.#status = latest(topics.status, 0);
    this.#state = latest(topics.state, STATE_SPACING_MILLISECONDS);
    this.#lastAnswer = latest(topics.lastAnswer, ANSWER_SPACING_MILLISECONDS);
    const queue = (maxWaiting: number, messages: string) => {
      const fullNotice = `More than ${maxWaiting} ${messages} wait for the broker, so some are not published. See nanoagent triggers log.`;
      return new MessageQueue({ broker, maxWaiting, fullNotice, onNotice, signal: this.#stop.signal });
    };
    this.#events = queue(MAX_WAITING_EVENTS, "events");
    this.#accepted = queue(MAX_WAITING_REPLIES, "replies to runs of triggers");
    const prefix = discovery === false ? DEFAULT_DISCOVERY_PREFIX : discovery.prefix;
    const onPlainAnswer = (text: string) => this.#showAnswer(text, null, Date.now());
    this.#channel = asks
      ? new AskChannel({ broker, topics, agent, discoveryPrefix: prefix, onPlainAnswer, onNotice })
      : null;
    const onBirth = () => this.#publishAgain();
    this.#device =
      discovery === false
        ? null
        : new HomeAssistantDevice({ broker, topics, agent, prefix, asks, onBirth, onNotice, random });
    this.#stopListening = [
      broker.subscribe(topics.runs, (message) => this.#run(message)),
      broker.onChange(() => this.#publishAgain()),
      agent.onChange(() => this.#look()),
      agent.onAnswer(({ trigger, text, at }) => this.#showAnswer(text, trigger, at)),
      agent.onAct((act) => this.#events.add({ topic: topics.event, payload: eventMessage(act) })),
    ];
    if (discovery === false) void removeDevice({ broker, topics, prefix, onNotice }, this.#stop.signal);
    this.#timer = setInterval(() => this.#look(), LOOK_MILLISECONDS);
    this.#timer.unref?.();
    this.#status.set(ONLINE);
    this.#look();
  }

  /** Answers no further messages, and publishes `offline` if the broker can be reached. Safe to call twice. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { broker, topics } = this.#parts;
    clearInterval(this.#timer);
    for (const stop of this.#stopListening) stop();
    this.#stop.abort();
    this.#device?.close();
    await this.#channel?.close();
    for (const message of [this.#status, this.#state, this.#lastAnswer]) message.close();
    if (!broker.isConnected) return;
    const end = new AbortController();
    const timer = setTimeout(() => end.abort(), CLOSE_MILLISECONDS);
    // Where this fails, the broker publishes the same when it misses the agent.
    await broker.publish(topics.status, OFFLINE, { retain: true, signal: end.signal }).catch(() => {});
    clearTimeout(timer);
  }

  #look(): void {
    if (!this.#parts.broker.isConnected) return;
    this.#state.set(stateMessage(this.#parts.agent.facts()));
    this.#device?.update();
  }

  #publishAgain(): void {
    if (!this.#parts.broker.isConnected) return;
    this.#status.again();
    this.#state.again(stateMessage(this.#parts.agent.facts()));
    this.#lastAnswer.again();
  }

  #showAnswer(text: string, trigger: string | null, at: number): void {
    this.#lastAnswer.set(lastAnswerMessage({ text, trigger, at }));
  }

  /** Acknowledged when the event is on disk. A message for a trigger that does not exist is acknowledged, too. */
  async #run({ topic, payload, retain, correlationData }: BrokerMessage): Promise<void> {
    if (retain) return;
    const { agent, topics, onNotice } = this.#parts;
    const trigger = agent.triggers.find(({ name }) => topics.run(name) === topic);
    if (trigger === undefined) {
      const message = `A message came to ${topic}, but no trigger has this name. See nanoagent triggers list.`;
      onNotice({ level: "warning", message });
      this.#tellAccepted(topic.split("/").at(-2) ?? "", null, correlationData);
      return;
    }
    const event = await agent.run(trigger.name, payload.length === 0 || isPress(payload) ? null : payload);
    this.#tellAccepted(trigger.name, event, correlationData);
  }

  /** Tells the sender of a run, who is known by the correlation data, which event it became. */
  #tellAccepted(trigger: string, event: string | null, correlationData: Uint8Array | undefined): void {
    const correlation = correlationData === undefined ? null : correlationOf(correlationData);
    if (correlation === null) return;
    const payload = JSON.stringify({ trigger, event, correlation });
    this.#accepted.add({ topic: this.#parts.topics.accepted, payload, correlationData });
  }
}

function correlationOf(bytes: Uint8Array): string | null {
  if (bytes.length === 0 || bytes.length > MAX_CORRELATION_BYTES) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Whether a message is that of a button in Home Assistant. */
function isPress(payload: Uint8Array): boolean {
  return payload.length === PRESS.length && new TextDecoder().decode(payload) === PRESS;
}
