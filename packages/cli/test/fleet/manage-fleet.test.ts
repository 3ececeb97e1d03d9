import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import stringWidth from "string-width";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { cardText, publishAll } from "../../../fleet/test/registry/fleet-cards.js";
import { freePort, hasMosquitto, Mosquitto } from "../../../server/test/mqtt/mosquitto.js";
import { openForTest, patience } from "../../../server/test/mqtt/opened-broker.js";
import { runFleet, startFleet } from "./run-fleet.js";

/** Connects a client that stands for agents. */
async function connectWriter({ url }: Pick<Mosquitto, "url">, settings = {}, options = {}) {
  const { broker } = await openForTest({ url, client_id: `writer-${Math.random()}`, ...settings }, options);
  broker.ready();
  return broker;
}

type Writer = Awaited<ReturnType<typeof connectWriter>>;

async function register(writer: Writer, id: string, status = "online", card: string | Uint8Array = cardText(id)) {
  await publishAll(writer, [
    [`nanoagent/${id}/status`, status],
    [`nanoagent/${id}/card`, card],
  ]);
}

beforeEach(() => {
  vi.stubEnv("NANOAGENT_BROKER", "");
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe.skipIf(!hasMosquitto)("nanoagent fleet (needs mosquitto)", () => {
  let broker: Mosquitto;
  let writer: Writer;
  beforeEach(async () => {
    broker = await Mosquitto.start();
    writer = await connectWriter(broker);
  });
  afterEach(async () => {
    await broker[Symbol.asyncDispose]();
  });
  const fleet = (...args: string[]) => runFleet([...args, "--broker", broker.url]);

  describe("list", () => {
    test("prints an empty array where no agent is registered", async () => {
      expect(await fleet("list", "--json")).toEqual({ exitCode: 0, stdout: "[]\n", stderr: "" });
      expect(await fleet("list")).toEqual({
        exitCode: 0,
        stdout: "No agents are registered below nanoagent.\n",
        stderr: "",
      });
    });

    test("prints agents sorted by ID, with online first after the ID", async () => {
      for (const [id, status] of [
        ["kiosk-2", "offline"],
        ["kiosk-10", "online"],
        ["__proto__", "online"],
      ] as const) {
        await register(writer, id, status);
      }
      const { exitCode, stdout, stderr } = await fleet("list", "--json");
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      expect(stdout).toMatch(/^\[\{"id":"__proto__","online":true,/);
      const agents = JSON.parse(stdout);
      expect(agents.map(({ id, online }: { id: string; online: boolean }) => [id, online])).toEqual([
        ["__proto__", true],
        ["kiosk-10", true],
        ["kiosk-2", false],
      ]);
      expect(agents[1]).toEqual({
        id: "kiosk-10",
        online: true,
        site: "berlin",
        labels: { floor: "2" },
        versions: { nanoagent: "0.1.0", node: "20.20.2" },
        agent: { name: "kiosk", version: "1.2.0" },
        device: {
          device_id: "linux-aarch64-4core",
          platform: "linux-aarch64",
          memory_mb: 512,
          cpu_cores: 4,
          has_gpu: false,
        },
        model: { engine: "llama", name: "tiny-q4.gguf", context_tokens: 512 },
        bundle: { name: "garden", version: "1.0.0", sequence: 3 },
        takes_updates: true,
        health: { status: "ok", reasons: [] },
        update: null,
        at: "2026-11-30T08:00:00.000Z",
      });
    });

    test("skips malformed cards and counts them on standard error", async () => {
      await register(writer, "good");
      await register(writer, "other-id", "online", cardText("good"));
      await register(writer, "text", "online", "hello");
      await register(writer, "list", "online", "[]");
      await register(writer, "format", "online", cardText("format").replace('"format":1', '"format":2'));
      await register(writer, "bytes", "online", new Uint8Array([0xff, 0xfe, 0x00]));
      await register(writer, "large", "online", `{"format":1,"filler":"${"x".repeat(200_000)}"}`);
      const { exitCode, stdout, stderr } = await fleet("list", "--json");
      expect(exitCode).toBe(0);
      expect(JSON.parse(stdout).map(({ id }: { id: string }) => id)).toEqual(["good"]);
      expect(stderr).toBe(
        "note: 6 cards are left out, because they cannot be read: bytes, format, large, list, other-id, …\n",
      );
      const show = await fleet("show", "text");
      expect(show.exitCode).toBe(1);
      expect(show.stderr).toContain('The card of the agent "text" cannot be read.');
    });

    test.each([
      [["site=berlin"], ["b-1", "b-2"]],
      [["id=m-*"], ["m-1"]],
      [["b-2"], ["b-2"]],
      [["all"], ["b-1", "b-2", "m-1"]],
      [["online=false"], ["b-2"]],
      [["site=berlin,online=true"], ["b-1"]],
      [["--label", "floor=3"], ["m-1"]],
      [["--label", "floor=*", "--label", "role=door"], ["b-2"]],
      [["--health", "degraded"], ["m-1"]],
      [["--version", "0.2.*"], ["b-2"]],
      [["--version=0.2.0"], ["b-2"]],
      [
        ["bundle=garden", "--health", "ok"],
        ["b-1", "b-2"],
      ],
      [["site=paris"], []],
    ])("selects with %j", async (args, expected) => {
      await register(writer, "b-1");
      const versions = { nanoagent: "0.2.0", node: "22.1.0" };
      await register(writer, "b-2", "offline", cardText("b-2", { versions, labels: { floor: "2", role: "door" } }));
      const health = { status: "degraded" as const, reasons: ["broker-unreachable"] };
      await register(writer, "m-1", "online", cardText("m-1", { site: "munich", labels: { floor: "3" }, health }));
      const { stdout, exitCode } = await fleet("list", ...args, "--json");
      expect(exitCode).toBe(0);
      expect(JSON.parse(stdout).map(({ id }: { id: string }) => id)).toEqual(expected);
    });

    test("says when a selector selects nothing", async () => {
      await register(writer, "kiosk");
      expect((await fleet("list", "site=paris")).stdout).toBe("The selector selects none of the 1 agents.\n");
    });

    test("refuses a health that no agent can have, as a condition and as an option", async () => {
      for (const args of [["health=bad"], ["--health", "bad"]]) {
        const { exitCode, stderr } = await fleet("list", ...args);
        expect(exitCode).toBe(2);
        expect(stderr).toContain("degraded");
      }
    });

    test("shows which agents take no updates", async () => {
      await register(writer, "kiosk", "online", cardText("kiosk", { takes_updates: false }));
      expect((await fleet("list", "updates=false")).stdout).toContain("garden 1.0.0 (no updates)");
      expect((await fleet("show", "kiosk")).stdout).toMatch(/Updates: +not taken from the fleet/);
    });

    test("refuses a wrong selector before it connects", async () => {
      const { exitCode, stderr } = await fleet("list", "site=berlin,");
      expect(exitCode).toBe(2);
      expect(stderr).toContain("A condition is empty.");
      expect((await fleet("list", "--label", "floor")).exitCode).toBe(2);
      expect((await fleet("list", "--health", "fine")).exitCode).toBe(2);
    });

    test("prints a table of at most 80 columns, with long and wide names", async () => {
      await register(writer, "kiosk-1");
      const long = {
        name: `${"very-long-model-name-".repeat(8)}.gguf`,
        engine: "llama",
        context_tokens: 512,
        plan: null,
      };
      const bundle = { name: "花園の束".repeat(20), version: "10.20.30-beta.4", sequence: 4 };
      const device = {
        device_id: "産業用コンピューター",
        platform: "linux-x64",
        memory_mb: 65_536,
        cpu_cores: 64,
        has_gpu: true,
      };
      const health = { status: "unavailable" as const, reasons: Array.from({ length: 20 }, (_, n) => `reason-${n}`) };
      const id = `agent-${"0123456789".repeat(5)}`;
      await register(writer, id, "offline", cardText(id, { model: long, bundle, device, health }));
      await register(writer, "agent-1a2b3c4d5e6f", "online", cardText("agent-1a2b3c4d5e6f", { model: long, bundle }));
      const { stdout } = await fleet("list");
      const lines = stdout.trimEnd().split("\n");
      expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(80);
      expect(lines[0]).toMatch(/^id +state +model +bundle +health$/);
      expect(stdout).toContain("agent-1a2b3c4d5e6f");
      expect(lines.some((line) => line.startsWith("  reason-0, reason-1"))).toBe(true);
      const narrow = await runFleet(["list", "--broker", broker.url], 40);
      expect(narrow.stdout.split("\n")[0]).toMatch(/^id +state +health$/);
    });

    test("writes nothing of the broker that a terminal would act on", async () => {
      const evil = "\u001b[2J\u009b31m\u202e\u200b\r\nfake  online\u0007";
      const texts = { name: evil, version: evil };
      const health = { status: "degraded" as const, reasons: [evil] };
      const hostile = cardText("ok", {
        site: evil,
        labels: { [evil]: evil },
        agent: { ...texts, capabilities: [evil], max_memory_mb: 1, max_model_size_mb: 1, languages: [evil] },
        tools: [{ name: evil, changes_world: true }],
        model: { engine: evil, name: evil, context_tokens: null, plan: null },
        bundle: { ...texts, sequence: 1 },
        versions: { nanoagent: evil, node: evil },
        health,
      });
      await register(writer, "ok", "online", hostile);
      // Mosquitto refuses control characters in topics, but not these.
      const evilId = "\u202eenilffo\u200b";
      await register(writer, evilId, "online", cardText(evilId));
      await writer.publish("nanoagent/ok/update", JSON.stringify(updateOf("refused", evil)), { retain: true });
      const watching = startFleet(["watch", "--broker", broker.url]);
      await vi.waitFor(() => expect(watching.stderr).toContain("Watching 1 agent."), patience);
      await writer.publish("nanoagent/ok/update", JSON.stringify(updateOf("rolled-back", evil)), { retain: true });
      await register(writer, "ok", "offline", hostile.replace("2026-11-30T08", "2026-11-30T09"));
      await vi.waitFor(() => expect(watching.stdout).toMatch(/rolled-back(.|\n)*changed/), patience);
      watching.stop();
      await watching.exitCode;
      const outputs = [
        watching.stdout,
        (await fleet("list")).stdout,
        (await fleet("list", "--json")).stdout,
        (await fleet("show", "ok")).stdout,
        (await fleet("show", "ok", "--json")).stdout,
        (await fleet("show", evilId)).stderr,
        (await fleet("list")).stderr,
        (await fleet("show", `${evilId}x`)).stderr,
        (await fleet("ask", "ok", "hi")).stderr,
      ];
      for (const output of outputs) {
        expect(output).not.toBe("");
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are its purpose
        expect(output).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      }
      const lines = (await fleet("list")).stdout.split("\n");
      expect(lines.filter((line) => line.startsWith("fake"))).toEqual([]);
    });

    test("reads a prefix, and the address of NANOAGENT_BROKER", async () => {
      await publishAll(writer, [["home/agents/kiosk/card", cardText("kiosk")]]);
      vi.stubEnv("NANOAGENT_BROKER", broker.url);
      const { stdout } = await runFleet(["list", "--prefix", "home/agents", "--json"]);
      expect(JSON.parse(stdout)).toMatchObject([{ id: "kiosk", online: false }]);
      const { exitCode, stderr } = await runFleet(["list", "--prefix", "a//b"]);
      expect(exitCode).toBe(2);
      expect(stderr).toContain("--prefix");
    });

    test("reads the broker and the prefix of a config", async () => {
      const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-fleet-"));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      const config = path.join(folder, "agent.yaml");
      writeFileSync(
        config,
        `spec: {name: x, max_memory_mb: 100}\nmqtt: {url: "${broker.url}", prefix: one, client_id: x}\nfleet: {prefix: two}\n`,
      );
      await publishAll(writer, [["two/kiosk/card", cardText("kiosk")]]);
      vi.stubEnv("NANOAGENT_BROKER", "mqtt://127.0.0.1:1");
      const { stdout } = await runFleet(["list", "--config", config, "--json"]);
      expect(JSON.parse(stdout)).toMatchObject([{ id: "kiosk" }]);
      writeFileSync(config, "spec: {name: x, max_memory_mb: 100}\n");
      const { exitCode, stderr } = await runFleet(["list", "--config", config]);
      expect(exitCode).toBe(2);
      expect(stderr).toContain("has no mqtt.");
    });
  });

  test("show prints everything, and names the nearest ID", async () => {
    await register(writer, "kiosk-7");
    await writer.publish("nanoagent/kiosk-7/update", JSON.stringify(updateOf("proving", null)), { retain: true });
    const { stdout, exitCode } = await fleet("show", "kiosk-7");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^kiosk-7\nState: +online\nHealth: +ok\nSite: +berlin\nLabels: +floor=2\n/);
    expect(stdout).toContain("door (changes the world), weather");
    expect(stdout).toMatch(/Update: +update 4: proving 50%/);
    const json = JSON.parse((await fleet("show", "kiosk-7", "--json")).stdout);
    expect(json).toMatchObject({ id: "kiosk-7", online: true, card: { format: 1 }, update: { state: "proving" } });
    const unknown = await fleet("show", "kiosk-8");
    expect(unknown.exitCode).toBe(1);
    expect(unknown.stderr).toContain('Did you mean "kiosk-7"?');
  });

  test("watch prints a line for each change, also after the broker was restarted", async () => {
    await register(writer, "kiosk-1", "online");
    const run = startFleet(["watch", "--json", "--broker", broker.url]);
    await vi.waitFor(() => expect(run.stderr).toContain("Watching 1 agent. Ctrl-C ends."), patience);
    const lines = () =>
      run.stdout
        .trimEnd()
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    const seen = () => lines().map(({ id, change }) => `${id} ${change}`);
    await writer.publish("nanoagent/kiosk-1/status", "offline", { retain: true });
    await register(writer, "kiosk-2", "online");
    await register(writer, "kiosk-2", "online", cardText("kiosk-2", { site: "munich" }));
    await vi.waitFor(() => expect(seen()).toEqual(["kiosk-1 offline", "kiosk-2 registered", "kiosk-2 card"]), patience);
    await broker.end("SIGTERM");
    await broker.startAgain();
    await writer.publish("nanoagent/kiosk-1/status", "online", { retain: true });
    await vi.waitFor(() => expect(seen().slice(3)).toEqual(["kiosk-1 online"]), patience);
    await writer.publish("nanoagent/kiosk-2/card", "", { retain: true });
    await vi.waitFor(() => expect(seen().slice(4)).toEqual(["kiosk-2 forgotten"]), patience);
    expect(lines()[0]).toMatchObject({ at: expect.stringMatching(/^\d{4}-/), change: "offline", online: false });
    run.stop();
    expect(await run.exitCode).toBe(130);
  });

  test("watch shows only what the selector selects", async () => {
    await register(writer, "a");
    const run = startFleet(["watch", "site=munich", "--broker", broker.url]);
    await vi.waitFor(() => expect(run.stderr).toContain("Watching 0 agents"), patience);
    await writer.publish("nanoagent/a/status", "offline", { retain: true });
    await register(writer, "b", "online", cardText("b", { site: "munich" }));
    await vi.waitFor(
      () => expect(run.stdout).toMatch(/^\S+ \S+ {2}b {2}registered, online, .*garden 1\.0\.0/),
      patience,
    );
    run.stop();
    expect(await run.exitCode).toBe(130);
  });

  describe("ask and trigger", () => {
    /** Stands for the agent `kiosk`: answers what comes to its `ask`. */
    async function answerAsks(answer: (ask: { id: string; text: string }) => unknown): Promise<void> {
      await register(writer, "kiosk");
      writer.subscribe("nanoagent/kiosk/ask", async ({ payload }) => {
        const ask = JSON.parse(new TextDecoder().decode(payload));
        void writer.publish("nanoagent/kiosk/answer", JSON.stringify({ id: "other", text: "not this" }));
        void writer.publish("nanoagent/kiosk/answer", "no JSON");
        const reply = answer(ask);
        if (reply !== null) void writer.publish("nanoagent/kiosk/answer", JSON.stringify(reply));
      });
      await vi.waitFor(() => expect(writer.isConnected).toBe(true), patience);
    }

    test("ask prints the answer with its own number", async () => {
      await answerAsks(({ id, text }) => ({ id, text: `${text}\u001b[1m?\nYes.`, is_cut: true }));
      expect(await fleet("ask", "kiosk", "How warm")).toEqual({
        exitCode: 0,
        stdout: "How warm\\u001b[1m?\nYes.\n",
        stderr: "note: The agent cut the answer, because it is too long for a message.\n",
      });
      const { stdout } = await fleet("ask", "kiosk", "--json", "--conversation", "c", "Hi");
      expect(JSON.parse(stdout)).toEqual({ id: "kiosk", text: "Hi\u001b[1m?\nYes.", is_cut: true });
    });

    test("ask prints why the agent refuses", async () => {
      await answerAsks(({ id }) => ({ id, error: { code: "queue-full", message: "The agent has 8 requests." } }));
      const { exitCode, stderr } = await fleet("ask", "kiosk", "Hi");
      expect(exitCode).toBe(1);
      expect(stderr).toContain("The agent kiosk did not answer the message.\n  why: The agent has 8 requests.");
    });

    test("ask ends after --wait, at Ctrl-C, when the agent goes offline, and at once for an offline agent", async () => {
      await answerAsks(() => null);
      const late = await fleet("ask", "kiosk", "Hi", "--wait", "0.3");
      expect(late.exitCode).toBe(1);
      expect(late.stderr).toContain("The agent kiosk did not answer within 0.3 seconds.");
      const asked: string[] = [];
      writer.subscribe("nanoagent/kiosk/+", async ({ topic, retain }) => void (retain || asked.push(topic)));
      const interrupted = startFleet(["ask", "kiosk", "Hi", "--broker", broker.url]);
      await vi.waitFor(() => expect(asked).toContain("nanoagent/kiosk/ask"), patience);
      interrupted.stop();
      expect(await interrupted.exitCode).toBe(130);
      expect(interrupted.stderr).toBe("");
      asked.length = 0;
      const left = startFleet(["ask", "kiosk", "Hi", "--broker", broker.url]);
      await vi.waitFor(() => expect(asked).toContain("nanoagent/kiosk/ask"), patience);
      await writer.publish("nanoagent/kiosk/status", "offline", { retain: true });
      expect(await left.exitCode).toBe(1);
      await vi.waitFor(() => expect(left.stderr).toContain("went offline before it answered"), patience);
      const offline = await fleet("ask", "kiosk", "Hi", "--json");
      expect(offline.exitCode).toBe(1);
      expect(JSON.parse(offline.stdout).error).toMatchObject({
        code: "agent-not-answering",
        message: "The agent kiosk is offline.",
      });
    });

    test("ask refuses a message that is too long for an agent", async () => {
      await answerAsks(() => null);
      const { exitCode, stderr } = await fleet("ask", "kiosk", "x".repeat(9000));
      expect(exitCode).toBe(1);
      expect(stderr).toContain("exceeds the limit of 8192 bytes");
    });

    test("trigger waits for the end of its act", async () => {
      await register(writer, "kiosk");
      const payloads: string[] = [];
      writer.subscribe("nanoagent/kiosk/trigger/+/run", async ({ topic, payload }) => {
        payloads.push(new TextDecoder().decode(payload));
        const name = topic.split("/")[3];
        const event = { event: "e-1", text: "watered\u0007", at: "2026-11-30T08:00:00.000Z" };
        void writer.publish(
          "nanoagent/kiosk/event",
          JSON.stringify({ ...event, event_type: "done", trigger: "other" }),
        );
        const outcome = name === "broken" ? "failed" : "done";
        void writer.publish("nanoagent/kiosk/event", JSON.stringify({ ...event, event_type: outcome, trigger: name }));
      });
      await vi.waitFor(() => expect(writer.isConnected).toBe(true), patience);
      expect(await fleet("trigger", "kiosk", "morning")).toEqual({
        exitCode: 0,
        stdout: "done: watered\\u0007\n",
        stderr: "",
      });
      const { exitCode, stdout } = await fleet("trigger", "kiosk", "broken", "--payload", '{"bed": 1}', "--json");
      expect(exitCode).toBe(1);
      expect(JSON.parse(stdout)).toMatchObject({ id: "kiosk", trigger: "broken", event: "e-1", outcome: "failed" });
      expect(payloads).toEqual(["", '{"bed": 1}']);
      expect((await fleet("trigger", "kiosk", "a/b")).exitCode).toBe(2);
      expect((await fleet("trigger", "kiosk")).stderr).toContain("fleet trigger needs NAME.");
    });
  });

  describe("trigger at MQTT 5", () => {
    const end = (event: string, text: string) =>
      JSON.stringify({ event_type: "done", trigger: "morning", event, text, at: "2026-11-30T08:00:00.000Z" });
    /** Stands for the agent `kiosk`, whose trigger ends for others, too. */
    async function acceptRuns(event: string | null): Promise<void> {
      await register(writer, "kiosk");
      writer.subscribe("nanoagent/kiosk/trigger/+/run", async ({ correlationData }) => {
        const tell = (topic: string, text: string) => void writer.publish(`nanoagent/kiosk/${topic}`, text);
        const accept = (correlation: string, id: string | null) =>
          tell("accepted", JSON.stringify({ trigger: "morning", event: id, correlation }));
        tell("event", end("e-1", "of somebody else"));
        accept("another", "e-1");
        accept(new TextDecoder().decode(correlationData), event);
        tell("event", end("e-2", "also of somebody else"));
        tell("event", end("e-3", "its own"));
      });
      await vi.waitFor(() => expect(writer.isConnected).toBe(true), patience);
    }

    test("prints the end of its own event", async () => {
      await acceptRuns("e-3");
      expect(await fleet("trigger", "kiosk", "morning")).toMatchObject({ exitCode: 0, stdout: "done: its own\n" });
    });

    test("knows it also if it ended before the agent told its ID", async () => {
      await acceptRuns("e-1");
      expect((await fleet("trigger", "kiosk", "morning")).stdout).toBe("done: of somebody else\n");
    });

    test("ends at once if the agent does not run it", async () => {
      await acceptRuns(null);
      const { exitCode, stderr } = await fleet("trigger", "kiosk", "morning");
      expect(exitCode).toBe(1);
      expect(stderr).toContain('The agent kiosk did not run the trigger "morning".');
    });
  });

  describe("forget", () => {
    const retainedOf = async (filter: string): Promise<string[]> => {
      const found: string[] = [];
      const reader = await connectWriter(broker);
      reader.subscribe(filter, async ({ topic, retain }) => void (retain && found.push(topic)));
      await vi.waitFor(() => expect(reader.isConnected).toBe(true), patience);
      await new Promise((resolve) => setTimeout(resolve, 300));
      await reader.close();
      return found.sort();
    };

    test("clears every topic of an agent, and its device in Home Assistant, and nothing else", async () => {
      const device = (origin: string) => JSON.stringify({ origin: { name: origin }, components: {} });
      await register(writer, "kiosk", "offline");
      await register(writer, "kiosk-2", "offline");
      await publishAll(writer, [
        ["nanoagent/kiosk/state", "{}"],
        ["nanoagent/kiosk/offer", "{}"],
        ["nanoagent/kiosk/trigger/morning/run", "x"],
        ["homeassistant/device/kiosk/config", device("nanoagent")],
        ["homeassistant/device/kiosk-2/config", device("nanoagent")],
        ["nanoagent/bundle/abc/0", "piece"],
      ]);
      const { stdout, stderr, exitCode } = await fleet("forget", "kiosk");
      expect({ stdout, stderr, exitCode }).toEqual({ stdout: "Cleared 6 topics of kiosk.\n", stderr: "", exitCode: 0 });
      expect(await retainedOf("#")).toEqual([
        "homeassistant/device/kiosk-2/config",
        "nanoagent/bundle/abc/0",
        "nanoagent/kiosk-2/card",
        "nanoagent/kiosk-2/status",
      ]);
      const again = await fleet("forget", "kiosk");
      expect(again.exitCode).toBe(1);
      expect(again.stderr).toContain('Did you mean "kiosk-2"?');
      expect((await fleet("forget", "bundle")).exitCode).toBe(1);
      expect((await fleet("forget", "+")).exitCode).toBe(1);
    });

    test("keeps the device of another program, and clears an agent whose card is malformed", async () => {
      const other = JSON.stringify({ origin: { name: "another" }, components: {} });
      await publishAll(writer, [
        ["nanoagent/kiosk/card", "hello"],
        ["homeassistant/device/kiosk/config", other],
      ]);
      expect(JSON.parse((await fleet("forget", "kiosk", "--json")).stdout)).toEqual({ id: "kiosk", cleared: 1 });
      expect(await retainedOf("#")).toEqual(["homeassistant/device/kiosk/config"]);
    });

    test("clears a card that is too large to be read, which is counted as malformed", async () => {
      await register(writer, "kiosk", "offline");
      // The connections of nanoagent send none of this size.
      const sender = [
        "-h",
        "127.0.0.1",
        "-p",
        new URL(broker.url).port,
        "-r",
        "-q",
        "1",
        "-t",
        "nanoagent/big/card",
        "-s",
      ];
      execFileSync("mosquitto_pub", sender, { input: "x".repeat(300_000) });
      const list = await fleet("list", "--json");
      expect(JSON.parse(list.stdout)).toHaveLength(1);
      expect(list.stderr).toContain("note: 1 card is left out, because it cannot be read: big\n");
      expect((await fleet("show", "big")).stderr).toContain('The card of the agent "big" cannot be read.');
      const { stdout, exitCode } = await fleet("forget", "big");
      expect({ stdout, exitCode }).toEqual({ stdout: "Cleared 1 topic of big.\n", exitCode: 0 });
      expect(await retainedOf("#")).toEqual(["nanoagent/kiosk/card", "nanoagent/kiosk/status"]);
    });

    test("clears a card at the level of the pieces, which is not that of an agent, and leaves the pieces", async () => {
      await publishAll(writer, [
        ["nanoagent/bundle/card", cardText("bundle")],
        ["nanoagent/bundle/abc/0", "piece"],
      ]);
      const list = await fleet("list", "--json");
      expect(list.stdout).toBe("[]\n");
      expect(list.stderr).toContain("it cannot be read: bundle\n");
      expect((await fleet("forget", "bundle")).stdout).toBe("Cleared 1 topic of bundle.\n");
      expect(await retainedOf("#")).toEqual(["nanoagent/bundle/abc/0"]);
    });

    test("refuses an agent that is online without --force", async () => {
      await register(writer, "kiosk", "online");
      const { exitCode, stderr } = await fleet("forget", "kiosk");
      expect(exitCode).toBe(1);
      expect(stderr).toContain("The agent kiosk is online, so it is not forgotten.");
      expect(await retainedOf("nanoagent/#")).toHaveLength(2);
      const forced = await fleet("forget", "kiosk", "--force");
      expect(forced.exitCode).toBe(0);
      expect(forced.stderr).toContain(
        "kiosk is still online. It is back in the list when it changes or connects again.",
      );
      expect(await retainedOf("nanoagent/#")).toEqual([]);
    });
  });
});

function updateOf(state: string, reason: string | null) {
  const progress = reason === null ? 0.5 : null;
  return {
    format: 1,
    sequence: 4,
    manifest_sha256: "b".repeat(64),
    state,
    reason,
    progress,
    at: "2026-11-30T08:00:00Z",
  };
}

describe.skipIf(!hasMosquitto)("brokers that refuse (needs mosquitto)", () => {
  const rights = (lines: string) => {
    const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-fleet-acl-"));
    const file = path.join(folder, "acl");
    writeFileSync(file, lines, { mode: 0o600 });
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    return file;
  };

  test("a wrong password, and a missing one", async () => {
    await using broker = await Mosquitto.start(["allow_anonymous false", "password_file FOLDER/passwords"]);
    vi.stubEnv("SECRET", "wrong");
    const options = ["--broker", broker.url, "--username", "agent", "--password-env", "SECRET"];
    const wrong = await runFleet(["list", ...options]);
    expect(wrong.exitCode).toBe(1);
    expect(wrong.stdout).toBe("");
    expect(wrong.stderr).toMatch(/^error: The agents of the fleet cannot be read\.\n {2}why: The broker at /);
    expect(wrong.stderr).toMatch(/--username and .*--password-env/s);
    expect(wrong.stderr).not.toContain("wrong");
    vi.stubEnv("SECRET", "secret");
    expect((await runFleet(["list", ...options, "--json"])).stdout).toBe("[]\n");
    vi.stubEnv("SECRET", "");
    const missing = await runFleet(["list", ...options]);
    expect(missing.exitCode).toBe(2);
    expect(missing.stderr).toContain("The variable SECRET, which --password-env names, is not set.");
  });

  test.each(["auto", "3.1.1"])("list, show and watch work without write permission (MQTT %s)", async (protocol) => {
    const acl = rights("user agent\ntopic readwrite #\n\nuser reader\ntopic read #\n");
    await using broker = await Mosquitto.start([
      "allow_anonymous false",
      "password_file FOLDER/passwords",
      `acl_file ${acl}`,
    ]);
    const { execFileSync } = await import("node:child_process");
    execFileSync("mosquitto_passwd", ["-b", path.join(broker.folder, "passwords"), "reader", "secret"], {
      stdio: "ignore",
    });
    await broker.end("SIGTERM");
    await broker.startAgain();
    vi.stubEnv("SECRET", "secret");
    const writer = await connectWriter(
      broker,
      { username: "agent", password_env: "SECRET" },
      { environment: { SECRET: "secret" } },
    );
    await register(writer, "kiosk");
    const config = rights(
      `spec: {name: x, max_memory_mb: 100}\nmqtt: {url: "${broker.url}", username: reader, password_env: SECRET, protocol: "${protocol}"}\n`,
    );
    const named = `${config}.yaml`;
    writeFileSync(named, (await import("node:fs")).readFileSync(config));
    const fleet = (...args: string[]) => runFleet([...args, "--config", named]);
    const { stdout, stderr } = await fleet("list", "--json");
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toMatchObject([{ id: "kiosk", online: true }]);
    expect((await fleet("show", "kiosk")).exitCode).toBe(0);
    const ask = await fleet("ask", "kiosk", "Hi", "--wait", "0.5");
    expect(ask.exitCode).toBe(1);
    if (protocol === "auto") expect(ask.stderr).toContain("this user may not publish there");
    const forget = await fleet("forget", "kiosk", "--force");
    expect(forget.exitCode).toBe(1);
    if (protocol === "auto") expect(forget.stderr).toContain("this user may not publish there");
    else expect(forget.stderr).toContain("did not clear");
    expect(JSON.parse((await fleet("list", "--json")).stdout)).toHaveLength(1);
  });

  test("forget clears the device of Home Assistant that its user may not read", async () => {
    const acl = rights("topic readwrite nanoagent/#\ntopic write homeassistant/#\n\nuser agent\ntopic readwrite #\n");
    await using broker = await Mosquitto.start(["password_file FOLDER/passwords", `acl_file ${acl}`]);
    const settings = { username: "agent", password_env: "SECRET" };
    const writer = await connectWriter(broker, settings, { environment: { SECRET: "secret" } });
    await register(writer, "kiosk", "offline");
    const topic = "homeassistant/device/kiosk/config";
    await publishAll(writer, [[topic, JSON.stringify({ origin: { name: "nanoagent" }, components: {} })]]);
    const told: number[] = [];
    writer.subscribe(topic, async ({ payload }) => void told.push(payload.length));
    await vi.waitFor(() => expect(told).toHaveLength(1), patience);
    expect((await runFleet(["forget", "kiosk", "--broker", broker.url])).exitCode).toBe(0);
    await vi.waitFor(() => expect(told.at(-1)).toBe(0), patience);
  });

  test("a broker that is down, that is not MQTT, and an address that is wrong", async () => {
    const port = await freePort();
    const began = performance.now();
    const down = await runFleet(["list", "--broker", `mqtt://127.0.0.1:${port}`, "--json"]);
    expect(performance.now() - began).toBeLessThan(9000);
    expect(down.exitCode).toBe(1);
    const { error } = JSON.parse(down.stdout);
    expect(error).toMatchObject({ code: "broker-unreachable", reason: expect.stringContaining("correct --broker") });
    vi.stubEnv("NANOAGENT_BROKER", `mqtt://127.0.0.1:${port}`);
    expect((await runFleet(["list"])).stderr).toContain("correct NANOAGENT_BROKER");
    for (const url of ["http://x", "broker", "mqtt://user:secret@host", "ws://host"]) {
      const { exitCode, stderr } = await runFleet(["list", "--broker", url]);
      expect(exitCode).toBe(2);
      expect(stderr).not.toContain("secret");
      expect(stderr).not.toMatch(/mqtt\.[a-z]/);
    }
    vi.stubEnv("NANOAGENT_BROKER", "");
    const both = await runFleet(["list", "--broker", "mqtt://x", "--config", "agent.yaml"]);
    expect(both.exitCode).toBe(2);
    const none = await runFleet(["list"]);
    expect(none.exitCode).toBe(2);
    expect(none.stderr).toContain("NANOAGENT_BROKER");
  });

  test("Ctrl-C while it connects", async () => {
    const { createServer } = await import("node:net");
    const silent = createServer(() => {}).listen(0, "127.0.0.1");
    onTestFinished(() => void silent.close());
    await vi.waitFor(() => expect(silent.address()).not.toBeNull(), patience);
    const { port } = silent.address() as { port: number };
    const run = startFleet(["list", "--broker", `mqtt://127.0.0.1:${port}`]);
    setTimeout(() => run.stop(), 200);
    expect(await run.exitCode).toBe(130);
    expect(run.stdout + run.stderr).toBe("");
  });
});

describe.skipIf(!hasMosquitto)("TLS (needs mosquitto)", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-fleet-tls-"));
  beforeAll(async () => {
    const { execFileSync } = await import("node:child_process");
    const options = ["-newkey", "rsa:2048", "-nodes", "-days", "2", "-addext", "subjectAltName=IP:127.0.0.1"];
    for (const name of ["broker", "other"]) {
      const files = ["-keyout", `${name}-key.pem`, "-out", `${name}.pem`, "-subj", `/CN=${name}`];
      execFileSync("openssl", ["req", "-x509", ...options, ...files], { cwd: folder, stdio: "ignore" });
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("with a known authority, an unknown one, and files that cannot be used", async () => {
    const file = (name: string) => path.join(folder, name);
    await using broker = await Mosquitto.start([
      "listener PORT 127.0.0.1",
      `certfile ${file("broker.pem")}`,
      `keyfile ${file("broker-key.pem")}`,
    ]);
    const url = `mqtts://127.0.0.1:${broker.port}`;
    const list = (...args: string[]) => runFleet(["list", "--json", "--broker", url, ...args]);
    expect(await list("--ca", file("broker.pem"))).toEqual({ exitCode: 0, stdout: "[]\n", stderr: "" });
    for (const args of [[], ["--ca", file("other.pem")]]) {
      const { exitCode, stdout } = await list(...args);
      expect(exitCode).toBe(1);
      expect(JSON.parse(stdout).error.reason).toContain("certificate that is not trusted here; set --ca to");
    }
    const key = await list("--ca", file("broker-key.pem"));
    expect(key.exitCode).toBe(2);
    expect(JSON.parse(key.stdout).error.message).toContain("in --ca cannot be used");
    expect((await list("--ca", file("missing.pem"))).exitCode).toBe(2);
    expect((await list("--key", file("broker-key.pem"))).exitCode).toBe(2);
    expect((await runFleet(["list", "--broker", broker.url, "--ca", file("broker.pem")])).exitCode).toBe(2);
  });
});
