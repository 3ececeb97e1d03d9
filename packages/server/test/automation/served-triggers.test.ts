import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { NanoAgentConfigInput, TriggerSettings } from "@nanoagent/models";
import { type Agent, defineTool, openAgent } from "@nanoagent/runtime";
import { type AgentServer, createServer, findServices, type LogEntry } from "@nanoagent/server";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { runThroughService } from "../../src/automation/run-through-service.js";
import { hasMosquitto, Mosquitto } from "../mqtt/mosquitto.js";
import { listenTo } from "../mqtt/mosquitto-listener.js";

const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 2 };

interface Run {
  input: unknown;
  key: string;
  trigger: string | undefined;
}

/** A tool that notes its runs. */
function watering(permission: "always" | "ask" = "always") {
  const runs: Run[] = [];
  const tool = defineTool({
    name: "water",
    description: "Waters a bed.",
    input: { type: "object", properties: { bed: { type: "string" } }, required: ["bed"] },
    permission,
    run: (input, { idempotencyKey: key, trigger }) => {
      runs.push({ input, key, trigger });
      return `watered ${(input as { bed: string }).bed}`;
    },
  });
  return { tool, runs };
}

const door: TriggerSettings = {
  name: "door",
  when: { http: { secret_env: "DOOR_SECRET" } },
  do: { tool: "water", arguments: { bed: "{payload.bed}" } },
};

interface Opened {
  server: AgentServer;
  agent: Agent;
  folder: string;
  url: string;
  log: LogEntry[];
  configWith(triggers: TriggerSettings[], more?: object): NanoAgentConfigInput;
}

async function open(
  triggers: TriggerSettings[],
  { tool = watering().tool, more = {} }: { tool?: ReturnType<typeof watering>["tool"]; more?: object } = {},
): Promise<Opened> {
  const folder = await mkdtemp(path.join(tmpdir(), "nanoagent-automation-"));
  const configWith: Opened["configWith"] = (changed, other = more) => ({
    spec: { name: "garden" },
    device,
    session: { dir: path.join(folder, "session") },
    triggers: changed,
    ...other,
  });
  const agent = await openAgent(configWith(triggers), { tools: [tool] });
  const log: LogEntry[] = [];
  const server = createServer(agent, {
    environment: { DOOR_SECRET: "secret-of-a-door" },
    stateFolder: folder,
    log: (entry) => log.push(entry),
  });
  onTestFinished(async () => {
    await server.close();
    await server.agent.close();
    await rm(folder, { recursive: true });
  });
  const { url } = await server.listen({ port: 0 });
  return { server, agent, folder, url, log, configWith };
}

async function ring(url: string, body: unknown, secret = "secret-of-a-door"): Promise<Response> {
  const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
  return fetch(`${url}/hooks/door`, { method: "POST", headers, body: JSON.stringify(body) });
}

const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 20_000 });

