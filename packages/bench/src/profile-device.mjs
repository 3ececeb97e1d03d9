// Child process: `node profile-device.mjs FOLDER PROGRAM` reads the facts of the device with a package that is
// installed in FOLDER, and prints { milliseconds, bytes } for the import and the reading. @nanoagent/models is imported
// before: every user of nanoagent has it anyway.
import { setTimeout } from "node:timers/promises";
import { importFromFolder } from "./import-from-folder.mjs";

const WATCH_MILLISECONDS = 20_000;

const [folder = "", program = ""] = process.argv.slice(2);

/** @type {Record<string, (load: import("./import-from-folder.mjs").Import) => Promise<unknown>>} */
const programs = {
  "nanoagent-import": (load) => load("@nanoagent/profiler"),
  "nanoagent-memory": async (load) => new (await load("@nanoagent/profiler")).DeviceMemoryProbe().read(),
  nanoagent: async (load) => new (await load("@nanoagent/profiler")).DeviceProfiler().profileInDetail(),
  "systeminformation-import": (load) => load("systeminformation"),
  "systeminformation-memory": async (load) => (await load("systeminformation")).mem(),
  "systeminformation-cpu": async (load) => (await load("systeminformation")).cpu(),
  systeminformation: async (load) => (await load("systeminformation")).getStaticData(),
  "nanoagent-watch": async (load) => {
    const { watchDevice } = await load("@nanoagent/profiler");
    // The first reading also loads code for the others.
    await new Promise((resolve) => watchDevice({ onReading: resolve }));
    const before = process.cpuUsage();
    const begin = performance.now();
    await setTimeout(WATCH_MILLISECONDS);
    const { user, system } = process.cpuUsage(before);
    const milliseconds = performance.now() - begin;
    process.stdout.write(JSON.stringify({ share: (user + system) / 1000 / milliseconds, milliseconds, bytes: 0 }));
    process.exit();
  },
};

const load = await importFromFolder(folder);
if (program.startsWith("nanoagent")) await load("@nanoagent/models");
const bytes = process.memoryUsage.rss();
const begin = performance.now();
await programs[program]?.(load);
process.stdout.write(
  JSON.stringify({ milliseconds: performance.now() - begin, bytes: process.memoryUsage.rss() - bytes }),
);
process.exit();
