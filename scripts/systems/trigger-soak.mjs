// Kills an agent with triggers and its broker (a real Mosquitto) at random moments, under messages and schedules, and checks in
// the end that nothing is lost, doubled or hidden: packages/cli/test/soak/triggers. Prints the progress and the figures. After a
// failure, the folder with the evidence stays.
//
//   node scripts/systems/trigger-soak.mjs [--kills N] [--broker-kills N] [--seed N] [--program serve|triggers]
//
// Default: 1000 kills of `nanoagent serve` and 100 of the broker, which take 20 minutes. Needs the built program (npm run
// prestart) and Debian's packages mosquitto and mosquitto-clients.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "1000" },
    "broker-kills": { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    program: { type: "string", default: "serve" },
  },
});
const { status } = spawnSync(
  process.execPath,
  [
    "node_modules/vitest/vitest.mjs",
    "run",
    "--config",
    process.env.NANOAGENT_VITEST_CONFIG ?? "scripts/vitest.config.ts",
    "--project",
    "cli",
    "trigger-kills",
  ],
  {
    cwd: path.resolve(import.meta.dirname, "../.."),
    stdio: "inherit",
    env: {
      ...process.env,
      NANOAGENT_KILLS: values.kills,
      NANOAGENT_BROKER_KILLS: values["broker-kills"],
      NANOAGENT_SOAK_SEED: values.seed,
      NANOAGENT_SOAK_PROGRAM: values.program,
    },
  },
);
process.exit(status ?? 1);
