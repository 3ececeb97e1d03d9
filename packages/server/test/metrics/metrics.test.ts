import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { defineTool, type Engine, EngineError, type EngineMemory, openAgent } from "@nanoagent/runtime";

import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createServer } from "../../src/index.js";
import { series } from "../../src/metrics/series.js";
import { configOf, MeasuredServer } from "./measured-service.js";

/** For a busy machine. */
const PATIENCE = { timeout: 20_000 };

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const call = (name: string, input: object = {}) => ({ id: crypto.randomUUID(), name, arguments: input });

describe("GET /metrics", () => {
  test("is text of Prometheus with every counter from the start, and without unknown values", async () => {
    const measured = await MeasuredServer.open(["Yes."]);
    const response = await measured.server.fetch(new Request("http://127.0.0.1/metrics"));
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const metrics = await measured.read();
    const device = ["context_tokens", "temperature_celsius", "throttled", "memory_pressure_ratio"];
    // An agent without triggers and without a broker has none of theirs.
    const triggers = ["trigger_events_total", "trigger_events_open", "trigger_failing", "acts_unknown"];
    const unknown = [...device, ...triggers, "broker_connected"];
    const known = series.filter(({ name }) => !unknown.some((part) => name === `nanoagent_${part}`));
    expect([...metrics.families.keys()]).toEqual(known.map(({ name }) => name));
    expect(metrics.families.get("nanoagent_build_info")?.samples).toEqual([
      {
        name: "nanoagent_build_info",
        labels: { version: "1.2.3", agent: "greenhouse", engine: "scripted" },
        value: 1,
      },
    ]);
    for (const { name, type, labels } of known.filter(({ type }) => type === "counter")) {
      if (name.startsWith("process_")) continue;
      const { samples } = metrics.families.get(name) ?? expect.fail(name);
      expect(samples.map(({ value }) => value)).toEqual(samples.map(() => 0));
      const [[label, values] = ["", null]] = Object.entries(labels);
      expect({ name, type, values: Object.keys(metrics.by(name, label)) }).toEqual({
        name,
        type,
        values: values ?? [""],
      });
    }
    expect(metrics.by("nanoagent_health", "status")).toEqual({ ok: 1, degraded: 0, unavailable: 0 });
    expect(metrics.value("nanoagent_memory_budget_bytes")).toBeGreaterThan(0);
    expect(metrics.value("process_resident_memory_bytes")).toBeGreaterThan(0);
    expect(metrics.value("process_start_time_seconds")).toBeLessThanOrEqual(Date.now() / 1000);
  });

  test("is answered over HTTP, also HEAD, to whoever has the key and uses a name of the service", async () => {
    const agent = await openAgent(configOf(), { engine: new ScriptedEngine() });
    const settings = { api_keys_env: "KEYS", allow_hosts: ["greenhouse.lan"] };
    const server = createServer(agent, { settings, environment: { KEYS: "secret" } });
    onTestFinished(async () => {
      await server.close();
      await agent.close();
    });
    const { url } = await server.listen({ port: 0 });
    const authorization = "Bearer secret";
    expect((await fetch(`${url}/metrics`)).status).toBe(401);
    const head = await fetch(`${url}/metrics`, { method: "HEAD", headers: { authorization } });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    expect(await (await fetch(`${url}/metrics`, { headers: { authorization } })).text()).toContain("nanoagent_health");
    for (const [host, status] of [
      ["greenhouse.lan:7420", 200],
      ["evil.example", 403],
    ] as const) {
      const request = new Request(`http://${host}/metrics`, { headers: { authorization, host } });
      expect((await server.fetch(request)).status).toBe(status);
    }
  });

  test("does not exist if the config turns it off", async () => {
    const agent = await openAgent(configOf({ serve: { metrics: false } }), { engine: new ScriptedEngine() });
    const measured = new MeasuredServer(agent);
    expect((await measured.server.fetch(new Request("http://127.0.0.1/metrics"))).status).toBe(404);
  });

  test("has any name of an engine as a label", async () => {
    const engine: Engine = Object.assign(Object.create(new ScriptedEngine()), {
      name: `a "b"\\c\nd${"x".repeat(500)}`,
    });
    const measured = new MeasuredServer(await openAgent(configOf(), { engine }));
    const [sample] = (await measured.read()).families.get("nanoagent_build_info")?.samples ?? [];
    expect(sample?.labels.engine).toBe(engine.name.slice(0, 100));
  });
});

