import { writeFile } from "node:fs/promises";
import path from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { makeKeyPair, openReleases } from "@nanoagent/fleet/bundles";
import { expect, test } from "vitest";
import { applyBundle } from "../../src/bundles/apply.js";
import { UpdateFolder } from "./update-folder.js";

async function apply(place: UpdateFolder, file: string, trust = place.trust) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const values = { path: file, root: place.root, trust: [trust], json: true };
  const exitCode = await applyBundle(values, { stdin, stdout, stderr, stop: new AbortController().signal }, []);
  stdout.end();
  return { exitCode, result: JSON.parse(await text(stdout)) };
}

const facts = {
  name: "kiosk",
  version: "1.4.0",
  sequence: 4,
  manifest_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
};

test("the result names the bundle that an unusable folder did not take", async () => {
  const place = await UpdateFolder.make();
  await writeFile(place.root, "not a folder");
  const { exitCode, result } = await apply(place, await place.bundle(4));
  expect({ exitCode, ...result }).toMatchObject({ exitCode: 1, state: "refused", code: "releases-unusable", ...facts });
});

test("the result names the bundle that a busy folder did not take", async () => {
  const place = await UpdateFolder.make();
  const releases = await openReleases(place.root, { create: true, name: "nanoagent bundle" });
  try {
    const { exitCode, result } = await apply(place, await place.bundle(4));
    expect({ exitCode, ...result }).toMatchObject({ exitCode: 1, state: "refused", code: "releases-busy", ...facts });
  } finally {
    await releases.close();
  }
});

test("the result does not repeat the name in a bundle that no trusted key has signed", async () => {
  const place = await UpdateFolder.make();
  const trust = path.join(place.folder, "other.pub");
  await writeFile(trust, makeKeyPair().publicPem);
  const { result } = await apply(place, await place.bundle(4), trust);
  expect(result).toMatchObject({ state: "refused", code: "bundle-untrusted", name: "", sequence: 0 });
});
