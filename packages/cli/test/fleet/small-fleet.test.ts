import { spawn } from "node:child_process";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { hasMosquitto } from "../../../server/test/mqtt/mosquitto.js";
import { repository, resultOf } from "../run-program.js";

const canRun = hasMosquitto && process.platform === "linux";
/** The whole proof, with 200 agents, is run beside the tests. */
const checks = [
  "an agent that is killed",
  "a bundle that fails its smoke question",
  "a good bundle",
  "agents that were offline catch up",
  "a broker that loses its data",
];
const small = ["--agents", "6", "--processes", "3", "--outage", "0.5", "--slowness", "5", "--only", checks.join(",")];
const TIME_LIMIT_MILLISECONDS = 240_000;

test.skipIf(!canRun)(
  "a fleet of six agents: a death, updates, and a broker that is killed (needs mosquitto and Linux)",
  async () => {
    const script = path.join(repository, "scripts/systems/fleet.mjs");
    const child = spawn(process.execPath, [script, ...small]);
    onTestFinished(() => {
      child.kill("SIGTERM");
    });
    const { exitCode, stdout, stderr } = await resultOf(child);
    expect(stdout, stderr).not.toMatch(/^FAILED/m);
    expect(stdout).toMatch(new RegExp(`^${checks.length + 1} passed, 0 failed$`, "m"));
    expect(exitCode).toBe(0);
  },
  TIME_LIMIT_MILLISECONDS,
);
