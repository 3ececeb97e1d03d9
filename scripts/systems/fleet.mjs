// Proves a fleet on a real Mosquitto: agents that are listed, agents that die, an update that its first device refuses, one
// that all devices apply, brokers that are killed, and hostile messages. Prints a row with the figures of each check.
//
//   node scripts/systems/fleet.mjs [--agents N] [--processes N] [--outage SECONDS] [--only NAME,NAME] [--slowness N] [--keep]
//
// Default: 200 agents, 40 of them a `nanoagent serve` of their own, and the others in one process (fleet-agents.mjs). --outage
// is how long a broker is away (default: 10), --slowness multiplies the limits of time, and --keep leaves the folder with all
// files. Needs the built program (npm run prestart), Linux, and Debian's packages mosquitto and mosquitto-clients. Takes about
// 8 minutes and 4 GB of memory.
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { AgentHost, Broker, each, end, linesOf, Program, ServedAgent, until, watchRollback } from "./fleet-parts.mjs";

/** Longest time for `fleet list`, from the start of the program to its end. */
const LIST_SECONDS = 2;
const KEEPALIVE_SECONDS = 10;
/** Longest time from a failed proof to an answer of the old agent. */
const ROLLBACK_SECONDS = 5;
/** Longest time until all agents are registered again at a broker that is back. */
const RETURN_SECONDS = 60;
/** Time without a sign of an agent after which its update has failed: many are updated on one machine here. */
const PATIENCE_SECONDS = 120;
const PREFIX = "works/fleet";
const QUESTION = "which release";
/** Devices that are offline during the update of all others: the last process and the last agent of the other kind. */
const OFFLINE = 2;
/** Size of a file in the bundles, so that they are sent in several pieces. */
const EXTRA_BYTES = 400 * 1024;

const { values } = parseArgs({
  options: {
    agents: { type: "string", default: "200" },
    processes: { type: "string", default: "40" },
    outage: { type: "string", default: "10" },
    only: { type: "string" },
    slowness: { type: "string", default: "1" },
    keep: { type: "boolean", default: false },
  },
});
const [count, processes, outage, slowness] = [values.agents, values.processes, values.outage, values.slowness].map(
  Number,
);
if (!(processes >= 3 && count > processes && outage >= 0 && slowness >= 1)) {
  process.stderr.write("Pass at least 3 --processes, and more --agents than those.\n");
  process.exit(2);
}

const folder = mkdtempSync(path.join(os.tmpdir(), "nanoagent-fleet-"));
process.on("exit", () => {
  if (values.keep) process.stderr.write(`The files are in ${folder}\n`);
  else rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));

const digits = String(count).length;
const idOf = (name, number) => `${name}-${String(number).padStart(digits, "0")}`;
const kioskIds = Array.from({ length: processes }, (_, index) => idOf("kiosk", index + 1));
const sensorIds = Array.from({ length: count - processes }, (_, index) => idOf("sensor", processes + index + 1));
const offlineIds = [kioskIds.at(-1), sensorIds.at(-1)];

const broker = await Broker.start(path.join(folder, "broker"));
const operator = new Program(path.join(folder, "operator"));
const place = ["--broker", broker.url, "--prefix", PREFIX];
const key = path.join(folder, "operator", "fleet.pem");
const trusted = `${key}.pub`;
const kiosks = new Map(kioskIds.map((id) => [id, new ServedAgent(id, folder, broker.url)]));
const canary = kiosks.get(kioskIds[0]);
const bundles = {};
let sensors;

/** An environment variable of the device, in a config. */
const variable = (name) => `\${${name}}`;

/** Makes a signed bundle. Its agent answers a question with the sequence, so that a reply shows which release gave it. */
async function makeBundle(sequence, trust, reply) {
  const source = path.join(folder, `bundle-${sequence}`);
  mkdirSync(source);
  const config = {
    spec: { name: "garden", version: `1.0.${sequence}`, max_memory_mb: 128 },
    device: "auto",
    session: { dir: "../session" },
    intents: { definitions: [{ name: "release", sentences: { en: [QUESTION] }, answer: `Release ${sequence}.` }] },
    mqtt: { url: variable("BROKER"), keepalive_seconds: KEEPALIVE_SECONDS },
    fleet: { id: variable("DEVICE_ID"), site: variable("SITE"), prefix: PREFIX, trust: [trust] },
  };
  const scenarios = [{ id: "greeting", say: "hello", reply: { contains: [reply] } }];
  writeFileSync(path.join(source, "agent.yaml"), JSON.stringify(config));
  writeFileSync(path.join(source, "smoke.yaml"), JSON.stringify({ name: "smoke", tools: [], scenarios }));
  writeFileSync(path.join(source, "extra.bin"), randomBytes(EXTRA_BYTES));
  const file = path.join(folder, `garden-${sequence}.bundle`);
  const names = ["--name", "garden", "--version", `1.0.${sequence}`, "--sequence", String(sequence)];
  await operator.run(["bundle", "create", source, "--out", file, ...names]);
  await operator.run(["bundle", "sign", file, "--key", key]);
  return file;
}