describe("a served agent with triggers", () => {
  test("acts for requests of its hook, and says so everywhere", async () => {
    const { tool, runs } = watering();
    const { server, url } = await open([door], { tool });
    const reply = await ring(url, { bed: "north" });
    expect(reply.status).toBe(202);
    const { event } = (await reply.json()) as { event: string };
    await eventually(() => expect(runs).toEqual([{ input: { bed: "north" }, key: `${event}.do`, trigger: "door" }]));
    await eventually(async () => {
      const { triggers, health } = await server.status();
      expect(health.status).toBe("ok");
      expect(triggers?.list).toMatchObject([{ name: "door", status: "armed", open: 0, counts: { done: 1 } }]);
      expect(triggers?.list[0]?.last).toMatchObject({ outcome: "done", result: "watered north" });
    });
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('nanoagent_trigger_events_total{trigger="door",result="done"} 1');
    expect(metrics).toContain('nanoagent_trigger_failing{trigger="door"} 0');
    expect(metrics).not.toContain("nanoagent_broker_connected ");
  });

  test("refuses requests without the secret, for no hook, and with too much", async () => {
    const { tool, runs } = watering();
    const { url } = await open([door], { tool });
    expect((await ring(url, { bed: "north" }, "wrong")).status).toBe(401);
    expect((await fetch(`${url}/hooks/window`, { method: "POST" })).status).toBe(404);
    expect((await fetch(`${url}/hooks/door`)).status).toBe(405);
    const large = await ring(url, { bed: "x".repeat(100_000) });
    expect(large.status).toBe(413);
    expect(await large.text()).toContain("The body is larger than 65536 bytes. Send less than 64 KB.");
    expect(runs).toEqual([]);
  });

  test("asks for permission where questions go, and does nothing where nobody answers", async () => {
    const { tool, runs } = watering("ask");
    const { server, url } = await open([door], { tool });
    await ring(url, { bed: "north" });
    await eventually(async () => {
      const { triggers, health } = await server.status();
      expect(triggers?.list).toMatchObject([{ status: "failing", counts: { failed: 1 } }]);
      expect(health).toMatchObject({ status: "degraded", ready: true, reasons: [{ code: "trigger-failing" }] });
    });
    expect(runs).toEqual([]);
    const leave = server.permissions.attach(({ id, request }) => {
      expect(request.arguments).toEqual({ bed: "south" });
      server.permissions.answer(id, true);
    });
    await ring(url, { bed: "south" });
    await eventually(() => expect(runs.map(({ input }) => input)).toEqual([{ bed: "south" }]));
    await eventually(async () => expect((await server.status()).health.status).toBe("ok"));
    leave();
  });

  test("runs a trigger for a program of this user", async () => {
    const { tool, runs } = watering();
    const { folder } = await open([door], { tool });
    const services = await findServices();
    const service = services.find(({ status }) => status?.triggers?.folder === path.join(folder, "session", "events"));
    if (service === undefined) throw new Error("The service is not found.");
    const accepted: string[] = [];
    const run = (trigger: string, payload: unknown) =>
      runThroughService(
        service,
        { trigger, payload },
        { signal: AbortSignal.timeout(20_000), onAccepted: ({ id }) => accepted.push(id) },
      );
    const ended = await run("door", { bed: "east" });
    expect(ended).toMatchObject({ id: accepted[0], outcome: "done", result: "watered east", tries: 1 });
    await expect(run("window", {})).rejects.toMatchObject({ code: "trigger-unknown" });
    expect(runs).toHaveLength(1);
    await run("door", { bed: "west", id: 7 });
    expect(await run("door", { bed: "west", id: 7 })).toBeNull();
    expect(accepted[2]).toBe(accepted[1]);
    expect(runs).toHaveLength(2);
    const large = run("door", "x".repeat(70_000));
    await expect(large).rejects.toMatchObject({
      code: "event-refused",
      reason: "Its payload is larger than 64 KB.",
    });
  });

  test("keeps its triggers over a reload, and follows changed ones", async () => {
    const { tool, runs } = watering();
    const { server, url, configWith } = await open([door], { tool });
    const reload = (triggers: TriggerSettings[]) =>
      server.replaceAgent(
        () => openAgent(configWith(triggers), { tools: [tool] }),
        () => openAgent(configWith([door]), { tools: [tool] }),
      );
    await reload([door]);
    await ring(url, { bed: "north" });
    await eventually(() => expect(runs).toHaveLength(1));
    await reload([{ ...door, do: { tool: "water", arguments: { bed: "always south" } } }]);
    await ring(url, { bed: "north" });
    await eventually(() => expect(runs.at(-1)?.input).toEqual({ bed: "always south" }));
    await reload([]);
    expect((await ring(url, { bed: "north" })).status).toBe(404);
    expect((await server.status()).triggers).toBeNull();
  });

  test("needs a session, and its folder for itself", async () => {
    const { server, configWith } = await open([door]);
    const { session: _, ...config } = configWith([door]);
    const homeless = await openAgent(config, { tools: [watering().tool] });
    const other = createServer(homeless, { environment: {} });
    await expect(other.listen({ port: 0 })).rejects.toMatchObject({ code: "triggers-need-session" });
    await other.close();
    await homeless.close();
    const second = await openAgent(configWith([door]), { tools: [watering().tool] });
    const twin = createServer(second, { environment: {} });
    await expect(twin.listen({ port: 0 })).rejects.toThrow(/in use|uses/);
    await twin.close();
    await second.close();
    expect((await server.status()).health.status).toBe("ok");
  });
});

