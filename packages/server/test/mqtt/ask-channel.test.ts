import { NanoAgentError } from "@nanoagent/models";
import { afterEach, describe, expect, test, vi } from "vitest";
import { agentTopics } from "../../src/mqtt/agent-topics.js";
import { AskChannel } from "../../src/mqtt/ask-channel.js";
import { FakeBridgedAgent } from "./fake-bridged-agent.js";
import { MemoryBroker } from "./memory-broker.js";
import { patience } from "./opened-broker.js";

const topics = agentTopics("shed");
const channels: AskChannel[] = [];
afterEach(async () => {
  await Promise.all(channels.splice(0).map((channel) => channel.close()));
});

function open() {
  const broker = new MemoryBroker();
  const agent = new FakeBridgedAgent();
  const notices: string[] = [];
  const plainAnswers: string[] = [];
  const channel = new AskChannel({
    broker,
    topics,
    agent,
    discoveryPrefix: "homeassistant",
    onPlainAnswer: (text) => plainAnswers.push(text),
    onNotice: ({ message }) => notices.push(message),
  });
  channels.push(channel);
  broker.connect();
  const ask = (payload: string | object, more = {}) =>
    broker.send(topics.ask, typeof payload === "string" ? payload : JSON.stringify(payload), more);
  const answers = (count: number) =>
    vi.waitFor(() => {
      expect(broker.jsonOf(topics.answer)).toHaveLength(count);
      return broker.jsonOf(topics.answer);
    }, patience);
  return { broker, agent, notices, plainAnswers, channel, ask, answers };
}

/** An answer that a test gives later. */
function holdAnswers(agent: FakeBridgedAgent) {
  const { promise, resolve } = withResolvers<string>();
  agent.answer = () => promise;
  return resolve;
}

