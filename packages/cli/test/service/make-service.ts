import { writeFileSync } from "node:fs";
import path from "node:path";
import { installService } from "../../src/service/install-service.js";
import { FakeSystemd, makePlace, makeStreams } from "./fake-systemd.js";

/** A program outside temporary folders, wherever this clone is. */
export const LASTING = "/bin/sh";

/** A service of a config in a folder of its own, and its installation. */
export function makeService(config = "spec: { name: shed, max_memory_mb: 256 }\nserve: { port: 0 }\n", name?: string) {
  const place = makePlace(name);
  const file = path.join(place.folder, "agent.yaml");
  writeFileSync(file, config);
  const fake = new FakeSystemd(place);
  const install = async (values = {}, stop = new AbortController().signal) => {
    const streams = { ...makeStreams(), stop };
    const exitCode = await installService(place, { config: file, ...values }, streams, fake.systemd, LASTING);
    return { exitCode, out: streams.out(), err: streams.err() };
  };
  return { place, file, fake, install };
}