describe.skipIf(!hasMosquitto)("a served agent with a broker (needs mosquitto and mosquitto-clients)", () => {
  const moisture: TriggerSettings = {
    name: "dry-bed",
    when: { mqtt: { topic: "garden/+/moisture" } },
    if: { value: "payload.percent", below: 30 },
    do: { tool: "water", arguments: { bed: "{topic.1}" } },
    then: { mqtt: { topic: "garden/log" } },
  };

  test("is ready without the broker, and acts as soon as it comes", async () => {
    await using broker = await Mosquitto.start();
    await broker.end("SIGKILL");
    const { tool, runs } = watering();
    const more = { mqtt: { url: broker.url, client_id: "green house" } };
    const { server, folder } = await open([moisture], { tool, more });
    await eventually(async () => {
      const { mqtt, health } = await server.status();
      expect(mqtt).toMatchObject({ url: broker.url, connected: false });
      expect(health.reasons.map(({ code }) => code)).toEqual(["broker-unreachable"]);
    });
    await broker.startAgain();
    await eventually(async () => expect((await server.status()).mqtt?.connected).toBe(true));
    expect((await server.status()).health.status).toBe("ok");
    using heard = listenTo(broker, "#");
    const texts = (topic: string) => heard.messages.filter((one) => one.topic === topic).map(({ text }) => text);
    await eventually(async () => {
      await broker.publish("garden/3/moisture", ['{"percent": 20, "id": "one"}', '{"percent": 40}']);
      expect(runs.map(({ input }) => input)).toEqual([{ bed: "3" }]);
    });
    await eventually(() => {
      expect(texts("garden/log")).toEqual(["watered 3"]);
      expect(texts("nanoagent/green_house/status")).toEqual(["online"]);
      expect(texts("homeassistant/device/green_house/config")).toHaveLength(1);
    });
    await broker.publish("nanoagent/green_house/ask", ["hello"]);
    await eventually(() => expect(texts("nanoagent/green_house/answer").join()).toContain("Hello from garden"));
    await server.close();
    await eventually(() => expect(texts("nanoagent/green_house/status")).toEqual(["online", "offline"]));
    expect(await readFile(path.join(folder, "session", "mqtt-topics.json"), "utf8")).toContain("garden/+/moisture");
  });

  test("runs a trigger with the payload of a message, and goes on after one that can never be kept", async () => {
    await using broker = await Mosquitto.start();
    const { tool, runs } = watering();
    const { server, log } = await open([door], { tool, more: { mqtt: { url: broker.url, client_id: "shed" } } });
    await eventually(async () => expect((await server.status()).mqtt?.connected).toBe(true));
    const large = "x".repeat(70_000);
    await broker.publish("nanoagent/shed/trigger/door/run", ['{"bed": "north"}', large, '{"bed": "south"}']);
    await eventually(() => expect(runs.map(({ input }) => input)).toEqual([{ bed: "north" }, { bed: "south" }]));
    await eventually(async () => {
      expect((await server.status()).triggers?.list[0]?.counts).toMatchObject({ done: 2, dropped: 1 });
    });
    const losses = log.filter(({ message }) => JSON.stringify(message ?? "").includes("left out"));
    expect(losses).toMatchObject([{ level: "error", trigger: "door" }]);
  });

  test("comes to rest with a trigger for every topic", async () => {
    await using broker = await Mosquitto.start();
    const all: TriggerSettings = {
      name: "all",
      when: { mqtt: { topic: "#" } },
      do: { tool: "water", arguments: { bed: "x" } },
    };
    const { tool, runs } = watering();
    const { server } = await open([all], { tool, more: { mqtt: { url: broker.url, client_id: "shed" } } });
    await eventually(async () => expect((await server.status()).mqtt?.connected).toBe(true));
    await eventually(async () => {
      await broker.publish("garden/3/moisture", ["1"]);
      expect(runs.length).toBeGreaterThan(0);
    });
    await eventually(async () => expect((await server.status()).triggers?.list[0]?.open).toBe(0));
    const before = runs.length;
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(runs).toHaveLength(before);
  });

  test("acts on the messages of a full queue in their order, without pauses, and says that it is full", async () => {
    await using broker = await Mosquitto.start();
    const slow: TriggerSettings = {
      name: "slow",
      when: { mqtt: { topic: "slow" } },
      do: { tool: "water", arguments: { bed: "{payload.n}" } },
      queue: { max_events: 2 },
    };
    const order: unknown[] = [];
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const tool = defineTool({
      name: "water",
      description: "Waters a bed.",
      permission: "always",
      input: { type: "object", properties: { bed: { type: "integer" } } },
      run: async (input) => {
        await held;
        order.push((input as { bed: number }).bed);
      },
    });
    const { server } = await open([slow], { tool, more: { mqtt: { url: broker.url, client_id: "shed" } } });
    await eventually(async () => expect((await server.status()).mqtt?.connected).toBe(true));
    const numbers = Array.from({ length: 40 }, (_, n) => n);
    await broker.publish(
      "slow",
      numbers.map((n) => JSON.stringify({ n })),
    );
    await eventually(async () => {
      const { triggers, health } = await server.status();
      expect(triggers?.list).toMatchObject([{ status: "failing", open: 2 }]);
      expect(health.reasons.map(({ code }) => code)).toContain("events-full");
    });
    release();
    await eventually(() => expect(order).toEqual(numbers));
    await eventually(async () => expect((await server.status()).health.status).toBe("ok"));
  });
});
