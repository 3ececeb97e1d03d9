import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { writeKnownModel } from "@nanoagent/optimizer/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkAgent } from "../src/check/check-agent.js";
import type { OptionValues } from "../src/command-line/command.js";
import { runProgram } from "./run-program.js";

const device = { device_id: "box", platform: "linux-aarch64", memory_mb: 1024, cpu_cores: 4, has_gpu: false };
let folder: string;
const at = (...names: string[]) => path.join(folder, ...names);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-check-"));
  await writeFile(at("device.json"), JSON.stringify(device));
  await writeFile(at("small.json"), JSON.stringify({ ...device, memory_mb: 128 }));
  await writeKnownModel(at("model.gguf"), "SmolLM2-135M", "q4_0");
  await writeFile(at("damaged.gguf"), "GGUF\u0003\u0000\u0000\u0000<!doctype html>");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs a check in this process. Returns its exit code and output. */
async function check(config: string, values: OptionValues = {}): Promise<{ exitCode: number; stdout: string }> {
  const file = at("checked.yaml");
  await writeFile(file, config);
  const stdout = new PassThrough();
  const printed = text(stdout);
  const streams = { stdin: new PassThrough(), stdout, stderr: new PassThrough(), stop: new AbortController().signal };
  const exitCode = await checkAgent({ config: file, ...values }, streams, []);
  stdout.end();
  return { exitCode, stdout: (await printed).replaceAll(folder, "…") };
}

