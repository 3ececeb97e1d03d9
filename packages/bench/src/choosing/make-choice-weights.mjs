import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { fitWeights, shareRight } from "./fit-weights.mjs";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const suite = path.join(root, "packages/cli/src/eval/suite");
const target = path.join(root, "packages/runtime/src/choosing/choice-weights.ts");

const help = `Makes the weights by which tools are chosen, from the training scenarios of the suite.

Usage: NANOAGENT_ACT_MODELS=a.gguf:b.gguf node packages/bench/src/choosing/make-choice-weights.mjs

Every model is asked for its evidence on every training scenario, which takes minutes. The weights of words alone, and of
words and the model's list of tools, are written to packages/runtime/src/choosing/choice-weights.ts; the examples of talk in
that file stay.
`;

const models = (process.env.NANOAGENT_ACT_MODELS ?? "").split(path.delimiter).filter((model) => model !== "");
if (models.length === 0) {
  process.stderr.write(help);
  process.exit(2);
}

const folder = await mkdtemp(path.join(os.tmpdir(), "nanoagent-choosing-"));
try {
  const program = path.join(root, "packages/runtime/node_modules", `.gather-evidence-${process.pid}.mjs`);
  bundle(program);
  const { gatherEvidence, features } = await import(pathToFileURL(program).href).finally(() => rm(program));
  const files = (await readdir(suite)).filter((name) => name.endsWith(".yaml")).map((name) => path.join(suite, name));
  const rows = [];
  for (const model of models) {
    const output = path.join(folder, `${path.basename(model)}.jsonl`);
    process.stderr.write(`${path.basename(model)} …\n`);
    await gatherEvidence(model, files, output);
    const lines = (await readFile(output, "utf8")).trim().split("\n");
    rows.push(...lines.map((line) => JSON.parse(line)));
  }
  const sets = {
    wordWeights: choicesOf(rows, "words"),
    listWeights: choicesOf(rows, "list"),
  };
  let text = (await readFile(target, "utf8")).replace(/\/\*\* Weights by the available evidence[\s\S]*$/, "");
  text += "/** Weights by the available evidence: words only, or words and the model's list. */\n";
  for (const [name, choices] of Object.entries(sets)) {
    const weights = fitWeights(choices, features);
    process.stderr.write(
      `${name}: ${(100 * shareRight(weights, choices)).toFixed(1)} % of ${choices.length} training choices\n`,
    );
    text += `export const ${name}: Weights = ${JSON.stringify(weights)};\n`;
  }
  await writeFile(target, text);
  execFileSync(path.join(root, "node_modules/.bin/biome"), ["check", "--write", target], { stdio: "inherit" });
} finally {
  await rm(folder, { recursive: true });
}

/**
 * Returns the choices that have one kind of evidence.
 *
 * @param {readonly any[]} rows
 * @param {string} kind
 */
function choicesOf(rows, kind) {
  return rows.filter((row) => row[kind] !== null).map((row) => ({ options: row[kind], truth: row.truth }));
}

/** @param {string} program */
function bundle(program) {
  const { buildSync } = createRequire(path.join(root, "package.json"))("esbuild");
  buildSync({
    entryPoints: [fileURLToPath(new URL("gather-evidence.ts", import.meta.url))],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "esm",
    mainFields: ["module", "main"],
    conditions: ["@nanoagent/source"],
    external: ["@node-llama-cpp/*", "@huggingface/jinja", "yaml"],
    banner: {
      js: 'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);',
    },
  });
}
