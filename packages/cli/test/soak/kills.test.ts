import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { buildTinyGguf } from "@nanoagent/optimizer/testing";
import { addonPackage } from "@nanoagent/runtime/engines/llama";
import { readSession } from "@nanoagent/runtime/node";
import { describe, expect, test } from "vitest";
import { Attack, randomNumbers, times } from "./attack.js";
import { TalkingProgram } from "./talking-program.js";
import { temporaryFolder } from "./temporary-folder.js";

const isLinux = process.platform === "linux";
const hasAddon = await import(/* @vite-ignore */ addonPackage()).then(
  () => true,
  () => false,
);

/** Returns the complete turns of a session, oldest first. */
async function keptTurns(folder: string): Promise<[question: string, answer: string][]> {
  const turns: [string, string][] = [];
  for await (const { messages } of readSession(folder)) {
    const last = messages.at(-1);
    if (last?.ended !== "interrupted") turns.push([messages[0]?.content ?? "", last?.content ?? ""]);
  }
  return turns;
}

describe("kills", () => {
  test(`of the program, ${times(500)} times at any moment of a turn`, async () => {
    const folder = await temporaryFolder();
    const config = path.join(folder, "agent.yaml");
    const session = path.join(folder, "session");
    writeFileSync(config, "spec: {name: a, max_memory_mb: 128}\nsession: {dir: session}\n");
    const attack = new Attack("kill -9 of the program in a turn");
    const random = randomNumbers();
    const acknowledged: [string, string][] = [];
    let count = 0;
    for (let kill = 0; kill < times(500); kill++) {
      const agent = new TalkingProgram(config);
      const rounds = random(6);
      for (let round = 0; round < rounds; round++) {
        const question = `number ${++count} of a list of many things`;
        const answer = await agent.ask(question);
        if (answer?.content === undefined) attack.wrong(`${question}: ${JSON.stringify(answer)} ${agent.stderr}`);
        else acknowledged.push([question, answer.content]);
      }
      // The message of the killed turn may be saved or not.
      agent.send(`number ${++count} of a list of many things`);
      await sleep(random(4));
      await agent.kill();
      attack.tried();
    }
    const kept = await keptTurns(session);
    const known = new Set(kept.map((turn) => turn.join("\n")));
    for (const turn of acknowledged) if (!known.has(turn.join("\n"))) attack.lost(turn[0]);
    const numbers = kept.map(([question]) => Number(/\d+/.exec(question)?.[0]));
    if (numbers.some((number, index) => number <= (numbers[index - 1] ?? 0))) attack.wrong("the order of the turns");
    if (kept.length > acknowledged.length + times(500)) attack.wrong("more turns than were said");
    attack.finish();
  }, 1_800_000);

  test.skipIf(!isLinux || !hasAddon)(
    `of the engine process, ${times(500)} times at any moment of a reply (needs llama.cpp's package)`,
    async () => {
      const folder = await temporaryFolder();
      const config = path.join(folder, "agent.yaml");
      writeFileSync(path.join(folder, "model.gguf"), buildTinyGguf());
      writeFileSync(
        config,
        "spec: {name: a, max_memory_mb: 400}\nmodel_path: model.gguf\nengine: {context: 512}\nsession: {dir: session}\nsampling: {max_tokens: 12, seed: 1}\n",
      );
      const attack = new Attack("kill -9 of the engine's process in a reply");
      const random = randomNumbers();
      const agent = new TalkingProgram(config);
      const acknowledged: [string, string][] = [];
      let count = 0;
      const ask = async (question: string) => {
        const answer = await agent.ask(question);
        if (answer?.content !== undefined) acknowledged.push([question, answer.content]);
        else if (answer?.error?.code !== "engine-crashed") attack.wrong(`${question}: ${JSON.stringify(answer)}`);
        return answer;
      };
      await ask("first");
      for (let kill = 0; kill < times(500); kill++) {
        const host = hostOf(agent.pid);
        const asked = ask(`message ${++count}`);
        await sleep(random(30));
        if (host !== null) killIfThere(host);
        await asked;
        // The next message works regardless of this one.
        const next = await ask(`message ${++count}`);
        if (next?.content === undefined && host !== null && existsSync(`/proc/${host}`)) attack.wrong("no answer");
        attack.tried();
      }
      expect(await agent.end()).toBeOneOf([0, 1]);
      const known = new Set((await keptTurns(path.join(folder, "session"))).map((turn) => turn.join("\n")));
      for (const turn of acknowledged) if (!known.has(turn.join("\n"))) attack.lost(turn[0]);
      attack.finish();
    },
    1_800_000,
  );
});

/** Returns the engine process, which is a child of the program; null if there is none. */
function hostOf(program: number): number | null {
  try {
    const children = readFileSync(`/proc/${program}/task/${program}/children`, "latin1").trim().split(" ");
    return Number(children.at(-1)) || null;
  } catch {
    return null;
  }
}

function killIfThere(processId: number): void {
  try {
    process.kill(processId, "SIGKILL");
  } catch {
    // The process has already ended.
  }
}
