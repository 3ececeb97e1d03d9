// Child process: `node sit-idle.mjs FOLDER` loads an agent with the runtime that is installed in FOLDER, answers one
// message, waits, and prints its resident memory in bytes.
import { setTimeout } from "node:timers/promises";
import { nanoagent } from "./contenders/nanoagent.mjs";
import { importFromFolder } from "./import-from-folder.mjs";

const WAIT_MILLISECONDS = 2_000;

const talk = await nanoagent.openTurns(await importFromFolder(process.argv[2] ?? ""));
await talk.ask("Please say once what you see there, then wait.");
await setTimeout(WAIT_MILLISECONDS);
process.stdout.write(String(process.memoryUsage.rss()));
process.exit();
