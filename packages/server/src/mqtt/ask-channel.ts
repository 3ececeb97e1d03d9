import { cutText, NanoAgentError } from "@nanoagent/models";
import { errorFacts } from "../errors/error-facts.js";
import { ServiceError } from "../errors/service-error.js";
import type { AgentTopics } from "./agent-topics.js";
import type { BridgedAgent, OnBridgeNotice } from "./bridged-agent.js";
import type { Broker, BrokerMessage } from "./broker.js";
import { describePublishFailure } from "./describe-publish-failure.js";
import { MessageQueue } from "./message-queue.js";
import { type Ask, readAsk } from "./read-ask.js";
import { findResponseTopicProblem } from "./response-topic.js";

/** Asks that wait behind the one that is being answered. */
const MAX_WAITING = 8;
/** Refusals that wait for the broker. Further ones are left out, so that a flood of asks does not fill the memory. */
const MAX_REFUSALS = 16;
/** Longest answer, in characters. Hosted brokers refuse messages of more than 128 KB. */
const MAX_ANSWER_CHARACTERS = 32 * 1024;
/** Time in which a closing channel still answers. */
const CLOSE_MILLISECONDS = 1000;

export interface AskChannelParts {
  readonly broker: Broker;
  readonly topics: AgentTopics;
  readonly agent: Pick<BridgedAgent, "ask">;
  /** Prefix of Home Assistant's discovery. */
  readonly discoveryPrefix: string;
  /** Gets the answer to a plain text without a response topic, as Home Assistant asks. */
  readonly onPlainAnswer?: ((text: string) => void) | undefined;
  readonly onNotice: OnBridgeNotice;
}

/** An ask and the way back to its sender. */
interface Waiting {
  readonly ask: Ask;
  readonly reply: ReplyAddress;
}

interface ReplyAddress {
  readonly topic: string;
  readonly correlationData: Uint8Array | undefined;
  readonly isOwn: boolean;
}

/**
 * Answers the messages at `PREFIX/ID/ask`, one at a time and in order, at `PREFIX/ID/answer` or at the response topic of the
 * message, with its correlation data.
 *
 * - An answer is JSON: `{id, text}`, with `is_cut` if the text is cut, or `{id, error: {code, message}}`.
 * - A message is acknowledged when it is taken, and is not kept on disk: acknowledgements go out in order, and one that
 *   waited for an answer would hold back those of the triggers. Whoever gets no answer asks again.
 * - Retained messages are ignored. Up to eight asks wait; further ones are refused with `queue-full`.
 */
export class AskChannel {
  readonly #parts: AskChannelParts;
  readonly #unsubscribe: () => void;
  readonly #stop = new AbortController();
  /** Ends what is still published while the channel closes. */
  readonly #end = new AbortController();
  readonly #waiting: Waiting[] = [];
  readonly #refusals: MessageQueue;
  #running: Promise<void> | null = null;

  constructor(parts: AskChannelParts) {
    this.#parts = parts;
    const { broker, topics, onNotice } = parts;
    this.#refusals = new MessageQueue({
      broker,
      maxWaiting: MAX_REFUSALS,
      fullNotice: `More messages come to ${topics.ask} than can be refused, so some get no answer. Slow down their sender.`,
      onNotice,
      signal: this.#end.signal,
    });
    this.#unsubscribe = broker.subscribe(topics.ask, async (message) => this.#take(message));
  }

  /** Takes no further asks, aborts the running one, and tells those that wait. */
  async close(): Promise<void> {
    this.#unsubscribe();
    this.#stop.abort();
    const timer = setTimeout(() => this.#end.abort(), CLOSE_MILLISECONDS);
    await Promise.all([this.#running, this.#refusals.whenEmpty()]);
    clearTimeout(timer);
  }

  #take(message: BrokerMessage): void {
    if (message.retain || this.#stop.signal.aborted) return;
    const { broker, topics, discoveryPrefix } = this.#parts;
    const { responseTopic = "", correlationData } = message;
    const own = { topic: topics.answer, correlationData, isOwn: true };
    const reading = readAsk(message.payload);
    if ("error" in reading) {
      this.#refuse(own, reading.id, reading.error);
      return;
    }
    const isSubscribedTo = (topic: string) => broker.isSubscribedTo(topic);
    const problem =
      responseTopic === "" ? null : findResponseTopicProblem(responseTopic, topics, discoveryPrefix, isSubscribedTo);
    if (problem !== null) {
      this.#refuse(own, reading.ask.id, ServiceError.invalid("response topic", problem, "Choose another topic."));
      return;
    }
    const reply = responseTopic === "" ? own : { topic: responseTopic, correlationData, isOwn: false };
    if (this.#waiting.length >= MAX_WAITING) {
      this.#refuse(reply, reading.ask.id, queueFull());
      return;
    }
    this.#waiting.push({ ask: reading.ask, reply });
    this.#running ??= this.#answerAll();
  }

  async #answerAll(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      await this.#answer(next);
    }
    this.#running = null;
  }

  async #answer({ ask, reply }: Waiting): Promise<void> {
    const { agent, onPlainAnswer } = this.#parts;
    try {
      if (this.#stop.signal.aborted) throw serviceStopping();
      const text = await agent.ask({ text: ask.text, conversation: ask.conversation }, this.#stop.signal);
      const shown = cutText(text, MAX_ANSWER_CHARACTERS);
      const isCut = shown.length < text.length;
      await this.#publish(reply, { id: ask.id, text: shown, ...(isCut && { is_cut: true }) });
      if (ask.isPlain && reply.isOwn) onPlainAnswer?.(text);
    } catch (error) {
      await this.#publish(reply, refusal(ask.id, this.#stop.signal.aborted ? serviceStopping() : error));
    }
  }

  #refuse({ topic, correlationData }: ReplyAddress, id: string | number | null, error: NanoAgentError): void {
    this.#refusals.add({ topic, payload: JSON.stringify(refusal(id, error)), correlationData });
  }

  /** Never rejects. */
  async #publish({ topic, correlationData }: ReplyAddress, content: object): Promise<void> {
    const { broker, onNotice } = this.#parts;
    try {
      await broker.publish(topic, JSON.stringify(content), { correlationData, signal: this.#end.signal });
    } catch (error) {
      if (this.#end.signal.aborted) return;
      onNotice({ level: "warning", message: describePublishFailure(topic, error) });
    }
  }
}

function refusal(id: string | number | null, error: unknown): object {
  const code = NanoAgentError.isInstance(error) ? error.code : "unexpected";
  return { id, error: { code, message: errorFacts(error).message } };
}

function queueFull(): ServiceError {
  return new ServiceError({
    code: "queue-full",
    message: `The agent already has ${MAX_WAITING} requests to answer.`,
    hint: "Try again after the next answer.",
    status: 429,
    type: "rate_limit_error",
  });
}

function serviceStopping(): ServiceError {
  return new ServiceError({
    code: "service-stopping",
    message: "The service is stopping.",
    hint: "Send the request again in a moment.",
    status: 503,
    type: "server_error",
  });
}