describe("turns", () => {
  test("are counted by result, with their times and tokens", async () => {
    const error = new EngineError({ code: "engine-failed", message: "It failed." });
    const slow = { deltas: ["Never."], delayMilliseconds: 60_000 };
    const measured = await MeasuredServer.open(["One two three.", { error }, slow]);
    await measured.say("hello there");
    await measured.say("hello");
    const leaving = new AbortController();
    const left = measured.ask("hello", { signal: leaving.signal });
    await vi.waitFor(async () => expect((await measured.read()).value("nanoagent_turns_running")).toBe(1), PATIENCE);
    leaving.abort();
    await left.catch(() => {});
    await vi.waitFor(async () => {
      const metrics = await measured.read();
      expect(metrics.by("nanoagent_turns_total", "result")).toEqual({ answered: 1, failed: 1, aborted: 1 });
      expect(metrics.value("nanoagent_turns_running")).toBe(0);
    }, PATIENCE);
    const metrics = await measured.read();
    expect(metrics.value("nanoagent_turn_seconds_count")).toBe(3);
    expect(metrics.value("nanoagent_first_token_seconds_count")).toBe(1);
    expect(metrics.value("nanoagent_turn_seconds_sum")).toBeGreaterThan(0);
    expect(metrics.value("nanoagent_generated_tokens_total")).toBe(3);
    expect(metrics.by("nanoagent_prompt_tokens_total", "cached")).toEqual({ true: 0, false: 2 });
    expect(metrics.by("nanoagent_health", "status")).toMatchObject({ degraded: 1 });
  });

  test("requests that get no place are counted by reason, and do not count as turns", async () => {
    const slow = { deltas: ["Never."], delayMilliseconds: 60_000 };
    const measured = await MeasuredServer.open([slow]);
    const before = await measured.read();
    expect(before.by("nanoagent_requests_refused_total", "reason")).toEqual({ "queue-full": 0, stopping: 0 });
    const leaving = new AbortController();
    const statuses: number[] = [];
    const asked = Array.from({ length: 22 }, () =>
      measured
        .ask("hello", { signal: leaving.signal })
        .then(({ status }) => void statuses.push(status))
        .catch(() => {}),
    );
    await vi.waitFor(async () => {
      const metrics = await measured.read();
      expect(metrics.by("nanoagent_requests_refused_total", "reason")).toEqual({ "queue-full": 5, stopping: 0 });
      expect([metrics.value("nanoagent_turns_running"), metrics.value("nanoagent_queue_length")]).toEqual([1, 16]);
    }, PATIENCE);
    expect(statuses).toEqual([429, 429, 429, 429, 429]);
    leaving.abort();
    await Promise.all(asked);
    await measured.server.drain(0);
    expect((await measured.ask("hello")).status).toBe(503);
    const after = await measured.read();
    expect(after.by("nanoagent_requests_refused_total", "reason")).toEqual({ "queue-full": 5, stopping: 1 });
    expect(after.by("nanoagent_turns_total", "result")).toEqual({ answered: 0, failed: 0, aborted: 17 });
  });

  test("never make the tokens that were not cached decrease, whatever an engine reports", async () => {
    const engine = new ScriptedEngine();
    engine.generate = async function* () {
      yield { type: "text-delta", text: "Yes." };
      yield { type: "usage", usage: { prompt_tokens: 2, cached_prompt_tokens: 5, completion_tokens: 1 } };
      yield { type: "end", reason: "stop" };
    };
    const measured = new MeasuredServer(await openAgent(configOf(), { engine }));
    await measured.say("hello");
    expect((await measured.read()).by("nanoagent_prompt_tokens_total", "cached")).toEqual({ true: 2, false: 0 });
  });
});

