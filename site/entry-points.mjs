/** Published entry points of the packages, by the name that a program imports, with their sources. */
export const entryPoints = {
  "@nanoagent/models": "packages/models/src/index.ts",
  "@nanoagent/profiler": "packages/profiler/src/index.ts",
  "@nanoagent/profiler/testing": "packages/profiler/src/testing/index.ts",
  "@nanoagent/optimizer": "packages/optimizer/src/index.ts",
  "@nanoagent/optimizer/testing": "packages/optimizer/src/testing/index.ts",
  "@nanoagent/hub": "packages/hub/src/index.ts",
  "@nanoagent/hub/local-models": "packages/hub/src/local-models.ts",
  "@nanoagent/hub/testing": "packages/hub/src/testing/index.ts",
  "@nanoagent/runtime": "packages/runtime/src/index.ts",
  "@nanoagent/runtime/node": "packages/runtime/src/node/index.ts",
  "@nanoagent/runtime/eval": "packages/runtime/src/eval/index.ts",
  "@nanoagent/runtime/testing": "packages/runtime/src/testing/index.ts",
  "@nanoagent/runtime/engines/llama": "packages/runtime/src/engines/llama/index.ts",
  "@nanoagent/runtime/engines/openai-compatible": "packages/runtime/src/engines/openai-compatible/index.ts",
  "@nanoagent/server": "packages/server/src/index.ts",
};