function withResolvers<Value>() {
  let resolve: (value: Value) => void = () => {};
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

describe("an ask", () => {
  test("is a text or JSON, and its id comes back", async () => {
    const { agent, plainAnswers, ask, answers } = open();
    await ask("hi");
    await ask({ text: "again", id: "7", conversation: "kitchen" });
    expect(await answers(2)).toEqual([
      { id: null, text: "HI" },
      { id: "7", text: "AGAIN" },
    ]);
    expect(agent.asked).toEqual([
      { text: "hi", conversation: null },
      { text: "again", conversation: "kitchen" },
    ]);
    expect(plainAnswers).toEqual(["HI"]);
  });

  test("is answered at its response topic, with its correlation data", async () => {
    const { broker, plainAnswers, ask } = open();
    const correlationData = new Uint8Array([1, 2, 3]);
    await ask("hi", { responseTopic: "replies/7", correlationData });
    await vi.waitFor(() => expect(broker.jsonOf("replies/7")).toEqual([{ id: null, text: "HI" }]), patience);
    expect(broker.published.at(-1)).toMatchObject({ correlationData });
    expect(broker.published.at(-1)?.retain).toBeFalsy();
    expect(broker.textsOf(topics.answer)).toEqual([]);
    expect(plainAnswers).toEqual([]);
  });

  test("cannot send answers to topics that an agent reads", async () => {
    const { agent, broker, ask, answers } = open();
    await ask({ text: "hi", id: 1 }, { responseTopic: topics.ask });
    await ask({ text: "hi", id: 2 }, { responseTopic: "nanoagent/other/ask" });
    await ask({ text: "hi", id: 3 }, { responseTopic: "replies/#" });
    for (const answer of await answers(3)) expect(answer).toMatchObject({ error: { code: "request-not-valid" } });
    expect(broker.published.map(({ topic }) => topic)).toEqual(Array(3).fill(topics.answer));
    expect(agent.asked).toEqual([]);
  });

  test("cannot send answers to topics that a trigger of the same agent reads", async () => {
    const { agent, broker, ask, answers } = open();
    const read: string[] = [];
    broker.subscribe("garden/+", async ({ topic }) => void read.push(topic));
    await ask({ text: "open the gate", id: 1 }, { responseTopic: "garden/gate" });
    const [answer] = await answers(1);
    expect(answer).toMatchObject({ id: 1, error: { code: "request-not-valid" } });
    expect(JSON.stringify(answer)).toContain("reads");
    expect(agent.asked).toEqual([]);
    expect(read).toEqual([]);
  });

  test("is ignored if it was retained", async () => {
    const { agent, broker, ask, answers } = open();
    await ask("old", { retain: true });
    await ask("new");
    expect(await answers(1)).toEqual([{ id: null, text: "NEW" }]);
    expect(agent.asked).toHaveLength(1);
    expect(broker.published).toHaveLength(1);
  });

  test("that cannot be read gets an error", async () => {
    const { ask, answers } = open();
    await ask("{");
    await ask("x".repeat(9000));
    expect(await answers(2)).toEqual([
      { id: null, error: { code: "request-not-valid", message: expect.stringContaining("not JSON") } },
      { id: null, error: { code: "message-too-large", message: expect.stringContaining("8192 bytes") } },
    ]);
  });

  test("whose turn fails gets the code, and no text of the system", async () => {
    const { agent, ask, answers } = open();
    const fail = (error: Error) => {
      agent.answer = () => Promise.reject(error);
    };
    fail(new NanoAgentError({ code: "time-limit", message: "The turn took longer than 60 s." }));
    await ask({ text: "one", id: 1 });
    await answers(1);
    fail(new Error("ENOENT /home/secret"));
    await ask({ text: "two", id: 2 });
    const [first, second] = await answers(2);
    expect(first).toEqual({ id: 1, error: { code: "time-limit", message: "The turn took longer than 60 s." } });
    expect(second).toMatchObject({ id: 2, error: { code: "unexpected" } });
    expect(JSON.stringify(second)).not.toContain("secret");
  });

  test("with a very long answer gets its beginning", async () => {
    const { agent, ask, answers } = open();
    agent.answer = async () => "😀".repeat(30_000);
    await ask({ text: "tell", id: 1 });
    const [answer] = await answers(1);
    expect(answer).toMatchObject({ id: 1, is_cut: true, text: "😀".repeat(16 * 1024) });
  });
});

describe("asks that wait", () => {
  test("are acknowledged at once, answered in order, and refused beyond eight", async () => {
    const { agent, ask, answers } = open();
    const resolve = holdAnswers(agent);
    for (let id = 0; id < 12; id += 1) await ask({ text: "hi", id });
    const refused = await answers(3);
    expect(refused).toEqual(
      [9, 10, 11].map((id) => ({ id, error: { code: "queue-full", message: expect.stringContaining("8 requests") } })),
    );
    expect(agent.asked).toHaveLength(1);
    resolve("done");
    expect((await answers(12)).slice(3).map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    await ask({ text: "hi", id: 12 });
    expect((await answers(13)).at(-1)).toEqual({ id: 12, text: "done" });
  });

  test("do not fill the memory while the broker acknowledges nothing", async () => {
    const { agent, broker, notices, ask, answers } = open();
    const resolve = holdAnswers(agent);
    broker.hold();
    for (let id = 0; id < 200; id += 1) await ask({ text: "hi", id });
    expect(notices).toHaveLength(1);
    expect(notices[0]).toContain(topics.ask);
    broker.release();
    resolve("done");
    // One is being answered, eight wait, and sixteen refusals.
    await answers(25);
  });

  test("get an error when the channel closes", async () => {
    const { agent, broker, channel, ask, answers } = open();
    agent.answer = (_, signal) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
    await ask({ text: "one", id: 1 });
    await ask({ text: "two", id: 2 });
    await channel.close();
    const error = { code: "service-stopping", message: expect.stringContaining("stopping") };
    expect(await answers(2)).toEqual([
      { id: 1, error },
      { id: 2, error },
    ]);
    expect(agent.asked).toHaveLength(1);
    expect(broker.filters).toEqual([]);
  });

  test("do not hold up the end while the broker cannot be reached", async () => {
    const { agent, broker, channel, notices, ask } = open();
    holdAnswers(agent)("late");
    broker.disconnect();
    await ask("hi");
    await channel.close();
    expect(broker.published).toEqual([]);
    expect(notices).toEqual([]);
  });
});

test("a notice names an answer that the broker refuses", async () => {
  const { broker, notices, ask } = open();
  broker.refused.add(topics.answer);
  await ask("hi");
  await vi.waitFor(() => expect(notices).toHaveLength(1), patience);
  expect(notices[0]).toBe(
    `A message to ${topics.answer} was not published. The broker refuses messages to ${topics.answer}.`,
  );
});
