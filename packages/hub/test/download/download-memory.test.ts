import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { expect, test } from "vitest";
import { startHubMirror } from "../../src/testing/hub-mirror.js";
import { temporaryFolder } from "../temporary-folder.js";
import { buildProgram } from "./build-program.js";
import { remoteFile } from "./downloads.js";

/** Measured: 13 to 18 MB; without collections of the buffers in which the body arrives, 42 to 55 MB. */
const MOST_MEGABYTES = 32;

test.runIf(process.platform === "linux")("a download of any size needs little memory", async () => {
  const weights = Buffer.alloc(150_000_000);
  weights.write("GGUF");
  const mirror = await startHubMirror({ repositories: { "org/tiny": { files: { "a.gguf": weights } } } });
  try {
    const folder = temporaryFolder();
    const file = JSON.stringify(remoteFile(mirror, weights));
    const program = [await buildProgram(folder), file, path.join(folder, "a.gguf")];
    const child = spawn(process.execPath, program, { stdio: ["ignore", "pipe", "inherit"] });
    const [output, [code]] = await Promise.all([child.stdout.setEncoding("utf8").toArray(), once(child, "exit")]);
    expect(code).toBe(0);
    const { addedMegabytes } = JSON.parse(output.join(""));
    expect(addedMegabytes).toBeGreaterThan(0);
    expect(addedMegabytes).toBeLessThan(MOST_MEGABYTES);
  } finally {
    await mirror.close();
  }
});