describe("nanoagent check", () => {
  test("reports every part of a valid config, and exits with 0", async () => {
    const config = `
spec: {name: shed, max_memory_mb: 64, capabilities: [status-check, echo, look]}
device: {device_id: d, platform: linux-aarch64, memory_mb: 512, cpu_cores: 1}
session: {dir: state}
tools:
  - {name: look, description: Looks., command: [node, --version], changes_world: false}
  - {name: valve, description: Opens., command: [echo, "{zone}"], arguments: {zone: {type: string}}}
intents:
  slots: {zone: [north, south]}
  definitions:
    - {name: water, sentences: {en: ["water {zone}"], de: ["{zone} gießen"]}, tool: valve}
`;
    const { exitCode, stdout } = await check(config);
    expect(stdout).toBe(
      [
        "…/checked.yaml: agent 'shed' 0.1.0 on d (linux-aarch64, 512 MB, 1 core)",
        "",
        "ok       Memory        may take 64 of 512 MB",
        "ok       Engine        the built-in rules",
        "ok       Tools         look (always allowed), valve (asks first)",
        "ok       Intents       1 with 2 sentences in de and en",
        "ok       Capabilities  status-check (built in), echo (built in), look (a tool)",
        "ok       Session       …/state, created at the first start",
        "",
        "All is well.",
        "",
      ].join("\n"),
    );
    expect(exitCode).toBe(0);
    // The check does not create the session's folder.
    expect(await readdir(folder)).not.toContain("state");
  });

  test("reports what each capability names, and warns of unknown ones", async () => {
    await mkdir(at("skills", "first-aid"), { recursive: true });
    const skill = "---\nname: first-aid\ndescription: What to do for a burn.\n---\nCool it.\n";
    await writeFile(at("skills", "first-aid", "SKILL.md"), skill);
    const config = "spec: {name: a, capabilities: [first-aid, stauts-check, fly]}\nskills_dir: skills\n";
    const { exitCode, stdout } = await check(config);
    expect(stdout).toMatch(/^\S+ +Skills +first-aid$/m);
    expect(stdout).toMatch(
      /^warning +Capabilities +first-aid \(a skill\), stauts-check \(nothing\), fly \(nothing\)$/m,
    );
    expect(stdout).toMatch(
      /^warning: …\/checked\.yaml:1:43: spec\.capabilities\.1: Unknown capability "stauts-check": .*\n {2}do: Did you mean "status-check"\?$/m,
    );
    expect(exitCode).toBe(0);
    const json = JSON.parse((await check(config, { json: true })).stdout);
    expect(json.capabilities[1]).toEqual({ capability: "stauts-check", kind: "nothing", nearest: "status-check" });
  });

  test("shows every error of an invalid config, with its position", async () => {
    const { exitCode, stdout } = await check("spec:\n  name: a\n  max_memry_mb: 5\nintents: 5\n");
    expect(stdout).toContain(
      'error: …/checked.yaml:3:3: spec.max_memry_mb: unknown key: did you mean "max_memory_mb"?',
    );
    expect(stdout).toContain("error: …/checked.yaml:4:10: intents: ");
    expect(stdout).toMatch(/\n\n2 errors\n$/);
    expect(exitCode).toBe(2);
  });

  test.each([
    [
      "intents: {definitions: [{name: a, sentences: ['x {y'], answer: z}]}",
      "2:47: intents.definitions.0.sentences.0: ",
    ],
    [
      "intents: {definitions: [{name: a, sentences: [x], tool: vlave}]}\ntools: [{name: valve, description: d, command: [echo]}]",
      '2:57: intents.definitions.0.tool: There is no tool named "vlave".\n  do: Did you mean "valve"?',
    ],
    [
      "intents: {definitions: [{name: a, sentences: [x], tool: valve}]}\ntools: [{name: valve, description: d, command: [echo, '{zone}'], arguments: {zone: {type: string}}}]",
      'The sentence "x" cannot call valve: its argument "zone" is missing.',
    ],
    [
      "tools: [{name: valve, description: d, command: [no-such-program]}]",
      '2:49: tools.0.command.0: The tool "valve" cannot be started: there is no program no-such-program in ',
    ],
    ["tools: [{name: valve, description: d, command: [./script]}]", "Make it executable: chmod +x ./script"],
    [
      "tools: [{name: valve, description: d, command: [./other]}]",
      "needs no-such-interpreter, which is not installed.",
    ],
    ["tools: [{name: v, description: d, command: [echo], working_directory: nowhere}]", "which is not a folder."],
    ["tools: [{name: v, description: d, command: [echo, '{x}']}]", "command uses {x}, which is not in arguments"],
    [
      "tools: [{name: v, description: d, command: [echo]}, {name: v, description: d, command: [echo]}]",
      '2:60: tools.1.name: Two tools are named "v".',
    ],
    [
      "mcp_servers: {files: {command: [no-such-server]}}",
      '2:33: mcp_servers.files.command.0: The MCP server "files" cannot be started: there is no program no-such-server in ',
    ],
    ["mcp_servers: {1x: {command: [echo]}}", '2:19: mcp_servers.1x: The MCP server "1x" cannot be used: its name '],
    ["mcp_servers: {far: {url: 'http://192.0.2.7/mcp'}}", "192.0.2.7 is not on this machine"],
    ["mcp_servers: {far: {url: 'http://127.0.0.1:1', api_key_env: NO_SUCH_KEY}}", "NO_SUCH_KEY, which is not set"],
    ["session: {dir: device.json}", "The session cannot be saved in …/device.json: …/device.json is not a folder."],
    ["skills_dir: nowhere", "2:13: skills_dir: …/nowhere: there is no such folder."],
    ["model_path: nowhere.gguf", "2:13: model_path: There is no model file at …/nowhere.gguf."],
    ["model_path: damaged.gguf", "2:13: model_path: "],
    ["engine: {type: llama}", "2:16: engine.type: "],
    ["engine: {type: openai-compatible}", "needs engine.url, which is not set."],
    ["engine: {type: openai-compatible, url: 'http://192.0.2.7'}", "engine: "],
    ["engine: {type: openai-compatible, url: 'http://127.0.0.1:1', api_key_env: NO_SUCH_KEY}", "NO_SUCH_KEY"],
  ])("%s is an error with its position", async (config, message) => {
    await writeFile(at("script"), "#!/bin/sh\n");
    await writeFile(at("other"), "#!/usr/bin/env no-such-interpreter\n");
    await chmod(at("other"), 0o755);
    const { exitCode, stdout } = await check(`spec: {name: a}\n${config}\n`);
    expect(stdout).toContain(message);
    expect(stdout).toMatch(/^error: …\/checked\.yaml:\d+:\d+: \S+: /m);
    expect(exitCode).toBe(2);
  });

  test.each([
    [
      "intents: {definitions: [{name: a, sentences: [go home], answer: x}, {name: b, sentences: {en: ['go [to] home']}, answer: y}]}",
      '2:96: intents.definitions.1.sentences.en.0: "go home" matches the intents a and b; a runs',
    ],
    ["tools: [{name: v, description: d, command: [echo]}]", '2:16: tools.0.name: The tool "v" is not used.'],
    ["tools: [{name: v, description: d, command: [echo, ./nothing]}]", "./nothing, which does not exist in …."],
    ["instructions: Be kind.", '2:15: instructions: "instructions" has no effect on the rules engine.'],
  ])("%s is a warning", async (config, message) => {
    const { exitCode, stdout } = await check(`spec: {name: a}\n${config}\n`);
    expect(stdout).toContain(message);
    expect(exitCode).toBe(0);
  });

  test("plans the model for another device, and exits with 3 if it does not fit", async () => {
    const config =
      "spec: {name: a, max_memory_mb: 400, capabilities: [v]}\nmodel_path: model.gguf\ntools: [{name: v, description: d, command: [x]}]\n";
    const fits = await check(config, { device: at("device.json") });
    expect(fits.stdout).toMatch(
      /^ok {7}Engine +model\.gguf \(llama\), 4096 tokens of context \(\d+ would fit\), takes \d+ of \d+ MB; calls tools as a choice, then arguments: its chat template does not support tools$/m,
    );
    expect(fits.stdout).toMatch(/^ok +Acts +(?:Models|No figures for models) of this size .*\.$/m);
    // Programs of another device are not checked here.
    expect(fits.stdout).not.toContain("cannot be started");
    expect(fits.exitCode).toBe(0);
    const { stdout, exitCode } = await check(config.replace("400", "140"), { device: at("device.json"), json: true });
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ exit_code: 3, plan: null, device: { device_id: "box" } });
    expect(report.problems[0]).toMatchObject({ severity: "error", code: "does-not-fit", key: "model_path", line: 2 });
    expect(exitCode).toBe(3);
    const small = await check(config, { device: at("small.json") });
    expect(small.stdout).toContain(
      "error: …/checked.yaml:1:32: spec.max_memory_mb: Agent requires 400 MB but device only has 128 MB.",
    );
    expect(small.exitCode).toBe(3);
    const large = await check(config.replace("max_memory_mb: 400", "max_model_size_mb: 5"), {
      device: at("device.json"),
    });
    expect(large.stdout).toContain("checked.yaml:1:36: spec.max_model_size_mb: Model file is ");
    expect(large.exitCode).toBe(3);
  });

  test("exits with 2 if the config is wrong and does not fit", async () => {
    const config = "spec: {name: a, max_memory_mb: 400}\nskills_dir: nowhere\n";
    const { stdout, exitCode } = await check(config, { device: at("small.json") });
    expect(stdout).toMatch(/\n\n2 errors(, \d warnings?)?\n$/);
    expect(exitCode).toBe(2);
  });
});

