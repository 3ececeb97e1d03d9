import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { startOllamaMirror } from "../../src/testing/ollama-mirror.js";

test("the manifest names layers, whose blobs are sent by the second server", async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "ollama-mirror-"));
  const file = path.join(folder, "tiny.gguf");
  await writeFile(file, "GGUF from a file");
  const mirror = await startOllamaMirror({ models: { "library/tiny:latest": { gguf: file, template: "x" } } });
  try {
    const answer = await fetch(`${mirror.url}/v2/library/tiny/manifests/latest`);
    const { layers } = (await answer.json()) as { layers: { mediaType: string; digest: string }[] };
    expect(layers.map(({ mediaType }) => mediaType)).toEqual([
      "application/vnd.ollama.image.model",
      "application/vnd.ollama.image.template",
    ]);
    const digest = layers[0]?.digest ?? "";
    expect(digest).toBe(`sha256:${createHash("sha256").update("GGUF from a file").digest("hex")}`);
    const address = `${mirror.url}/v2/library/tiny/blobs/${digest}`;
    const redirect = await fetch(address, { redirect: "manual" });
    expect(redirect.status).toBe(307);
    expect(new URL(redirect.headers.get("location") ?? "").origin).toBe(mirror.blobsUrl);
    expect(await (await fetch(address, { headers: { range: "bytes=0-3" } })).text()).toBe("GGUF");
    for (const missing of ["tiny/manifests/other", "tiny/blobs/sha256:00", "tiny", ""]) {
      expect((await fetch(`${mirror.url}/v2/library/${missing}`)).status).toBe(404);
    }
  } finally {
    await mirror.close();
    await rm(folder, { recursive: true });
  }
});
