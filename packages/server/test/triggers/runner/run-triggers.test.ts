import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { runTriggers } from "../../../src/triggers/index.js";
import { hasMosquitto, Mosquitto } from "../../mqtt/mosquitto.js";
import { byHand, openTestAgent, testFolder, type Watering, waterTool } from "./open-test-triggers.js";

const soon = { timeout: 20_000 };

test("a program of its own has triggers, questions and hooks", async () => {
  const folder = testFolder();
  const calls: Watering[] = [];
  const questions: string[] = [];
  const agent = await openTestAgent([waterTool(calls, { permission: "ask" })]);
  const triggers = await runTriggers(agent, {
    triggers: [byHand({ then: { file: { path: "answers.jsonl" } } })],
    folder: path.join(folder, "events"),
    configFolder: folder,
    environment: { HOOK_SECRET: "a-secret-of-the-hook" },
    onPermission({ tool }) {
      questions.push(tool);
      return true;
    },
  });
  onTestFinished(() => triggers.close());
  const header = (name: string) => (name === "authorization" ? "Bearer a-secret-of-the-hook" : null);
  const body = new TextEncoder().encode('{"bed":"tomatoes"}');
  const reply = await triggers.hook("dry-bed")?.receive({ header, body });
  expect(reply).toMatchObject({ status: 202 });
  await vi.waitFor(() => expect(triggers.states[0]).toMatchObject({ open: 0, counts: { done: 1 } }), soon);
  expect(calls).toMatchObject([{ bed: "tomatoes", minutes: 5 }]);
  expect(questions).toEqual(["water_bed"]);
  expect(readFileSync(path.join(folder, "answers.jsonl"), "utf8")).toContain('"answer":"Watered."');
  expect(await triggers.hook("dry-bed")?.receive({ header: () => null, body })).toMatchObject({ status: 401 });
  expect(triggers.hook("wet-bed")).toBeNull();
});

test("callers hear of changes and ends, and a failing listener stops nothing", async () => {
  const agent = await openTestAgent([waterTool([])]);
  const notices: string[] = [];
  const triggers = await runTriggers(agent, {
    triggers: [byHand()],
    folder: path.join(testFolder(), "events"),
    environment: {},
    onNotice({ message }) {
      notices.push(message);
      throw new Error("The app fails.");
    },
  });
  onTestFinished(() => triggers.close());
  let changes = 0;
  const ended: string[] = [];
  triggers.onEnd(() => {
    throw new Error("The listener fails.");
  });
  triggers.onEnd(({ id }) => ended.push(id));
  triggers.onChange(() => changes++);
  const { id } = await triggers.run("dry-bed", { payload: { bed: "tomatoes" } });
  await triggers.ended(id);
  expect(ended).toEqual([id]);
  expect(notices.at(-1)).toContain("The listener fails.");
  await vi.waitFor(() => expect(changes).toBeGreaterThan(0), soon);
  // A hook without a secret shows as failing.
  expect(triggers.states[0]).toMatchObject({ status: "failing", problem: expect.stringContaining("HOOK_SECRET") });
});

describe.skipIf(!hasMosquitto)("over mosquitto", () => {
  test("a message becomes an act, and its answer goes back to the broker", async () => {
    const mosquitto = await Mosquitto.start();
    onTestFinished(() => mosquitto[Symbol.asyncDispose]());
    const calls: Watering[] = [];
    const agent = await openTestAgent([waterTool(calls)]);
    const folder = testFolder();
    const options = {
      triggers: [
        byHand({
          when: { mqtt: { topic: "garden/+/moisture" } },
          if: { value: "payload.percent", below: 30 },
          do: { tool: "water_bed", arguments: { bed: "{topic.1}", minutes: 5 } },
          then: { mqtt: { topic: "garden/{topic.1}/log", retain: true } },
        }),
      ],
      mqtt: { url: `mqtt://127.0.0.1:${mosquitto.port}`, client_id: "greenhouse" },
      folder: path.join(folder, "events"),
    };
    const triggers = await runTriggers(agent, options);
    await vi.waitFor(() => expect(triggers.states[0]?.status).toBe("armed"), soon);
    const run = promisify(execFile);
    const at = ["-h", "127.0.0.1", "-p", String(mosquitto.port), "-q", "1"];
    await run("mosquitto_pub", [...at, "-t", "garden/tomatoes/moisture", "-m", '{"percent": 12}']);
    await run("mosquitto_pub", [...at, "-t", "garden/beans/moisture", "-m", '{"percent": 70}']);
    const { stdout } = await run("mosquitto_sub", [...at, "-t", "garden/tomatoes/log", "-C", "1", "-W", "20"]);
    expect(stdout).toBe("Watered.\n");
    await vi.waitFor(() => expect(triggers.states[0]?.counts).toMatchObject({ done: 1, not_met: 1 }), soon);
    expect(calls).toMatchObject([{ bed: "tomatoes", minutes: 5 }]);

    // Messages that come while the program is off are there at the next start, and answers wait for the broker.
    await triggers.close();
    await run("mosquitto_pub", [...at, "-t", "garden/peas/moisture", "-m", '{"percent": 5}']);
    const again = await runTriggers(agent, options);
    onTestFinished(() => again.close());
    await vi.waitFor(() => expect(again.states[0]?.counts).toMatchObject({ done: 2 }), soon);
    expect(calls.map(({ bed }) => bed)).toEqual(["tomatoes", "peas"]);
  }, 60_000);
});
