import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exampleConfig, runProgram } from "./run-program.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-cli-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function configFile(name: string, text: string): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, text);
  return file;
}

describe("an invalid command line gets a hint, and exits with 2", () => {
  test.each([
    [["rn"], 'Unknown command "rn". Did you mean "run"?'],
    [["profil"], 'Did you mean "profile"?'],
    [["frobnicate"], 'Unknown command "frobnicate".'],
    [["--verison"], "Unknown option --verison. Did you mean --version?"],
    [["run"], "run needs --config PATH or --model PATH."],
    [["run", "--config"], "--config needs a value: --config PATH."],
    [["run", "--config", "--device"], "--config needs a value"],
    [["run", "--config="], "--config needs a value"],
    [["run", "--confg", "x"], "Unknown option --confg. Did you mean --config?"],
    [["run", "--config", "a", "b"], 'Unexpected argument "b" for run.'],
    [["run", "--config", "a", "--device", "rpi4"], '--device takes auto, found "rpi4".'],
    [["run", "--__proto__", "x"], "Unknown option --__proto__."],
    [["profile", "--json=yes"], '--json does not take a value, found "yes".'],
    [["profile", "extra"], 'Unexpected argument "extra" for profile.'],
    [["optimize", "m.gguf"], 'Unexpected argument "m.gguf" for optimize. Did you mean --model m.gguf?'],
    [["run", "./models/m"], 'Unexpected argument "./models/m" for run. Did you mean --model ./models/m?'],
    [["check", "agent.yaml"], 'Unexpected argument "agent.yaml" for check. Did you mean --config agent.yaml?'],
    [["profile", "agent.yaml"], 'Unexpected argument "agent.yaml" for profile.'],
    [["optimize", "--target-mb", "64"], "optimize needs --model PATH or --calibrate PATH."],
    [["optimize", "--model", "a", "--calibrate", "b"], "--calibrate and --model cannot be combined."],
    [["optimize", "--model", "a", "--budget-mb", "64"], "a is not a file either."],
    [["optimize", "--model", "a", "--target-mb", "64", "--context", "1.5"], "--context takes a whole number"],
    [["optimize", "--model", "a", "--target-mb", "64", "--for", "fun"], "--for takes speed or context or quality"],
    [["optimize", "--model", "a", "--target-mb", "64", "--device", "b"], "The device file b cannot be read."],
    [["optimize", "--calibrate", "a"], "a is not a file either."],
    ...["0", "-5", "text", "1e309", "NaN", "0x10", "", "1,5"].map((value): [string[], string] => [
      ["optimize", "--model", "a", `--target-mb=${value}`],
      value === "" ? "--target-mb needs a value" : `--target-mb takes a positive number, found "${value}".`,
    ]),
    [["optimize", "--model", "a", "--target-mb", "-5"], '--target-mb takes a positive number, found "-5".'],
    [["optimize", "--model", ".", "--target-mb", "5"], "There is no model in the folder ."],
  ])("nanoagent %j", async (args, message) => {
    const { exitCode, stdout, stderr } = await runProgram(args);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^error: .*\n( {2}why: .*\n)?( {2}do: .*\n)?$/);
    expect(exitCode).toBe(2);
    expect(stdout).toBe("");
  });

  test("without a command, help is printed on stderr", async () => {
    const { exitCode, stdout, stderr } = await runProgram([]);
    expect(stderr).toContain("Usage: nanoagent COMMAND");
    expect([exitCode, stdout]).toEqual([2, ""]);
  });
});

