import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { buildTinyGguf } from "@nanoagent/optimizer/testing";
import { expect, onTestFinished, test } from "vitest";
import { runProgram } from "../run-program.js";

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "nanoagent-named-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** Addresses, with the advice for them on the command line, where a name is taken too. */
const addresses = [
  ["https://host.test/x/m.gguf", "nanoagent models pull https://host.test/x/m.gguf"],
  ["hf:x/y", "nanoagent models pull x/y"],
  ["s3://b/m.gguf", "Download the .gguf file with another program"],
] as const;

/** Runs commands with a model as a path of the config, and as an option. */
async function useModel(named: string) {
  const folder = await temporaryFolder();
  const file = path.join(folder, "agent.yaml");
  await writeFile(file, `spec: {name: a}\nmodel_path: ${JSON.stringify(named)}\n`);
  const plain = path.join(folder, "plain.yaml");
  await writeFile(plain, "spec: {name: a}\n");
  const run = (...args: string[]) => runProgram(args, "", { XDG_DATA_HOME: folder, XDG_STATE_HOME: folder });
  return {
    fromKey: [await run("run", "--config", file, "--once", "x"), await run("check", "--config", file)],
    fromFlag: [
      await run("run", "--config", plain, "--model", named, "--once", "x"),
      await run("optimize", "--model", named, "--budget-mb", "300"),
    ],
  };
}

test.each(addresses)("%s: a config takes a path, and the command line a name", async (named, advice) => {
  const { fromKey, fromFlag } = await useModel(named);
  for (const { exitCode, stdout, stderr } of fromKey) {
    expect(exitCode).toBe(2);
    expect(stdout + stderr).toContain(`${named} is an address`);
  }
  for (const { exitCode, stderr } of fromFlag) {
    expect(exitCode).toBe(2);
    expect(stderr).toContain(advice);
    expect(stderr).not.toContain("model_path");
  }
});

test("the error of a missing file names the flag or the key that it came from", async () => {
  const { fromKey, fromFlag } = await useModel("missing.gguf");
  for (const { exitCode } of [...fromKey, ...fromFlag]) expect(exitCode).toBe(2);
  expect(fromFlag[0]?.stderr).toContain("Correct --model");
  expect(fromKey[0]?.stderr).toContain("Correct model_path");
});

test("a file: URL is the path that it names, in a config and on the command line", async () => {
  const folder = await temporaryFolder();
  const model = path.join(folder, "a model.gguf");
  await writeFile(model, buildTinyGguf({ contextTokens: 2048 }));
  const url = pathToFileURL(model).href;
  const file = path.join(folder, "agent.yaml");
  await writeFile(file, `spec: {name: a, max_memory_mb: 600}\nmodel_path: ${JSON.stringify(url)}\n`);
  const check = await runProgram(["check", "--config", file]);
  expect(check.stdout).not.toContain("error");
  const optimize = await runProgram(["optimize", "--model", url, "--budget-mb", "600"]);
  expect(optimize.exitCode, optimize.stderr).toBe(0);
  await writeFile(file, `spec: {name: a}\nsession: {dir: "s3://bucket/x"}\n`);
  expect((await runProgram(["check", "--config", file])).stdout).toContain("s3://bucket… is an address");
});
