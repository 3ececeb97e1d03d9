// Child process: `node first-token-child.mjs bare|library|node-llama-cpp WORK`, with WORK as JSON. It prints a line at
// the first token, and exits after the reply.
import { readFileSync } from "node:fs";

const [, , contender = "", text = "{}"] = process.argv;
const work = JSON.parse(text);
let isTold = false;
const tell = () => {
  if (!isTold) process.stdout.write("token\n");
  isTold = true;
};

if (contender === "bare") {
  const { runBareLoop } = await import("./bare-loop.mjs");
  await runBareLoop(work.addonPackage, { ...work, onFirstToken: tell });
} else if (contender === "node-llama-cpp") {
  const { importFromFolder } = await import("../import-from-folder.mjs");
  const { getLlama, LlamaChatSession } = await (await importFromFolder(work.nodeLlamaCpp))("node-llama-cpp");
  const { INSTRUCTIONS } = await import("./reply-texts.mjs");
  const llama = await getLlama({ gpu: false, build: "never", maxThreads: work.threads, logLevel: "error" });
  const model = await llama.loadModel({ modelPath: work.modelPath });
  const context = await model.createContext({ contextSize: work.contextTokens, threads: work.threads });
  const session = new LlamaChatSession({ contextSequence: context.getSequence(), systemPrompt: INSTRUCTIONS });
  await session.prompt(work.message, { temperature: 0, maxTokens: work.replyTokens, onTextChunk: tell });
  await llama.dispose();
} else {
  const { createRequire } = await import("node:module");
  const { pathToFileURL } = await import("node:url");
  const { resolve } = createRequire(pathToFileURL(`${work.runtimeFolder}/package.json`));
  const { NanoRuntime } = await import(pathToFileURL(resolve("@nanoagent/runtime")).href);
  const runtime = new NanoRuntime();
  await runtime.load(JSON.parse(readFileSync(work.config, "utf8")));
  for await (const event of runtime.stream(work.message)) {
    if (event.type === "error") throw event.error;
    if (event.type === "text-delta") tell();
  }
  await runtime.unload();
}