describe("the program", () => {
  test("checks agent.yaml by default, and recommends init if it is missing", async () => {
    const { exitCode, stdout, stderr } = await runProgram(["check", "--json"], "", {});
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ file: "agent.yaml", exit_code: 2, spec: null, device: null });
    expect(report.problems[0].hint).toContain("nanoagent init");
    expect([exitCode, stderr]).toEqual([2, ""]);
  });

  test("escapes terminal controls", async () => {
    await writeFile(at("evil.json"), JSON.stringify({ spec: { name: "\u001b[2Ja", capabilities: ["\u001b[31m\nx"] } }));
    const { exitCode, stdout } = await runProgram(["check", "--config", at("evil.json")]);
    expect(stdout).toContain("agent '\\u001b[2Ja'");
    expect(stdout).not.toContain("\u001b");
    expect(exitCode).toBe(0);
  });
});

test("a tool may belong to a server whose tools are unknown, but only with its prefix", async () => {
  const servers = "mcp_servers: {house: {command: [touch, started]}}";
  const intents = (tool: string) => `intents: {definitions: [{name: a, sentences: [go], tool: ${tool}}]}`;
  const config = (capability: string, tool: string) =>
    check(`spec: {name: a, capabilities: [${capability}]}\n${servers}\n${intents(tool)}\n`);
  expect(await config("house", "house_lamp")).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining("house (an MCP server)"),
  });
  const { stdout } = await config("house_lamp", "house_lamp");
  expect(stdout).toMatch(/^ok +MCP servers +house \(not started\)$/m);
  expect(stdout).toContain("All is well.");
  expect(await readdir(folder)).not.toContain("started");
  expect((await config("house", "lamp")).stdout).toContain('There is no tool named "lamp"');
});
