// Serves an agent with a session, the page and the metrics, as people would leave it running: one page stays open, a message
// is sent every few seconds, and the metrics are read every 5 seconds. Prints the memory every minute, and at the end whether
// it stayed within its budget. A second program, `nanoagent run`, gets the same messages, to compare with.
//
//   node scripts/systems/serve-hour.mjs [MINUTES] [--model FILE]     default: 60 minutes, an agent with rules
//
// Needs the built program (npm run prestart) and Linux.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const MEGABYTE = 2 ** 20;
/** Resident memory that serving may add to `nanoagent run`, in MB. */
const ADDED_MB = 8;
/** Growth of the smallest reading of a quarter, from the first to the last, in MB: as for 90,000 requests in the benchmarks. */
const GROWTH_MB = 8;
const SCRAPE_MILLISECONDS = 5000;
const MESSAGE_MILLISECONDS = 4000;
const MINUTE_MILLISECONDS = 60_000;
const MESSAGES = ["hello", "how high is the water", "status"];

const { values, positionals } = parseArgs({ options: { model: { type: "string" } }, allowPositionals: true });
const minutes = Number(positionals[0] ?? 60);
if (!(minutes > 0)) throw new Error("The first argument is the number of minutes.");

const program = fileURLToPath(new URL("../../packages/cli/dist/main.js", import.meta.url));
const folder = mkdtempSync(path.join(os.tmpdir(), "nanoagent-hour-"));
const environment = { ...process.env, XDG_STATE_HOME: path.join(folder, "state"), XDG_RUNTIME_DIR: folder };
delete environment.NODE_EXTRA_CA_CERTS;
const limitMegabytes = values.model === undefined ? 128 : 512;

function writeConfig(name) {
  const file = path.join(folder, `${name}.json`);
  const config = {
    spec: { name: "cellar", max_memory_mb: limitMegabytes, capabilities: ["status-check"] },
    device: "auto",
    ...(values.model !== undefined && { model_path: path.resolve(values.model) }),
    session: { dir: path.join(folder, `session-${name}`), retention: { max_mb: 16 } },
    tools: [
      {
        name: "read_level",
        description: "Reads the level of the water.",
        command: ["echo", "3"],
        changes_world: false,
        permission: "always",
      },
    ],
    intents: {
      definitions: [
        {
          name: "water",
          sentences: ["how high is the water"],
          tool: "read_level",
          answer: "The water is {result} cm high.",
        },
      ],
    },
    serve: { port: 0 },
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

const children = [];
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));

function start(args) {
  const child = spawn(process.execPath, [program, ...args], { env: environment, stdio: ["pipe", "pipe", "pipe"] });
  children.push(child);
  child.errors = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    child.errors = `${child.errors}${text}`.slice(-10_000);
  });
  return child;
}

/** Resolves with the first line that a child prints. Later output is dropped. */
async function firstLine(child) {
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (piece) => {
    if (!text.includes("\n")) text += piece;
  });
  while (!text.includes("\n")) {
    if (child.exitCode !== null) throw new Error(`It ended with ${child.exitCode}: ${child.errors}`);
    await wait(20);
  }
  return text.split("\n")[0];
}

/** Resident memory of a process and all that it started, in MB. */
function treeMegabytes(root) {
  const parents = new Map();
  for (const name of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const [, parent] = /\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, "utf8")) ?? [];
      parents.set(Number(name), Number(parent));
    } catch {
      // It has ended.
    }
  }
  const belongs = (pid) => pid === root || (parents.has(pid) && parents.get(pid) > 1 && belongs(parents.get(pid)));
  let kilobytes = 0;
  for (const pid of [...parents.keys()].filter(belongs)) {
    try {
      kilobytes += Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
    } catch {
      // It has ended.
    }
  }
  return kilobytes / 1024;
}

/** A page that stays open: it reads its events, and connects again when the stream ends. */
class OpenPage {
  events = 0;
  reconnects = -1;
  conversation = null;
  #url;

  constructor(url) {
    this.#url = url;
    void this.#read();
  }

  async #read() {
    for (;;) {
      this.reconnects += 1;
      try {
        const query = this.conversation === null ? "" : `?conversation=${this.conversation}`;
        const { body } = await fetch(`${this.#url}/page/events${query}`);
        for await (const piece of body.pipeThrough(new TextDecoderStream())) {
          this.events += piece.split("data: ").length - 1;
        }
      } catch {
        // It connects again.
      }
      await wait(1000);
    }
  }

  async send(message) {
    const response = await fetch(`${this.#url}/page/messages`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ conversation: this.conversation, message }),
    });
    if (response.status !== 202) throw new Error(`The page got ${response.status}: ${await response.text()}`);
    this.conversation = (await response.json()).conversation;
  }
}