/** Agents as `fleet list` prints them. */
async function list() {
  const { value, stderr, seconds } = await operator.json(["fleet", "list", ...place]);
  return { agents: value, online: value.filter(({ online }) => online), stderr, seconds };
}

/** Offers a bundle to all agents. Resolves with the result, and with the time until it. */
async function update(bundle, options, expected = 0) {
  const patience = ["--patience", String(PATIENCE_SECONDS)];
  const args = ["fleet", "update", "all", bundle, ...options, ...patience, ...place, "--json"];
  const { stdout, seconds } = await operator.run(args, expected);
  return { seconds, result: JSON.parse(stdout.trimEnd().split("\n").at(-1)) };
}

/** Waits until as many agents are listed as online. Resolves with the time that it took. */
async function untilOnline(number, seconds) {
  const began = performance.now();
  let found = 0;
  const isThere = async () => {
    found = (await list().catch(() => ({ online: [] }))).online.length;
    return found === number;
  };
  await until(isThere, seconds * slowness * 1000, () => `${found} of ${number} agents are online`, 200);
  return secondsSince(began);
}

/** Everything about the agents but their health, which must be the same before and after an outage. */
const essence = ({ agents }) => JSON.stringify(agents.map(({ health: _, ...rest }) => rest));
const sequenceOf = (agent) => agent.bundle?.sequence ?? null;