describe("tool calls", () => {
  const tools = [
    defineTool({ name: "read", description: "Reads.", changesWorld: false, permission: "always", run: () => "1" }),
    defineTool({
      name: "break",
      description: "Breaks.",
      permission: "always",
      run: () => {
        throw new Error("broken");
      },
    }),
    defineTool({ name: "open", description: "Opens.", permission: "ask", run: () => "open" }),
    defineTool({ name: "wait", description: "Waits.", permission: "always", run: () => new Promise(() => {}) }),
  ];

  test("are counted by result, and questions by answer", async () => {
    const replies = ["read", "break", "open", "open", "open", "wait"].flatMap((name) => [
      { calls: [call(name)] },
      "Done.",
    ]);
    const measured = await MeasuredServer.open(replies, { tools });
    const { permissions } = measured.server;
    for (const name of ["read", "break", "open"]) await measured.say(name);
    const answers = [true, false];
    const detach = permissions.attach(({ id }) => void permissions.answer(id, answers.shift() ?? false));
    for (const name of ["open", "open"]) await measured.say(name);
    detach();
    const leaving = new AbortController();
    const left = measured.ask("wait", { signal: leaving.signal });
    await vi.waitFor(async () => expect((await measured.read()).value("nanoagent_turns_running")).toBe(1), PATIENCE);
    leaving.abort();
    await left.catch(() => {});
    await vi.waitFor(async () => {
      const counts = (await measured.read()).by("nanoagent_tool_calls_total", "result");
      expect(counts).toEqual({ done: 2, failed: 1, denied: 2, aborted: 1 });
    }, PATIENCE);
    const metrics = await measured.read();
    expect(metrics.by("nanoagent_permissions_total", "answer")).toEqual({ allowed: 1, denied: 1, unanswered: 1 });
  });
});

describe("a service that lives long", () => {
  /** An engine whose process was started again a number of times. */
  function respawned(respawns: { count: number }): Engine {
    const memory = async (): Promise<EngineMemory> => ({
      limit_bytes: 100,
      enforcement: "watch",
      enforcement_detail: "",
      process: null,
      plan: null,
      is_loaded: true,
      pressure: "smaller-context",
      respawns: respawns.count,
    });
    return Object.assign(new ScriptedEngine(), { memory });
  }

  test("keeps its counts when the agent is replaced", async () => {
    let now = 0;
    const first = { count: 2 };
    const second = { count: 0 };
    const open = (respawns: { count: number }) => openAgent(configOf(), { engine: respawned(respawns) });
    const measured = new MeasuredServer(await open(first), { now: () => now });
    await measured.say("hello");
    expect((await measured.read()).value("nanoagent_engine_respawns_total")).toBe(2);
    expect((await measured.read()).value("nanoagent_budget_step")).toBe(4);
    // The last reading before the agent is closed counts, too.
    first.count = 3;
    await measured.server.replaceAgent(
      () => open(second),
      () => open(second),
    );
    const seen: (number | undefined)[] = [];
    for (const count of [0, 1, 1]) {
      second.count = count;
      now += 60_000;
      seen.push((await measured.read()).value("nanoagent_engine_respawns_total"));
    }
    expect(seen).toEqual([3, 4, 4]);
    expect((await measured.read()).by("nanoagent_turns_total", "result")).toMatchObject({ answered: 1 });
  });

  test("has the conditions of the device, read at most every five seconds", async () => {
    let now = 0;
    const readDevice = vi.fn(async () => ({
      temperature_celsius: 61.5,
      is_throttled: false,
      memory_pressure_percent: 12.5,
      power_source: "mains" as const,
    }));
    const measured = await MeasuredServer.open(["Yes."], { readDevice, now: () => now });
    await measured.text();
    const readMemory = vi.spyOn(measured.server.agent, "memory");
    for (let scrape = 0; scrape < 100; scrape++) {
      await measured.text();
      now += 100;
    }
    expect(readDevice).toHaveBeenCalledTimes(2);
    expect(readMemory.mock.calls.length).toBeLessThanOrEqual(5);
    const metrics = await measured.read();
    expect(metrics.value("nanoagent_temperature_celsius")).toBe(61.5);
    expect(metrics.value("nanoagent_throttled")).toBe(0);
    expect(metrics.value("nanoagent_memory_pressure_ratio")).toBe(0.125);
  });

  test("needs no more memory after a thousand requests", async () => {
    const measured = await MeasuredServer.open(["Yes."]);
    const heapAfter = async (requests: number) => {
      for (let request = 0; request < requests; request++) await measured.text();
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    const before = await heapAfter(200);
    expect((await heapAfter(1000)) - before).toBeLessThan(500_000);
  });
});
