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

const addresses = ["https://host.test/x/m.gguf", "hf:x/y", "s3://b/m.gguf"];

test.each([...addresses, "missing.gguf"])(
  "%s: the error names the flag or the key that it came from",
  async (named) => {
    const folder = await temporaryFolder();
    const file = path.join(folder, "agent.yaml");
    await writeFile(file, `spec: {name: a}\nmodel_path: ${JSON.stringify(named)}\n`);
    const plain = path.join(folder, "plain.yaml");
    await writeFile(plain, "spec: {name: a}\n");
    const fromKey = [
      await runProgram(["run", "--config", file, "--once", "x"]),
      await runProgram(["check", "--config", file]),
    ];
    const fromFlag = [
      await runProgram(["run", "--config", plain, "--model", named, "--once", "x"]),
      await runProgram(["optimize", "--model", named, "--budget-mb", "300"]),
    ];
    for (const { exitCode, stdout, stderr } of [...fromKey, ...fromFlag]) {
      expect(exitCode).toBe(2);
      if (!addresses.includes(named)) continue;
      expect(stdout + stderr).toContain(`${named} is an address`);
      expect(stdout + stderr).toContain("Models are not downloaded");
    }
    expect(fromFlag[0]?.stderr).not.toContain("model_path");
    if (!addresses.includes(named)) expect(fromFlag[0]?.stderr).toContain("Correct --model");
    if (!addresses.includes(named)) expect(fromKey[0]?.stderr).toContain("Correct model_path");
  },
);

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
