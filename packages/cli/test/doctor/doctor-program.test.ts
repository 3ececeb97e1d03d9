import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { exampleConfig, runProgram, startProgram } from "../run-program.js";
import { MODEL_NAME, placeNamedModel } from "./named-model.js";

function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-doctor-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test.each(["rules", "a model that was never hashed"])("the built program writes one file, with %s", async (engine) => {
  const folder = temporaryFolder();
  const places = {
    XDG_STATE_HOME: path.join(folder, "state"),
    XDG_CACHE_HOME: path.join(folder, "cache"),
    HF_HOME: placeNamedModel(folder),
  };
  const config = path.join(folder, "agent.yaml");
  writeFileSync(config, `spec: { name: porter, max_memory_mb: 600 }\nmodel_path: ${MODEL_NAME}\n`);
  mkdirSync(path.join(folder, "reports"));
  const file = engine === "rules" ? exampleConfig : config;
  const args = ["doctor", "--config", file, "--output", path.join(folder, "reports"), "--json"];
  const { exitCode, stdout, stderr } = await runProgram(args, "", places);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  const contents = JSON.parse(stdout);
  expect(contents.sections.filter(({ failure }: { failure: string | null }) => failure !== null)).toEqual([]);
  expect(readdirSync(path.join(folder, "reports"))).toEqual([path.basename(contents.file)]);
  expect(readFileSync(contents.file, "utf8")).toContain("== Environment ==");
  expect(readdirSync(folder)).not.toContain("state");
});

test("a variable's secret in an error of the config is not in the report of the built program", async () => {
  const secret = "Zq7-variable-secret";
  const config = path.join(temporaryFolder(), `missing-${secret}.yaml`);
  const { exitCode, stdout } = await runProgram(["doctor", "--config", config, "--output", "-"], "", {
    MY_TOKEN: secret,
  });
  expect(exitCode).toBe(0);
  expect(stdout).toContain("== Check ==");
  expect(stdout).not.toContain(secret);
});

test.skipIf(process.platform !== "linux")("SIGINT ends the built program with 130, and no report", async () => {
  const folder = temporaryFolder();
  const started = path.join(folder, "started");
  const journal = path.join(folder, "journalctl");
  writeFileSync(journal, `#!/bin/sh\n: > ${started}\nexec sleep 600\n`);
  chmodSync(journal, 0o755);
  mkdirSync(path.join(folder, "reports"));
  const child = startProgram(["doctor", "--output", path.join(folder, "reports")], {
    PATH: `${folder}:${process.env.PATH}`,
    XDG_STATE_HOME: path.join(folder, "state"),
  });
  await vi.waitFor(() => expect(existsSync(started)).toBe(true), { timeout: 20_000 });
  child.kill("SIGINT");
  const [exitCode] = await once(child, "close");
  expect(exitCode).toBe(130);
  expect(readdirSync(path.join(folder, "reports"))).toEqual([]);
});
