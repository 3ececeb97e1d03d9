import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type HubMirror, startHubMirror } from "@nanoagent/hub/testing";
import { buildTinyGguf } from "@nanoagent/optimizer/testing";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { resultOf } from "../run-program.js";
import { Device } from "./device.js";

const SMOL = "bartowski/SmolLM2-135M-Instruct-GGUF";
const files = {
  "SmolLM2-135M-Instruct-Q4_0.gguf": Buffer.from(buildTinyGguf({ weightType: "q4_0", contextTokens: 2048 })),
  "SmolLM2-135M-Instruct-Q8_0.gguf": Buffer.from(buildTinyGguf({ weightType: "q8_0", contextTokens: 2048 })),
};
let mirror: HubMirror;
let device: Device;

beforeAll(async () => {
  mirror = await startHubMirror({ repositories: { [SMOL]: { files } } });
});
afterAll(() => mirror.close());
beforeEach(() => {
  Object.assign(mirror.faults, { trickle: null });
  device = new Device({ HF_ENDPOINT: mirror.url });
});

test("a name of the catalogue may have a quantization, for a pull and for every use", async () => {
  const pulled = await device.models("pull", "smollm2-135m:q4_0");
  expect(pulled.exitCode, pulled.stderr).toBe(0);
  expect(pulled.stdout).toContain("SmolLM2-135M-Instruct-Q4_0.gguf");
  expect((await device.models("path", "smollm2-135m:Q4_0")).stdout).toBe(pulled.stdout);
  expect((await device.models("show", "smollm2-135m")).stdout).toContain(pulled.stdout.trim());
  expect((await device.models("verify", "smollm2-135m")).exitCode).toBe(0);
  const missing = await device.models("path", "smollm2-135m:Q8_0");
  expect(missing.exitCode).toBe(2);
  expect(missing.stderr).toContain(`nanoagent models pull ${SMOL}:Q8_0`);
  expect((await device.models("rm", "smollm2-135m")).exitCode).toBe(0);
  expect((await device.json<{ models: unknown[] }>("models", "list")).models).toEqual([]);
});

test("a folder with the name of a model does not hide it", async () => {
  const { stdout } = await device.models("pull", `${SMOL}:Q4_0`);
  mkdirSync(device.at("home", SMOL), { recursive: true });
  const plans = await device.json<{ plan: { model_path: string } }>("check", "--config", configOf(SMOL));
  expect(plans.plan.model_path).toBe(stdout.trim());
  const made = await device.run(["init", "other.yaml", "--model", SMOL, "--json"]);
  expect(made.exitCode, made.stderr).toBe(0);
  expect(made.stdout).toContain(`hub:${SMOL}`);
});

test("a closed output ends a download with exit code 1", async () => {
  Object.assign(mirror.faults, { trickle: { bytes: 2000, everyMilliseconds: 20 } });
  const child = device.start(["models", "pull", `${SMOL}:Q8_0`, "--json"]);
  child.stdout.once("data", () => child.stdout.destroy());
  const { exitCode, stderr } = await resultOf(child);
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining("The output was closed before the download ended.")]);
});

test("the query of an address is not shown", async () => {
  mirror.repositories[SMOL] = { files };
  const address = `${mirror.cdnUrl}/plain/${SMOL}/SmolLM2-135M-Instruct-Q4_0.gguf?token=SECRET`;
  const { exitCode, stdout, stderr } = await device.models("pull", address);
  expect(exitCode, stderr).toBe(0);
  expect(stdout + stderr).not.toContain("SECRET");
});

test("a file without a stated size that ends early is refused", async () => {
  const whole = files["SmolLM2-135M-Instruct-Q8_0.gguf"];
  let isCut = true;
  // Written in two parts, the answer has no Content-Length.
  const server = createServer((_request, response) => {
    response.writeHead(200);
    response.write(isCut ? whole.subarray(0, -1000) : whole, () => response.end());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/cut.gguf`;
  const { exitCode, stdout, stderr } = await device.models("pull", address);
  expect([exitCode, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/ends after|ends early|cut/);
  expect((await device.json<{ models: unknown[] }>("models", "list")).models).toEqual([]);
  isCut = false;
  expect((await device.models("pull", address)).exitCode).toBe(0);
});

function configOf(name: string): string {
  return device.write("home/agent.yaml", `spec: {name: porter, max_memory_mb: 600}\nmodel_path: "hub:${name}"\n`);
}