const checks = {
  "agents from a first bundle": async () => {
    const { stdout } = await operator.run(["bundle", "new-key", key, "--json"]);
    const trust = JSON.parse(stdout).public_key ?? fail(`no public key in ${stdout}`);
    bundles.first = await makeBundle(1, trust, "Hello from garden");
    bundles.bad = await makeBundle(2, trust, "Good morning");
    bundles.good = await makeBundle(3, trust, "Hello from garden");
    sensors = new AgentHost({ broker: broker.url, folder, bundle: bundles.first, key: trusted });
    await Promise.all([
      each(kiosks.values(), 3, async (kiosk) => {
        await kiosk.install(bundles.first, trusted);
        await kiosk.start();
      }),
      each(sensorIds, 4, (id) => sensors.start(id)),
    ]);
    await untilOnline(count, 120);
    const megabytes = median([...kiosks.values()].map((kiosk) => kiosk.megabytes));
    const each_ = sensors.megabytes / sensorIds.length;
    return `${processes} processes of ${megabytes.toFixed(0)} MB, and ${sensorIds.length} agents in one of ${each_.toFixed(1)} MB each`;
  },

  "fleet list": async () => {
    const times = [];
    for (let run = 0; run < 5; run++) {
      const { agents, online, seconds } = await list();
      expect(agents.length === count && online.length === count, `${online.length} of ${agents.length} are online`);
      expect(
        agents.every((agent) => sequenceOf(agent) === 1),
        "not all agents have the first bundle",
      );
      times.push(seconds);
    }
    const figures = `${count} agents, best ${Math.min(...times).toFixed(2)} s, median ${median(times).toFixed(2)} s`;
    expect(median(times) <= LIST_SECONDS * slowness, figures);
    return figures;
  },

  "fleet ask": async () => {
    const answers = [];
    for (const id of [kioskIds[0], sensorIds[0]]) {
      const { stdout, seconds } = await operator.run(["fleet", "ask", id, QUESTION, ...place]);
      expect(stdout.trim() === "Release 1.", `${id} answered: ${stdout}`);
      answers.push(`${seconds.toFixed(2)} s`);
    }
    return answers.join(" and ");
  },

  "an agent that is killed": async () => {
    const [, id] = kioskIds;
    const killed = await seeOffline(id, (kiosk) => kiosk.signal("SIGKILL"));
    await kiosks.get(id).end();
    await kiosks.get(id).start();
    await untilOnline(count, 30);
    return `offline after ${killed.toFixed(2)} s`;
  },

  "an agent that hangs": async () => {
    const [, id] = kioskIds;
    const hung = await seeOffline(id, (kiosk) => kiosk.signal("SIGSTOP"));
    const began = performance.now();
    kiosks.get(id).signal("SIGCONT");
    await untilOnline(count, 30);
    const limit = 1.5 * KEEPALIVE_SECONDS;
    const figures = `offline after ${hung.toFixed(2)} s (1.5 × keep-alive is ${limit} s), back ${secondsSince(began).toFixed(2)} s after it continued`;
    expect(hung <= limit * slowness, figures);
    return figures;
  },

  "a bundle that fails its smoke question": async () => {
    const before = await list();
    const offers = broker.listen(`${PREFIX}/+/offer`);
    const witness = watchRollback(canary, QUESTION);
    const updating = update(bundles.bad, ["--canary", "1"], 1);
    const { outage: longest, rollback } = await witness.end(updating);
    const { result, seconds } = await updating.finally(() => offers.end());
    const [failure] = result.failed;
    expect(result.type === "roll-out-end" && result.state === "stopped", `the update ended with ${result.state}`);
    expect(
      result.failed.length === 1 && failure.id === canary.id,
      `other agents failed: ${JSON.stringify(result.failed)}`,
    );
    expect(result.not_offered.length >= count - 1, `${result.not_offered.length} agents were left alone`);
    expect(String(offers.topics) === `${PREFIX}/${canary.id}/offer`, `offers were made at ${offers.topics}`);
    const isBack = async () => {
      const after = await list();
      const found = after.agents.find(({ id }) => id === canary.id);
      return found.online && sequenceOf(found) === 1 && found.health.status === "ok" ? after : null;
    };
    const after = await until(isBack, 20_000 * slowness, "the canary is not back at its release", 200);
    const others = ({ agents }) => essence({ agents: agents.filter(({ id }) => id !== canary.id) });
    expect(others(after) === others(before), "other agents have changed");
    expect((await canary.ask(QUESTION)).text === "Release 1.", "the canary does not answer as before");
    const pieces = await broker.retained(`${PREFIX}/bundle/#`);
    expect(pieces.length === 0, `${pieces.length} pieces of the bundle are still at the broker`);
    const figures = `stopped after ${seconds.toFixed(1)} s: ${failure.reason} The old agent answered ${rollback.toFixed(2)} s after the failed proof, and a message waited ${longest.toFixed(1)} s at most`;
    expect(rollback < ROLLBACK_SECONDS * slowness, figures);
    return figures;
  },

  "a good bundle": async () => {
    await kiosks.get(offlineIds[0]).end();
    await sensors.stop(offlineIds[1]);
    await untilOnline(count - OFFLINE, 30);
    const canaries = String(Math.min(3, processes - 1));
    const { result, seconds } = await update(bundles.good, ["--canary", canaries]);
    expect(
      result.state === "done" && result.failed.length === 0,
      `the update ended with ${JSON.stringify(result).slice(0, 500)}`,
    );
    expect(result.applied.length === count - OFFLINE, `${result.applied.length} agents applied it`);
    expect(String(result.waiting) === String(offlineIds), `these agents have not finished: ${result.waiting}`);
    const hasMoved = async () => {
      const found = (await list()).agents.filter((agent) => agent.online && sequenceOf(agent) === 3);
      return found.length === count - OFFLINE;
    };
    await until(hasMoved, 30_000 * slowness, "the cards do not name the new bundle", 200);
    expect((await canary.ask(QUESTION)).text === "Release 3.", "the canary does not answer from the new bundle");
    return `${result.applied.length} agents in ${seconds.toFixed(1)} s`;
  },

  "agents that were offline catch up": async () => {
    const began = performance.now();
    await Promise.all([kiosks.get(offlineIds[0]).start(), sensors.start(offlineIds[1])]);
    let late = [];
    const hasAll = async () => {
      late = (await list()).agents.filter((agent) => !agent.online || sequenceOf(agent) !== 3);
      return late.length === 0;
    };
    const describe = () =>
      `they did not apply the bundle: ${late.map(({ id, online, update }) => JSON.stringify({ id, online, update }))}`;
    await until(hasAll, 60_000 * slowness, describe, 200);
    return `${secondsSince(began).toFixed(1)} s after their start`;
  },

  "the same update again": async () => {
    const { result, seconds } = await update(bundles.good, []);
    expect(result.state === "done" && result.applied.length === count, `the update ended with ${result.state}`);
    return `nothing to do, in ${seconds.toFixed(1)} s`;
  },

  "a broker that is killed": () => restartBroker(false),

  "a broker that loses its data": () => restartBroker(true),

  "malformed cards": async () => {
    const hostile = {
      "not-json": "{",
      empty: "null",
      other: JSON.stringify({ format: 1, id: kioskIds[0] }),
      newer: JSON.stringify({ format: 2, id: "newer" }),
      deep: "[".repeat(50_000),
      large: JSON.stringify({ format: 1, id: "large", site: "x".repeat(500_000) }),
    };
    for (const [id, text] of Object.entries(hostile)) {
      await broker.publish(`${PREFIX}/${id}/card`, text);
      await broker.publish(`${PREFIX}/${id}/status`, "online");
    }
    const { agents, stderr } = await list();
    expect(agents.length === count, `${agents.length} agents are listed`);
    const [, unreadable] = /(\d+) cards are left out/.exec(stderr) ?? [];
    const number = Object.keys(hostile).length;
    expect(Number(unreadable) === number, `the ${number} cards are not counted: ${stderr}`);
    await each(Object.keys(hostile), 3, (id) => operator.run(["fleet", "forget", id, "--force", ...place]));
    const left = (await list()).stderr;
    expect(left === "", `something is left of them: ${left}`);
    return stderr.trim().replaceAll("\n", " ");
  },

  "fleet forget": async () => {
    const id = kioskIds.at(-1);
    await operator.run(["fleet", "forget", id, ...place], 1);
    expect((await list()).agents.length === count, "an agent that is online was forgotten");
    await kiosks.get(id).end();
    await untilOnline(count - 1, 30);
    const before = await broker.retained(`${PREFIX}/${id}/#`);
    await operator.run(["fleet", "forget", id, ...place]);
    const after = await broker.retained(`${PREFIX}/${id}/#`);
    expect(before.length > 2 && after.length === 0, `${after.length} of ${before.length} topics are left`);
    expect((await list()).agents.length === count - 1, "it is still listed");
    await kiosks.get(id).start();
    await untilOnline(count, 30);
    return `${before.length} topics cleared, and the agent registers again when it starts`;
  },
};