describe("help", () => {
  test.each([["--help"], ["-h"], ["help"]])("nanoagent %s lists the commands", async (flag) => {
    const { exitCode, stdout, stderr } = await runProgram([flag]);
    for (const name of ["profile", "optimize", "run"]) expect(stdout).toMatch(new RegExp(`^  ${name} +\\S`, "m"));
    expect([exitCode, stderr]).toEqual([0, ""]);
  });

  test.each(["profile", "optimize", "run"])("nanoagent %s --help lists its options and examples", async (command) => {
    const { exitCode, stdout } = await runProgram([command, "--help"]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`Usage: nanoagent ${command} [OPTIONS]`);
    expect(stdout).toMatch(/--json/);
    expect(stdout).toMatch(new RegExp(`Examples:\n {2}nanoagent ${command}`));
    expect((await runProgram([command, "-h"])).stdout).toBe(stdout);
  });

  test("help and version do not need required options", async () => {
    expect((await runProgram(["run", "--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await runProgram(["--version"])).exitCode).toBe(0);
  });
});

describe("a config that cannot be used", () => {
  test("exits with 2 and shows line, column and the nearest key", async () => {
    const file = await configFile("typo.yaml", "spec:\n  name: a\n  max_memry_mb: 5\n");
    const { exitCode, stdout, stderr } = await runProgram(["run", "--config", file]);
    expect(stderr).toContain(`${file}:3:3: spec.max_memry_mb: unknown key: did you mean "max_memory_mb"?`);
    expect([exitCode, stdout]).toEqual([2, ""]);
  });

  test("is one object on stdout with --json", async () => {
    const { exitCode, stdout, stderr } = await runProgram([
      "run",
      "--json",
      "--config",
      path.join(folder, "missing.yaml"),
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "config-unreadable", hint: expect.any(String) } });
    expect([exitCode, stderr]).toEqual([2, ""]);
  });

  test.each([
    ["a model that is not there", "spec: {name: a}\nmodel_path: nope.gguf", 2, "There is no model file at"],
    ["an engine without its model", "spec: {name: a}\nengine: {type: llama}", 2, 'The engine "llama" needs a model'],
    [
      "a model that is too large",
      "spec: {name: a, max_model_size_mb: 1}\nmodel_path: large.gguf",
      3,
      "Model file is 2 MB but the agent allows only 1 MB.",
    ],
  ])("%s", async (name, text, exitCode, message) => {
    await writeFile(path.join(folder, "large.gguf"), Buffer.alloc(2 * 2 ** 20));
    const result = await runProgram(["run", "--config", await configFile(`${name}.yaml`, text)]);
    expect(result.stderr).toContain(message);
    expect(result.exitCode).toBe(exitCode);
  });

  test("settings without effect and a failed server are notices", async () => {
    const file = await configFile("later.yaml", "spec: {name: a}\nmcp_servers: {files: {command: [nope]}}\n");
    const { exitCode, stderr } = await runProgram(["run", "--config", file]);
    expect(stderr).toContain('note: The MCP server "files" failed: there is no program nope in');
    expect(exitCode).toBe(0);
    const vain = await configFile("vain.yaml", "spec: {name: a}\ninstructions: Be kind.\n");
    const { stderr: note } = await runProgram(["run", "--config", vain]);
    expect(note).toBe('note: "instructions" has no effect on the rules engine.\n');
  });

  test("has its cause with --debug", async () => {
    const { stderr } = await runProgram(["run", "--config", "nope.yaml", "--debug"]);
    expect(stderr).toMatch(/caused by:\nError: ENOENT/);
    expect((await runProgram(["run", "--config", "nope.yaml"])).stderr).not.toContain(" at ");
  });
});

test("terminal controls in names, messages and arguments are escaped", async () => {
  const file = await configFile("steering.yaml", 'spec: {name: "a\\e]0;title\\a\\u009b31m\\u202e"}');
  const attack = "one two three four five \u001b[31m\u009b2J\u0007\u202e six\r";
  const sayings = await runProgram(["run", "--config", file], `${attack}\nhello\n`);
  const argument = await runProgram(["run", "--config", "\u001b[2J.yaml"]);
  const json = await runProgram(["run", "--config", file, "--json"], `${attack}\n`);
  for (const text of [sayings.stdout, sayings.stderr, argument.stderr, json.stdout]) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the test looks for control characters
    expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
  }
  expect(sayings.stdout).toContain("\\u001b[31m");
  expect(JSON.parse(json.stdout).content).toContain("\u001b[31m\u009b2J");
});

test.each([{ NO_COLOR: "1" }, { COLUMNS: "20", TERM: "dumb" }, { LANG: "C", LC_ALL: "C" }])(
  "the output does not depend on %j",
  async (environment) => {
    const usual = await runProgram(["run", "--config", exampleConfig], "hello\n");
    expect(await runProgram(["run", "--config", exampleConfig], "hello\n", environment)).toEqual(usual);
  },
);
