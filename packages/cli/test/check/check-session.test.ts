import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { toCheckedJson } from "../../../runtime/src/files/checked-json.js";
import { checkAgent } from "../../src/check/check-agent.js";

let folder: string;
const at = (...names: string[]) => path.join(folder, ...names);

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-check-session-"));
  vi.stubEnv("XDG_STATE_HOME", at("state-home"));
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });
});

async function store(name: string, format: number, secondsAgo = 0) {
  await mkdir(at("state", name), { recursive: true });
  await writeFile(
    at("state", name, "journal-0000000000000001.jsonl"),
    `${toCheckedJson({ type: "segment", format })}\n`,
  );
  const time = new Date(Date.now() - secondsAgo * 1000);
  await utimes(at("state", name), time, time);
}

async function check(rest = "", dir = "state"): Promise<{ exitCode: number; stdout: string }> {
  await writeFile(at("agent.yaml"), `spec: {name: a}\nsession: {dir: ${dir}, retention: {max_mb: 8}}\n${rest}\n`);
  const stdout = new PassThrough();
  const printed = text(stdout);
  const streams = { stdin: new PassThrough(), stdout, stderr: new PassThrough(), stop: new AbortController().signal };
  const exitCode = await checkAgent({ config: at("agent.yaml") }, streams, []);
  stdout.end();
  return { exitCode, stdout: (await printed).replaceAll(folder, "…") };
}

test("conversations of a service that a newer version wrote are a warning", async () => {
  await mkdir(at("state", "quarantine"), { recursive: true });
  await store("newer", 99, 5);
  expect((await check("serve: {}")).stdout).toContain(
    "A newer version of nanoagent wrote the conversation in …/state.",
  );
  await store("known", 1);
  const { exitCode, stdout } = await check("serve: {}");
  expect(stdout).toContain("wrote 1 of the newest 2 conversations in …/state.");
  expect(stdout).toContain("Use that version, or set another session.dir.");
  expect(exitCode).toBe(0);
  // Of many, only the newest are read.
  for (let one = 0; one < 16; one++) await store(`known-${one}`, 1);
  expect((await check("serve: {}")).stdout).not.toContain("newer version");
});

test("a session that a newer version wrote is an error for run, and a warning for a service", async () => {
  await store(".", 2);
  const run = await check();
  expect(run.stdout).toContain("A newer version of nanoagent wrote the session in …/state.");
  expect(run.exitCode).toBe(2);
  const served = await check("serve: {}");
  expect(served.stdout).toContain("nanoagent run does not start with it");
  expect(served.exitCode).toBe(0);
});

test.runIf(process.platform === "linux").each(["/proc/nowhere", "/sys/nowhere"])(
  "%s cannot be made, also by root",
  async (dir) => {
    const { exitCode, stdout } = await check("", dir);
    expect(exitCode).toBe(2);
    expect(stdout).toContain(`The session cannot be saved in ${dir}: ${path.dirname(dir)} `);
  },
);
