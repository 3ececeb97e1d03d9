import { openAgent } from "@nanoagent/runtime";
import { expect, onTestFinished, test, vi } from "vitest";
import { PermissionDesk } from "../../src/permissions/permission-desk.js";
import { TurnAnswering } from "../../src/turns/turn-answering.js";
import { askOf, eventsOf, user } from "./chat-client.js";
import { LookupEngine } from "./lookup-engine.js";

const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 2 };
const never = new AbortController().signal;

/** An engine with vectors, whose calls end when they are told to. */
class VectorEngine extends LookupEngine {
  /** Requests in their order: the number of texts, or "chat". */
  readonly order: (number | string)[] = [];
  readonly held: (() => void)[] = [];
  isHolding = false;

  async embed(texts: readonly string[]): Promise<number[][]> {
    this.order.push(texts.length);
    if (this.isHolding) await new Promise<void>((resolve) => this.held.push(resolve));
    return texts.map((text) => [text.length]);
  }

  override generate(...parameters: Parameters<LookupEngine["generate"]>) {
    this.order.push("chat");
    return super.generate(...parameters);
  }

  async letGo(): Promise<void> {
    await vi.waitFor(() => expect(this.held.length + Number(this.order.includes("chat"))).toBeGreaterThan(0), {
      timeout: 20_000,
    });
    this.held.shift()?.();
  }
}

async function open() {
  const engine = new VectorEngine();
  const agent = await openAgent({ spec: { name: "house" }, device }, { engine });
  const answering = new TurnAnswering(agent, new PermissionDesk());
  onTestFinished(async () => {
    engine.isHolding = false;
    const timer = setInterval(() => engine.held.shift()?.(), 1);
    await answering.close();
    clearInterval(timer);
    await agent.close();
  });
  return { engine, answering };
}

test("texts are embedded in small batches, in their order", async () => {
  const { engine, answering } = await open();
  const texts = [...Array.from({ length: 40 }, (_, index) => "x".repeat(index + 1)), "y".repeat(5000), "z"];
  expect(await answering.embed(texts, never)).toEqual(texts.map((text) => [text.length]));
  expect(engine.order).toEqual([16, 16, 8, 1, 1]);
  expect([answering.running, answering.waiting]).toEqual([0, 0]);
});

test("a chat is answered between the batches of another client's texts", async () => {
  const { engine, answering } = await open();
  engine.isHolding = true;
  const batches = 500;
  const embedded = answering.embed(Array<string>(16 * batches).fill("text"), never);
  await vi.waitFor(() => expect(engine.held).toHaveLength(1), { timeout: 20_000 });
  const chat = eventsOf(answering, askOf([user("hello")]));
  expect([answering.running, answering.waiting]).toEqual([1, 1]);
  while (!engine.order.includes("chat")) await engine.letGo();
  expect((await chat).at(-1)?.type).toBe("run-end");
  expect(engine.order.length).toBeLessThan(batches);
  engine.isHolding = false;
  engine.held.shift()?.();
  expect(await embedded).toHaveLength(16 * batches);
});

test("each request has a place in the queue, and a further one is refused", async () => {
  const { engine, answering } = await open();
  engine.isHolding = true;
  const embedded = Array.from({ length: 17 }, () => answering.embed(["text"], never));
  const refusal = expect.objectContaining({ code: "queue-full", status: 429 });
  await expect(answering.embed(["text"], never)).rejects.toEqual(refusal);
  await expect(answering.answer(askOf([user("hello")]), never)).rejects.toEqual(refusal);
  expect(() => answering.checkPlace()).toThrow(refusal);
  for (const _ of embedded) await engine.letGo();
  expect(await Promise.all(embedded)).toHaveLength(17);
  answering.checkPlace();
});

test("a request that waits for the engine leaves with its client, and with the service", async () => {
  const { engine, answering } = await open();
  engine.isHolding = true;
  const first = answering.embed(["text"], never);
  await vi.waitFor(() => expect(engine.held).toHaveLength(1), { timeout: 20_000 });
  const client = new AbortController();
  const left = answering.embed(["text"], client.signal);
  client.abort();
  await expect(left).rejects.toMatchObject({ code: "aborted" });
  const stopped = answering.embed(["text"], never);
  const drained = answering.drain(0);
  await expect(stopped).rejects.toMatchObject({ code: "service-stopping" });
  await engine.letGo();
  await first.catch(() => {});
  await drained;
  expect(() => answering.checkPlace()).toThrow(expect.objectContaining({ code: "service-stopping" }));
});

test("texts wait while the agent is replaced", async () => {
  const { engine, answering } = await open();
  await answering.pause();
  const embedded = answering.embed(["text"], never);
  const agent = await openAgent({ spec: { name: "house" }, device }, { engine });
  expect(answering.waiting).toBe(1);
  answering.resume(agent);
  expect(await embedded).toEqual([[4]]);
  await agent.close();
});
