import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { type HubMirror, startHubMirror } from "@nanoagent/hub/testing";
import type { FitPlan } from "@nanoagent/models";
import { buildTinyGguf } from "@nanoagent/optimizer/testing";
import { addonPackage } from "@nanoagent/runtime/engines/llama";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { hasTmux, TmuxTerminal } from "../tmux.js";
import { Device, temporaryFolder } from "./device.js";

const hasAddon = await import(/* @vite-ignore */ addonPackage()).then(
  () => true,
  () => false,
);
const CHAT = "org/chat-GGUF";
const chat = Buffer.from(buildTinyGguf({ weightType: "q8_0", contextTokens: 2048 }));
let mirror: HubMirror;
let device: Device;

beforeAll(async () => {
  mirror = await startHubMirror({
    repositories: { [CHAT]: { files: { "chat-Q8_0.gguf": chat }, license: "apache-2.0" } },
  });
});
afterAll(() => mirror.close());
beforeEach(() => {
  device = new Device({ HF_ENDPOINT: mirror.url });
});

const configWith = (model: string) =>
  device.write("home/agent.yaml", `spec: {name: porter, max_memory_mb: 600}\nmodel_path: ${JSON.stringify(model)}\n`);

describe("a model that is here", () => {
  let file: string;
  beforeEach(async () => {
    file = (await device.models("pull", CHAT)).stdout.trim();
    mirror.requests.length = 0;
  });

  test("is used by its name wherever a path is", async () => {
    const plans: FitPlan[] = [];
    for (const name of [CHAT, `hub:${CHAT}`, `${CHAT}:Q8_0`, `hf.co/${CHAT}`, file]) {
      configWith(name.startsWith("/") || name.startsWith("hub:") ? name : `hub:${name}`);
      const checked = await device.json<{ plan: FitPlan; budget_mb: number }>("check");
      expect(checked.plan.model_path).toBe(file);
      plans.push(checked.plan);
      const { plans: optimized } = await device.json<{ plans: FitPlan[] }>("optimize", "--model", name);
      expect(optimized[0]?.model_path).toBe(file);
    }
    expect(plans.every((plan) => JSON.stringify(plan) === JSON.stringify(plans[0]))).toBe(true);
    // Nothing that uses a model asks the network.
    expect(mirror.requests).toEqual([]);
  });

  test.skipIf(!hasAddon)("runs by its name, on the command line and in a config", async () => {
    const args = ["--once", "hello", "--json"];
    for (const [before, config] of [
      [["--model", CHAT], "spec: {name: porter, max_memory_mb: 600}\n"],
      [[], null],
    ] as const) {
      if (config === null) configWith(`hub:${CHAT}`);
      else device.write("home/agent.yaml", config);
      const { exitCode, stdout, stderr } = await device.run(["run", ...before, ...args]);
      expect(exitCode, stdout + stderr).toBe(0);
      expect(stdout.length).toBeGreaterThan(0);
    }
    expect(mirror.requests).toEqual([]);
  });

  test.skipIf(!hasAddon)("is measured by eval by its name", async () => {
    const { exitCode, stdout, stderr } = await device.run([
      "eval",
      "--model",
      CHAT,
      "--limit",
      "1",
      "--max-tokens",
      "4",
      "--json",
    ]);
    expect(exitCode, stdout + stderr).toBe(0);
  });

  test("is written into a config by init", async () => {
    const { exitCode, stderr } = await device.run(["init", "--yes", "--model", CHAT]);
    expect(exitCode, stderr).toBe(0);
    const config = parse(readFileSync(device.at("home", "agent.yaml"), "utf8")) as { model_path: string };
    expect(config.model_path).toBe(`hub:${CHAT}`);
    expect((await device.run(["check"])).exitCode).toBe(0);
    const word = await device.run(["init", "other.yaml", "--yes", "--model", `hub:${CHAT}:q8_0`]);
    expect(word.exitCode, word.stderr).toBe(0);
    expect(readFileSync(device.at("home", "other.yaml"), "utf8")).toMatch(/^model_path: "?hub:org\/chat-GGUF:/m);
  });

  test("comes after a file of that path", async () => {
    device.write(`home/${CHAT}`, chat);
    const { plans } = await device.json<{ plans: FitPlan[] }>("optimize", "--model", CHAT);
    expect(plans[0]?.model_path).toBe(CHAT);
  });
});

describe("a model that is not here", () => {
  test.each([["run", "--once", "hello"], ["optimize"], ["eval"], ["init", "--yes"]])(
    "is an error with the command that downloads it: %s",
    async (command, ...more) => {
      device.write("home/agent.yaml", "spec: {name: porter, max_memory_mb: 600}\n");
      const place = command === "init" ? ["new.yaml"] : [];
      const { exitCode, stdout, stderr } = await device.run([command, ...place, "--model", CHAT, ...more]);
      expect(exitCode, stdout + stderr).toBe(2);
      expect(stderr).toContain(`nanoagent models pull ${CHAT}`);
      const word = await device.run([command, ...place, "--model", "qwen3-0.6", ...more]);
      expect(word.exitCode, word.stdout + word.stderr).toBe(2);
      expect(word.stderr).toMatch(/qwen3-0\.6b/);
      expect(mirror.requests).toEqual([]);
    },
  );

  test.each([["run", "--once", "hello"], ["check"], ["eval"]])(
    "is an error with that command for a config: %s",
    async (...args) => {
      configWith(`hub:${CHAT}`);
      const more = args[0] === "eval" ? ["--config", "agent.yaml"] : [];
      const { exitCode, stdout, stderr } = await device.run([...args, ...more]);
      expect(exitCode, stdout + stderr).toBeGreaterThan(0);
      expect(exitCode).toBeLessThan(3);
      expect((stdout + stderr).replace(/\s+/g, " ")).toContain(`nanoagent models pull ${CHAT}`);
      expect(mirror.requests).toEqual([]);
    },
  );
});

test("run loads no code of downloads, except for a name", async () => {
  await device.models("pull", CHAT);
  const file = (await device.models("path", CHAT)).stdout.trim();
  device.write("home/agent.yaml", "spec: {name: porter, max_memory_mb: 600}\n");
  /** Files of the program that a command loads. */
  const loadedBy = async (...args: string[]): Promise<string[]> => {
    const folder = temporaryFolder();
    await device.run(args, { NODE_V8_COVERAGE: folder, NODE_DISABLE_COMPILE_CACHE: "1", input: "hello\n" });
    const scripts = readdirSync(folder).flatMap(
      (name) => (JSON.parse(readFileSync(path.join(folder, name), "utf8")) as { result: { url: string }[] }).result,
    );
    return [...new Set(scripts.map(({ url }) => path.basename(url)))];
  };
  const plain = await loadedBy("run");
  expect(plain).toContain("run-agent.js");
  for (const name of ["hub.js", "local-models.js", "catalogue.js", "tar.js"]) expect(plain).not.toContain(name);
  const byPath = await loadedBy("optimize", "--model", file);
  for (const name of ["hub.js", "local-models.js", "catalogue.js"]) expect(byPath).not.toContain(name);
  const byName = await loadedBy("optimize", "--model", CHAT);
  expect(byName).toContain("local-models.js");
  for (const name of ["hub.js", "catalogue.js", "tar.js"]) expect(byName).not.toContain(name);
});

describe.skipIf(!hasTmux)("init at a terminal (tmux)", () => {
  /** The first model that init offers, served by the mirror. */
  async function serveFirst(): Promise<{ name: string; repository: string }> {
    Object.assign(device.environment, { NANOAGENT_DEVICE_MEMORY_MB: "1024" });
    const { models } = await device.json<{
      models: { name: string; repository: string; file: string; quantization: string }[];
    }>("models", "recommend", "--for", "chat");
    const [first] = models;
    if (first === undefined) return expect.fail("no recommendation");
    mirror.repositories[first.repository] = { files: { [first.file]: chat } };
    return first;
  }

  function open(...args: string[]): TmuxTerminal {
    const terminal = new TmuxTerminal(args, { columns: 100, rows: 40, environment: device.environment });
    onTestFinished(() => terminal.close());
    return terminal;
  }

  test("offers three models, and downloads the first on yes", async () => {
    const { repository } = await serveFirst();
    const file = device.at("home", "agent.yaml");
    const terminal = open("init", file, "--with", "none");
    await terminal.see("Name [");
    terminal.press("Enter");
    const offer = await terminal.see("1 to 3 to download");
    expect(offer).toContain("Models that fit this device, best first:");
    for (const number of [1, 2, 3]) expect(offer).toMatch(new RegExp(`^ *${number} `, "m"));
    terminal.type("1");
    terminal.press("Enter");
    await terminal.see("Download about");
    terminal.press("Enter");
    await terminal.see("Memory budget in MB");
    terminal.press("Enter");
    await terminal.see("exit code 0");
    expect(readFileSync(file, "utf8")).toContain(`model_path: "hub:${repository}:`);
    const { exitCode, stdout, stderr } = await device.run(["check", "--config", file]);
    expect(exitCode, stdout + stderr).toBe(0);
    if (!hasAddon) return;
    expect((await device.run(["run", "--config", file, "--once", "hello"])).exitCode).toBe(0);
  });

  test("downloads nothing on no, and Ctrl-C ends a download", async () => {
    await serveFirst();
    mirror.faults.trickle = { bytes: 1000, everyMilliseconds: 100 };
    const file = device.at("home", "agent.yaml");
    const terminal = open("init", file, "--name", "porter", "--with", "none");
    await terminal.see("1 to 3 to download");
    terminal.type("1");
    terminal.press("Enter");
    await terminal.see("Download about");
    terminal.type("no");
    terminal.press("Enter");
    await terminal.see(/1 to 3 to download[\s\S]*1 to 3 to download/);
    expect((await device.json<{ models: unknown[] }>("models", "list")).models).toEqual([]);
    terminal.type("1");
    terminal.press("Enter");
    await terminal.see(/Download about[\s\S]*Download about/);
    terminal.press("Enter");
    await terminal.see("Reading the header");
    terminal.press("C-c");
    await terminal.see("exit code 130");
    mirror.faults.trickle = null;
    expect(terminal.screen).toContain("Nothing was written.");
    expect(terminal.screen).not.toContain("bug in nanoagent");
  });
});
