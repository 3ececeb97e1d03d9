import { readFileSync } from "node:fs";
import { downloadFile } from "../../src/download/download-file.js";
import { readHubEnvironment } from "../../src/environment/hub-environment.js";
import { createHttpClient } from "../../src/network/create-http-client.js";
import type { RemoteFile } from "../../src/sources/remote-model.js";

function statusMegabytes(name: string): number {
  if (process.platform !== "linux") return 0;
  return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync("/proc/self/status", "latin1"))?.[1]) / 1024;
}

const idleMegabytes = statusMegabytes("VmRSS");

/** Downloads one file, and prints the result or the error as JSON: `download-program FILE-AS-JSON TARGET`. */
const [file = "", target = ""] = process.argv.slice(2);
process.on("SIGXFSZ", () => {});
try {
  const client = createHttpClient(readHubEnvironment());
  const result = await downloadFile(JSON.parse(file) as RemoteFile, target, {
    client,
    timeouts: { stallMilliseconds: 300_000 },
  });
  process.stdout.write(JSON.stringify({ ...result, addedMegabytes: statusMegabytes("VmHWM") - idleMegabytes }));
} catch (error) {
  process.stdout.write(JSON.stringify(error));
  process.exitCode = 1;
}