/** Sums of the samples of the metrics by name; `health` is the status. */
async function scrape(url) {
  const text = await (await fetch(`${url}/metrics`)).text();
  const sums = {};
  for (const [, name, labels = "", value] of text.matchAll(/^(\w+)(\{.*\})? (\S+)$/gm)) {
    sums[name] = (sums[name] ?? 0) + Number(value);
    if (name === "nanoagent_health" && value === "1") sums.health = /"(\w+)"/.exec(labels)?.[1];
    if (name === "nanoagent_turns_total") sums[labels.replace(/^\{result="(\w+)"\}$/, "$1")] = Number(value);
  }
  return sums;
}

const serving = start(["serve", "--config", writeConfig("serve"), "--json", "--log-level", "warn"]);
const { url } = JSON.parse(await firstLine(serving));
const running =
  values.model === undefined ? start(["run", "--config", writeConfig("run"), "--jsonl", "--device", "auto"]) : null;
running?.stdout.resume();

const page = new OpenPage(url);
const begin = performance.now();
const until = begin + minutes * MINUTE_MILLISECONDS;
const rows = [];
const failures = [];
let scrapes = 0;
let sent = 0;
let mostUsed = 0;
let latest = {};
let [nextScrape, nextMessage, nextRow] = [begin, begin, begin + Math.min(MINUTE_MILLISECONDS, (until - begin) / 4)];

console.log("minute  serve MB  run MB  account MB  of MB  turns  failed  events  health");
while (performance.now() < until && failures.length < 10) {
  const now = performance.now();
  try {
    if (now >= nextMessage) {
      nextMessage += MESSAGE_MILLISECONDS;
      const message = MESSAGES[sent++ % MESSAGES.length];
      running?.stdin.write(`${JSON.stringify({ content: message })}\n`);
      await page.send(message);
    }
    if (now >= nextScrape) {
      nextScrape += SCRAPE_MILLISECONDS;
      latest = await scrape(url);
      scrapes += 1;
      mostUsed = Math.max(mostUsed, latest.nanoagent_memory_bytes / latest.nanoagent_memory_budget_bytes);
      if (latest.health !== "ok") failures.push(`health ${latest.health}`);
    }
  } catch (error) {
    failures.push(String(error));
  }
  if (serving.exitCode !== null || serving.signalCode !== null) {
    failures.push(`The service ended: ${serving.exitCode ?? serving.signalCode} ${serving.errors}`);
    break;
  }
  if (performance.now() >= nextRow) {
    nextRow += MINUTE_MILLISECONDS;
    const row = { serve: treeMegabytes(serving.pid), run: running === null ? null : treeMegabytes(running.pid) };
    rows.push(row);
    const figures = [
      ((performance.now() - begin) / MINUTE_MILLISECONDS).toFixed(0).padStart(6),
      row.serve.toFixed(1).padStart(8),
      (row.run?.toFixed(1) ?? "-").padStart(6),
      (latest.nanoagent_memory_bytes / MEGABYTE).toFixed(1).padStart(10),
      (latest.nanoagent_memory_budget_bytes / MEGABYTE).toFixed(0).padStart(5),
      String(latest.answered).padStart(5),
      String(latest.failed).padStart(6),
      String(page.events).padStart(6),
      latest.health,
    ];
    console.log(figures.join("  "));
  }
  await wait(100);
}

let number = 0;
let failed = 0;
function report(holds, text) {
  number += 1;
  if (!holds) failed += 1;
  console.log(`${holds ? "ok" : "not ok"} ${number} - ${text}`);
}
const mean = (items) => items.reduce((sum, item) => sum + item, 0) / items.length;
const quarter = Math.max(1, Math.floor(rows.length / 4));
// The smallest readings, because garbage that V8 has not collected yet does not count as growth.
const [first, last] = [rows.slice(0, quarter), rows.slice(-quarter)].map((part) =>
  Math.min(...part.map(({ serve }) => serve)),
);
const growth = last - first;
const final = await scrape(url).catch(() => latest);
report(failures.length === 0, `nothing failed (${failures.slice(0, 3).join("; ") || "no failures"})`);
report(final.answered >= sent - 1 && final.failed === 0, `${final.answered} of ${sent} messages are answered`);
report(page.reconnects === 0 && page.events > sent, `the page stayed open, and got ${page.events} events`);
report(
  mostUsed <= 1,
  `at most ${(mostUsed * 100).toFixed(0)} % of spec.max_memory_mb was used, in ${scrapes} readings`,
);
report(
  growth <= GROWTH_MB,
  `resident memory after garbage collection grew by ${growth.toFixed(1)} MB from the first to the last quarter, at most ${GROWTH_MB}`,
);
if (running !== null) {
  const added = mean(rows.slice(-quarter).map(({ serve, run }) => serve - run));
  report(added <= ADDED_MB, `serving takes ${added.toFixed(1)} MB more than nanoagent run, at most ${ADDED_MB}`);
}
console.log(`${number - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
