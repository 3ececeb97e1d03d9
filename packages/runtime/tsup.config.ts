import { packageBuild } from "../../scripts/tsup.base";

// Beside what is exported: the host, which is started as a program, and what the import map names.
export default packageBuild(
  ["./src/engines/host-program.ts", "./src/node/node-parts.ts", "./src/node/without-node.ts"],
  {
    dts: { banner: '/// <reference lib="esnext.disposable" />' },
    // By who loads them: what is in an earlier file is taken from there by the later ones.
    groups: [
      // All until the first reply of the rules.
      { file: "index.js", parts: ["index"] },
      // Tools of every kind, and answers that a schema holds. Nothing of Node, as in a browser.
      {
        file: "tools.js",
        parts: [
          "tool-registry",
          "tools/tool-set",
          "tools/tool-shortlist",
          "tools/simplify-schema",
          "json-schema/read-schema",
          "json-schema/check-value",
          "json-schema/convert-slips",
          "json-schema/resolve-json-schema",
          "json-schema/validate-json",
          "skills/open-skills",
          "intents/intent-matcher",
          "intents/invalid-intents-error",
          "intents/run-intent",
          "context/summarize-turns",
        ],
      },
      // Checks of a model's tool calls and of its claims about them.
      { file: "acts.js", parts: ["tool-calls/call-sieve", "choosing/unwanted-acts", "acts/act-truth"] },
      // Parts of an agent that need Node.
      { file: "node/node-parts.js", parts: ["node/node-parts", "memory/tool-memory"] },
      { file: "journal.js", parts: ["session/journal/open-session"] },
      { file: "node.js", parts: ["node/index", "tools/command/command-tool", "skills/read-skills"] },
      // A local model, as the program sees it.
      { file: "local-model.js", parts: ["engines/llama/open-llama-engine"] },
      {
        file: "engines/openai-compatible.js",
        parts: ["engines/openai-compatible/index", "engines/openai-compatible/open-from-settings"],
      },
      { file: "mcp.js", parts: ["tools/mcp/open-mcp-servers"] },
      // The files that the process of a model reads. They import no other file of this package, and no other imports them.
      { file: "engines/host-program.js", parts: ["engines/host-program"], isAlone: true },
      {
        file: "llama-engine.js",
        parts: ["engines/llama/llama-engine", "engines/llama/grammar/schema-to-grammar", "engines/llama/embed-texts"],
        isAlone: true,
      },
      // A quarter of an engine, with tables of words: for turns that have tools.
      { file: "tool-chooser.js", parts: ["engines/llama/tool-chooser"], isAlone: true },
      // Checks and explanations.
      {
        file: "checks.js",
        parts: [
          "engines/llama/check-llama-engine",
          "engines/llama/check-llama-addon",
          "engines/llama/explain-package",
          "engines/llama/template-notices",
        ],
      },
    ],
    sources: { "@nanoagent/models": "../models/src/index.ts" },
  },
);
