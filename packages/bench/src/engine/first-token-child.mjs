// A child of the bench: `node first-token-child.mjs bare|library WORK`, with WORK as JSON; prints a line at the first token.
import { readFileSync } from "node:fs";

const [, , contender = "", text = "{}"] = process.argv;
const work = JSON.parse(text);
const tell = () => process.stdout.write("token\n");

if (contender === "bare") {
  const { runBareLoop } = await import("./bare-loop.mjs");
  // The prompt is the first thing that is read, as by the others.
  await runBareLoop(work.addonPackage, { ...work, shortPrompt: work.prompt, onFirstToken: tell, replyTokens: 16 });
} else {
  const { createRequire } = await import("node:module");
  const { pathToFileURL } = await import("node:url");
  const { resolve } = createRequire(pathToFileURL(`${work.runtimeFolder}/package.json`));
  const { NanoRuntime } = await import(pathToFileURL(resolve("@nanoagent/runtime")).href);
  const runtime = new NanoRuntime();
  await runtime.load(JSON.parse(readFileSync(work.config, "utf8")));
  let isTold = false;
  for await (const event of runtime.stream(work.message)) {
    if (event.type === "error") throw event.error;
    if (event.type === "text-delta" && !isTold) tell();
    isTold ||= event.type === "text-delta";
  }
  await runtime.unload();
}
