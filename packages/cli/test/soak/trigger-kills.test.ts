import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "vitest";
import { hasMosquitto } from "../../../server/test/mqtt/mosquitto.js";
import { Attack, times } from "./attack.js";
import type { ActingProgram } from "./triggers/killed-agent.js";
import { runSoak } from "./triggers/run-soak.js";

const {
  NANOAGENT_KILLS: kills = times(1000),
  NANOAGENT_BROKER_KILLS: brokerKills = times(100),
  NANOAGENT_SOAK_SEED: seed = 1,
  // The whole service takes twice as long for each start.
  NANOAGENT_SOAK_PROGRAM: program = process.env.NANOAGENT_SOAK ? "serve" : "triggers",
} = process.env;

const TIME_LIMIT_MILLISECONDS = 7_200_000;

test.skipIf(!hasMosquitto)(
  `kills of an agent with triggers, ${kills} times, and of its broker, ${brokerKills} times (needs mosquitto)`,
  async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-trigger-soak-"));
    const showsProgress = process.env.NANOAGENT_KILLS !== undefined;
    const began = performance.now();
    const { faults, figures } = await runSoak({
      folder,
      program: program as ActingProgram,
      kills: Number(kills),
      brokerKills: Number(brokerKills),
      seed: Number(seed),
      onProgress: (text) => {
        if (showsProgress) process.stderr.write(`${text}\n`);
      },
    });
    const seconds = Math.round((performance.now() - began) / 1000);
    if (showsProgress) process.stderr.write(`${JSON.stringify({ ...figures, seconds })}\n`);
    const attack = new Attack("kill -9 of an agent with triggers, and of its broker");
    attack.tried(Number(kills) + Number(brokerKills));
    const { lost, doubled, hidden, wrong } = faults;
    for (const text of lost) attack.lost(text);
    for (const text of [...doubled, ...wrong]) attack.wrong(text);
    for (const text of hidden) attack.silent(text);
    // On failure, the folder has the log of the agent, its events and the notes of the tools.
    if (lost.length + doubled.length + hidden.length + wrong.length > 0) {
      process.stderr.write(`The evidence is in ${folder}\n`);
    } else rmSync(folder, { recursive: true, force: true });
    attack.finish();
  },
  TIME_LIMIT_MILLISECONDS,
);
