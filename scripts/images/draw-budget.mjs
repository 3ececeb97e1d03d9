#!/usr/bin/env node
// Draws docs/images/budget.svg: how an agent with a local model spends its memory budget, from a real run.
//
//   node scripts/images/draw-budget.mjs [MODEL.gguf]
//
// Needs the built program and a small model: $NANOAGENT_TEST_MODEL, or that of ~/.cache/nanoagent-test-models.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, homedir, tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const program = path.join(repository, "packages/cli/dist/main.js");
const usualModel = path.join(homedir(), ".cache/nanoagent-test-models/smollm2-135m-instruct.gguf");
const model = path.resolve(process.argv[2] ?? process.env.NANOAGENT_TEST_MODEL ?? usualModel);
const BUDGET_MB = 384;
const QUESTION = "What is the capital of France?";

const { plan, setAsideMb, memory } = measure();
writeFileSync(path.join(repository, "docs/images/budget.svg"), draw());

/** Plans the model, asks it one question, and reads what is taken. */
function measure() {
  const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-budget-"));
  try {
    const config = path.join(folder, "agent.yaml");
    writeFileSync(config, `spec: { name: kiosk, max_memory_mb: ${BUDGET_MB} }\nmodel_path: ${model}\n`);
    const run = (words, input = "") =>
      execFileSync(process.execPath, [program, ...words, "--config", config], { input, encoding: "utf8" });
    const report = JSON.parse(run(["check", "--json"]));
    const lines = run(["run", "--json", "--temperature", "0", "--max-tokens", "64"], `${QUESTION}\n/memory\n`);
    const { text } = lines.trim().split("\n").map(JSON.parse).at(-1);
    const figure = (pattern) => Number(pattern.exec(text)[1]);
    return {
      plan: report.plan,
      setAsideMb: BUDGET_MB - report.budget_mb,
      memory: { program: figure(/^Program: +([\d.]+) MB/m), engine: figure(/^Engine: +([\d.]+) MB/m) },
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Parts of the plan, and the colors that they have in both bars. */
function planned() {
  const of = (...names) =>
    plan.ledger.lines
      .filter(({ name }) => names.includes(name))
      .reduce((sum, { resident_bytes }) => sum + resident_bytes / 2 ** 20, 0);
  const named = [
    ["weights", of("weights", "repacked-weights", "tied-embeddings"), "a"],
    [`conversation: ${plan.context_tokens} tokens`, of("kv-cache"), "b"],
    ["code of Node and llama.cpp", of("host-code"), "c"],
    ["room for schemas and tool calls", of("grammar"), "d"],
    ["vocabulary", of("vocabulary"), "e"],
  ];
  const total = plan.ledger.peak_resident_bytes / 2 ** 20;
  const rest = total - named.reduce((sum, [, mb]) => sum + mb, 0);
  return [
    ["set aside for the program", setAsideMb, "p"],
    ...named,
    ["process and buffers", rest, "f"],
    ["left", BUDGET_MB - setAsideMb - total, "free"],
  ];
}

function measured() {
  const { program, engine } = memory;
  return [
    ["program", program, "p"],
    ["process of the model", engine, "m"],
    ["left", BUDGET_MB - program - engine, "free"],
  ];
}

function draw() {
  const width = 480;
  const margin = 16;
  const rows = [];
  let y = 30;
  const text = (x, at, words, rest = "") => rows.push(`<text x="${x}" y="${at}"${rest}>${asXml(words)}</text>`);
  const bar = (title, id, parts) => {
    text(margin, y, title, ' class="title"');
    y += 12;
    let x = margin;
    rows.push(`<g id="${id}" data-budget-mb="${BUDGET_MB}">`);
    for (const [name, mb, color] of parts) {
      const length = (mb / BUDGET_MB) * (width - 2 * margin);
      rows.push(
        `<rect class="${color}" x="${x.toFixed(1)}" y="${y}" width="${length.toFixed(1)}" height="28" data-mb="${mb.toFixed(1)}"><title>${asXml(name)}: ${mb.toFixed(1)} MB</title></rect>`,
      );
      x += length;
    }
    rows.push("</g>");
    y += 50;
    for (const [name, mb, color] of parts) {
      rows.push(`<rect class="${color}" x="${margin}" y="${y - 12}" width="14" height="14"/>`);
      text(margin + 24, y, name);
      text(width - margin, y, `${mb.toFixed(1)} MB`, ' class="figure"');
      y += 23;
    }
    y += 22;
  };
  bar(`Planned from the file's header (of ${BUDGET_MB} MB)`, "planned", planned());
  bar("Measured after a reply", "measured", measured());
  const date = new Date().toISOString().slice(0, 10);
  const machine = `${process.platform} ${process.arch}, ${cpus().length} cores (${cpus()[0]?.model.replace(/\(\w+\)/g, "") ?? "unknown"})`;
  text(margin, y, `${path.basename(model, ".gguf")}; ${machine}; ${date}`, ' class="note"');
  const height = y + 18;
  const taken = (memory.program + memory.engine).toFixed(0);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title description" font-family="system-ui, sans-serif" font-size="15">
<title id="title">How an agent spends a memory budget of ${BUDGET_MB} MB</title>
<desc id="description">Two bars of ${BUDGET_MB} MB. The first is the plan: ${planned()
    .map(([name, mb]) => `${asXml(name)} ${mb.toFixed(1)} MB`)
    .join(", ")}. The second is what was measured after a reply: ${taken} MB in all.</desc>
<style>
.background { fill: #ffffff; stroke: #d0d7de; } text { fill: #1f2328; } .title { font-weight: 600; } .figure { text-anchor: end; } .note { font-size: 12px; }
.p { fill: #0969da; } .a { fill: #8250df; } .b { fill: #bf3989; } .c { fill: #bc4c00; } .d { fill: #9a6700; } .e { fill: #1a7f37; } .f { fill: #57606a; } .m { fill: #8250df; }
.free { fill: #ffffff; stroke: #57606a; stroke-dasharray: 3 3; }
@media (prefers-color-scheme: dark) {
.background { fill: #0d1117; stroke: #30363d; } text { fill: #e6edf3; }
.p { fill: #58a6ff; } .a { fill: #bc8cff; } .b { fill: #f778ba; } .c { fill: #ffa657; } .d { fill: #e3b341; } .e { fill: #56d364; } .f { fill: #8b949e; } .m { fill: #bc8cff; }
.free { fill: #0d1117; stroke: #8b949e; }
}
</style>
<rect class="background" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>
${rows.join("\n")}
</svg>
`;
}

function asXml(words) {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