/** Does something to a process, and resolves with the seconds until `fleet watch` tells that it is offline. */
async function seeOffline(id, act) {
  const watch = operator.start(["fleet", "watch", ...place, "--json"]);
  try {
    const lines = linesOf(watch);
    await until(() => watch.errors.includes("Watching"), 20_000, "fleet watch does not begin");
    const began = performance.now();
    act(kiosks.get(id));
    const isOffline = ({ value }) => value.id === id && value.online === false;
    const { came } = await until(
      () => lines.find(isOffline),
      60_000,
      () => `${id} is not seen as offline: ${watch.errors}`,
      10,
    );
    return (came - began) / 1000;
  } finally {
    await end(watch, "SIGINT");
  }
}

async function restartBroker(losesData) {
  const before = await list();
  // The broker writes its file every second.
  if (!losesData) await pause(2000);
  await broker.kill();
  if (losesData) broker.removeData();
  await pause(outage * 1000);
  await broker.startAgain();
  const seconds = await untilOnline(count, RETURN_SECONDS);
  const isSame = async () => essence(await list()) === essence(before);
  await until(isSame, 10_000 * slowness, "the agents are not listed as before", 500);
  return `away for ${outage} s, all ${count} online ${seconds.toFixed(1)} s after its start, with the same cards and updates`;
}

const counts = { passed: 0, failed: 0 };
const [first] = Object.keys(checks);
const only = values.only?.split(",");
for (const [name, check] of Object.entries(checks)) {
  if (only !== undefined && name !== first && !only.includes(name)) continue;
  const began = performance.now();
  try {
    const figures = await check();
    counts.passed += 1;
    console.log(`ok       ${name}: ${figures} (${secondsSince(began).toFixed(1)} s)`);
  } catch (error) {
    counts.failed += 1;
    console.log(`FAILED   ${name}: ${error.message.replace(/\s+/g, " ").slice(0, 1500)}`);
    // Without agents there is nothing to check.
    if (name === first) break;
  }
}
if (counts.failed > 0) {
  const notes = sensors?.notes.trim().split("\n").slice(-10).join("\n");
  process.stderr.write(
    `Last notices of the agents in one process:\n${notes}\nEnd of the canary's log:\n${canary.log.slice(-3000)}\n`,
  );
}
await each(kiosks.values(), 10, (kiosk) => kiosk.end().catch(() => {}));
await broker.kill();
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed === 0 ? 0 : 1);

function secondsSince(began) {
  return (performance.now() - began) / 1000;
}

function median(numbers) {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)];
}

function expect(holds, otherwise) {
  if (!holds) fail(otherwise);
}

function fail(message) {
  throw new Error(message);
}
