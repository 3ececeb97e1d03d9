import path from "node:path";
import { fileURLToPath } from "node:url";
import * as models from "@nanoagent/models";
import { build } from "esbuild";
import { expect, test } from "vitest";

const folder = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

test("the root entry imports only its own sources, zod and fastest-levenshtein, and no node: module", async () => {
  const { metafile } = await build({
    absWorkingDir: folder,
    entryPoints: ["src/index.ts"],
    bundle: true,
    format: "esm",
    // For a browser, so that an import that only Node can resolve fails the build.
    platform: "browser",
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
  expect(imports.filter((imported) => imported.external)).toEqual([]);

  const packages = Object.keys(metafile.inputs).map(
    (input) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? "own",
  );
  expect([...new Set(packages)].sort()).toEqual(["fastest-levenshtein", "own", "zod"]);
  const bare = Object.entries(metafile.inputs)
    .filter(([input]) => input.startsWith("src/"))
    .flatMap(([, input]) => input.imports.map((imported) => imported.original ?? ""))
    .filter((specifier) => !specifier.startsWith("./"));
  expect([...new Set(bare)].sort()).toEqual(["fastest-levenshtein", "zod/mini"]);
});

test("exports these names, and nothing from zod", () => {
  expect(Object.keys(models).sort()).toEqual([
    "AgentMessage",
    "AgentSpec",
    "BYTES_PER_MB",
    "DeviceMeasurement",
    "EdgeDevice",
    "FitPlan",
    "InvalidDataError",
    "LEAST_HELPED_PARAMETERS",
    "MemoryLedger",
    "ModelSummary",
    "NanoAgentConfig",
    "NanoAgentConfigFile",
    "NanoAgentError",
    "PRESSURE_ACTIONS",
    "SamplingSettings",
    "ScenarioFile",
    "SpeedForecast",
    "TELLING_PARAMETERS",
    "TRUSTED_PARAMETERS",
    "addressIn",
    "adviseOnAddress",
    "asSentence",
    "canBeTrue",
    "commandWords",
    "cutText",
    "endsInHalf",
    "isClockSet",
    "nearestName",
    "parseDuration",
  ]);
});
