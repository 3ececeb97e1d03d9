import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { runProgram } from "../run-program.js";
import { makeFolder, placesIn, ServedProgram } from "./served-program.js";

async function startServices(...names: string[]) {
  const folder = makeFolder();
  const places = placesIn(folder);
  const services: ServedProgram[] = [];
  for (const name of names) {
    const config = path.join(folder, `${name}.yaml`);
    await writeFile(config, `spec: { name: ${name}, max_memory_mb: 200 }\n`);
    services.push(await ServedProgram.start(["--config", config], places));
  }
  const status = (...args: string[]) => runProgram(["status", ...args], "", places);
  return { services, status };
}

test("without a service, says so and what to do", async () => {
  const { status } = await startServices();
  const { exitCode, stdout, stderr } = await status();
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  expect(stderr).toMatch(/^error: No service .*\n(?: {2}why: .*\n)? {2}do: .*nanoagent serve/);
  const json = await status("--json");
  expect(json.exitCode).toBe(1);
  expect(JSON.parse(json.stdout).error.code).toBe("service-not-found");
});

test("shows every running service, as text and as JSON", async () => {
  const { services, status } = await startServices("shed", "barn");
  const [shed, barn] = services as [ServedProgram, ServedProgram];
  await shed.say("hello");
  const { exitCode, stdout, stderr } = await status();
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(stdout).toContain(`shed: ${shed.url} (process ${shed.pid}, running for `);
  expect(stdout).toContain(`barn: ${barn.url} (process ${barn.pid}, running for `);
  expect(stdout).toMatch(/^Health: +ok$/m);
  expect(stdout).toMatch(/^Turns: +1 answered, 0 failed, 0 aborted; 0 running, 0 waiting$/m);
  expect(stdout).toMatch(/^Memory: +\d+ of 200 MB \(engine 0, program \d+, tools 0\)$/m);
  const { services: found } = JSON.parse((await status("--json")).stdout);
  expect(found.map(({ name, url, pid }: { name: string; url: string; pid: number }) => ({ name, url, pid }))).toEqual([
    { name: "shed", url: shed.url, pid: shed.pid },
    { name: "barn", url: barn.url, pid: barn.pid },
  ]);
  expect(found[0].memory.used_bytes).toBeGreaterThan(10_000_000);
  // Services that were killed or have ended are not shown.
  await shed.end("SIGKILL");
  const { services: left } = JSON.parse((await status("--json")).stdout);
  expect(left.map(({ name }: { name: string }) => name)).toEqual(["barn"]);
  expect(await barn.end()).toBe(143);
  expect((await status()).exitCode).toBe(1);
});
