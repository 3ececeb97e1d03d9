import { NanoRuntime, type SamplingOptions } from "@nanoagent/runtime";
import { expect, test } from "vitest";
import { sampleConfig } from "../../sample-config.js";
import { sendJson, startServer } from "./fake-server.js";
import { fakeLlamaServer, fakeLmStudio, fakeNanoagent, fakeOllama, fakeVllm } from "./fake-servers.js";
import { ask, collect, openOn, replying } from "./open-engine.js";

const all = { top_k: { topK: 20 }, min_p: { minP: 0.1 }, repeat_penalty: { repeatPenalty: 1.1 } };
const common: SamplingOptions = { temperature: 0, topP: 0.9, seed: 7, maxTokens: 9, stop: ["END"] };
const plainServer = replying((_, response) =>
  sendJson(response, {
    choices: [{ index: 0, message: { role: "assistant", content: "Hi." }, finish_reason: "stop" }],
  }),
);
const servers = {
  "llama-server": fakeLlamaServer(),
  nanoagent: fakeNanoagent(),
  ollama: fakeOllama(),
  "lm-studio": fakeLmStudio(),
  vllm: fakeVllm(),
  openai: plainServer,
};
const names = Object.keys(all) as (keyof typeof all)[];
const subsets = [...Array(8).keys()].map((bits) => names.filter((_, index) => bits & (1 << index)));
const unsentNotices = (notices: readonly string[] | undefined) =>
  (notices ?? []).filter((notice) => notice.startsWith("Not sent to"));

test.each(Object.entries(servers))("%s: a set option is either sent or named once", async (_, answer) => {
  for (const set of subsets) {
    const { engine, server } = await openOn(answer);
    const sampling: SamplingOptions = Object.assign({ ...common }, ...set.map((name) => all[name]));
    for (let turn = 0; turn < 2; turn++) await collect(engine.generate(ask("hello", { sampling })));
    const sent = JSON.stringify(server.requests.at(-1)?.body).replace("repetition_penalty", "repeat_penalty");
    const unsent = set.filter((name) => !sent.includes(`"${name}"`));
    const notices = unsentNotices(engine.notices);
    expect(notices.length, set.join()).toBe(unsent.length > 0 ? 1 : 0);
    for (const name of names) expect(notices.join().includes(name)).toBe(unsent.includes(name));
    await engine.close();
  }
});

test("unsent options of a config are named before the first message", async () => {
  const { url } = await startServer(plainServer);
  await using runtime = new NanoRuntime();
  await runtime.load(
    sampleConfig({ engine: { type: "openai-compatible", url }, sampling: { temperature: 0, top_k: 5, min_p: 0.1 } }),
  );
  expect(unsentNotices(runtime.notices)).toEqual([expect.stringContaining(": sampling options top_k, min_p. ")]);
});
