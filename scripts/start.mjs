// What `npm start` shows: this machine's profile, then the example agent, loaded on it and ready to talk.
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const program = path.join(root, "packages/cli/dist/main.js");
const config = path.join(root, "examples/field-assistant/agent.yaml");

process.exitCode = await nanoagent("profile");
if (process.exitCode === 0) {
  process.stdout.write("\n");
  process.exitCode = await nanoagent("run", "--config", config, "--device", "auto");
}

/** Runs the program as if it had been called itself: signals reach it, and its exit code is ours. */
async function nanoagent(...commandLine) {
  const child = spawn(process.execPath, [program, ...commandLine], { stdio: "inherit" });
  const pass = (signal) => child.kill(signal);
  // Ctrl-C at a terminal has reached the child already; here it only must not end its parent.
  const ignore = () => {};
  process.on("SIGINT", ignore).on("SIGTERM", pass).on("SIGHUP", pass);
  const [exitCode] = await once(child, "exit");
  process.off("SIGINT", ignore).off("SIGTERM", pass).off("SIGHUP", pass);
  return exitCode ?? 1;
}
