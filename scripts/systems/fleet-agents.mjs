// Runs many agents of a fleet in one process, for fleet.mjs: each has its own service, connection to the broker and folder of
// releases. Updates are verified, unpacked and switched to as in `nanoagent serve`; only the check and the proof of a release
// always succeed. The parent sends `{ call, what, id }`, where `what` is `start` or `stop`, and gets `{ call, error? }`.
//
//   node fleet-agents.mjs JSON     { broker, folder, bundle, key }
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";

const built = (name, file = "index") => new URL(`../../packages/${name}/dist/${file}.js`, import.meta.url).href;
const { openFleetMember, Updater } = await import(built("fleet"));
const { openReleases, readReleases, readTrustedKeys } = await import(built("fleet", "bundles"));
const { openAgent } = await import(built("runtime"));
const { readConfig } = await import(built("runtime", "node"));
const { createServer } = await import(built("server"));

const { broker, folder, bundle, key } = JSON.parse(process.argv[2]);
const version = JSON.parse(
  await readFile(new URL("../../packages/fleet/package.json", import.meta.url), "utf8"),
).version;
const boards = [
  { platform: "linux-arm64", memory_mb: 512, cpu_cores: 4 },
  { platform: "linux-arm64", memory_mb: 8192, cpu_cores: 4 },
  { platform: "linux-x64", memory_mb: 16_384, cpu_cores: 8 },
];
const agents = new Map();

process.on("message", async ({ call, what, id }) => {
  try {
    if (what === "start") agents.set(id, await startAgent(id));
    else {
      await agents.get(id)?.();
      agents.delete(id);
    }
    process.send({ call });
  } catch (error) {
    process.send({ call, error: `${id}: ${error.stack}` });
  }
});
process.on("disconnect", () => process.exit());

/** Starts an agent, from the first bundle if it has no release yet. Resolves with a function that stops it. */
async function startAgent(id) {
  const root = path.join(folder, id, "root");
  const config = path.join(root, "current", "agent.yaml");
  const device = { device_id: id, ...boards[Number(id.replaceAll(/\D/g, "")) % boards.length] };
  const environment = { ...process.env, BROKER: broker, DEVICE_ID: id, SITE: "potsdam" };
  const open = async () =>
    openAgent(await readConfig(config, { environment, device: "auto", profile: async () => device }));
  const releases = await openReleases(root, { create: true, name: "fleet-agents" });
  const succeeds = {
    version,
    models: null,
    check: async () => [],
    checkReach: async () => [],
    prove: async () => null,
  };
  if ((await readReleases(root)).current === null) {
    const keys = readTrustedKeys([await readFile(key, "utf8")]);
    const { state, reason } = await releases.apply({ file: bundle, keys }, succeeds);
    if (state !== "applied") throw new Error(`The first bundle was ${state}: ${reason}`);
  }
  const host = {
    ...succeeds,
    change: async (steps) => {
      const next = async () => {
        await steps.prove();
        await steps.moveOn();
        return open();
      };
      const previous = async () => {
        await steps.moveBack();
        return open();
      };
      await server.replaceAgent(next, previous);
    },
  };
  const updater = await Updater.open({
    releases,
    host,
    trust: () => server.agent.config.fleet?.trust ?? [],
    onNotice: ({ level, message }) => note(id, level, message),
  });
  const readFacts = async () => {
    const { name, version: bundleVersion, sequence } = (await readReleases(root)).current;
    return {
      device,
      measurement: null,
      config_sha256: createHash("sha256")
        .update(await readFile(config))
        .digest("hex"),
      bundle: { name, version: bundleVersion, sequence },
      takes_updates: true,
    };
  };
  const server = createServer(await open(), {
    version,
    environment,
    stateFolder: path.join(folder, id, "state"),
    log: ({ level, event, message }) => level !== "info" && note(id, level, `${event}: ${message}`),
    joinFleet: (seat) => openFleetMember(seat, { settings: seat.agent.agent.config.fleet ?? {}, readFacts, updater }),
  });
  await server.listen({ host: "127.0.0.1", port: 0 });
  return async () => {
    await server.close();
    await updater.close();
    await releases.close();
    await server.agent.close();
  };
}

/** Only the end of this output is kept, for failures. */
function note(id, level, message) {
  process.stderr.write(`${id}: ${level}: ${message}\n`);
}
