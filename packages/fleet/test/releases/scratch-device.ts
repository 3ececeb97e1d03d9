import { createHash } from "node:crypto";
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  type ApplyBundleOptions,
  type ApplyResult,
  type BundleManifest,
  type BundleModel,
  createBundle,
  makeKeyPair,
  openReleases,
  type ReleaseHost,
  readTrustedKeys,
  signBundle,
} from "../../src/bundles.js";

const pair = makeKeyPair();
/** Keys that the device trusts. */
export const keys = readTrustedKeys([pair.publicPem]);
const privatePem = pair.privatePem;

export interface ScratchBundle {
  sequence: number;
  version?: string;
  name?: string;
  files?: Record<string, string>;
  models?: readonly BundleModel[];
  requires?: BundleManifest["requires"];
  privateKey?: string;
}

/** A folder with bundles and the releases of one device. */
export class ScratchDevice {
  readonly folder: string;
  readonly root: string;
  #count = 0;

  constructor(folder: string, root = path.join(folder, "root")) {
    this.folder = folder;
    this.root = root;
  }

  static async make(): Promise<ScratchDevice> {
    return new ScratchDevice(await mkdtemp(path.join(tmpdir(), "releases-")));
  }

  /** Writes a signed bundle. Returns its file. */
  async bundle({ sequence, files = {}, ...rest }: ScratchBundle): Promise<string> {
    const number = ++this.#count;
    const source = path.join(this.folder, `source-${number}`);
    const all = { "agent.yaml": `name: agent-${sequence}\n`, "tools/say.sh": "#!/bin/sh\n", ...files };
    for (const [name, text] of Object.entries(all)) {
      await mkdir(path.dirname(path.join(source, name)), { recursive: true });
      await writeFile(path.join(source, name), text);
    }
    await chmod(path.join(source, "tools/say.sh"), 0o755);
    const out = path.join(this.folder, `bundle-${number}.bundle`);
    const { name = "kiosk", version = `1.${sequence}.0`, models, requires } = rest;
    await createBundle({ folder: source, out, name, version, sequence, models, requires });
    await signBundle(out, rest.privateKey ?? privatePem);
    return out;
  }

  /** Opens the releases, applies a bundle, and closes them. */
  async apply(file: string, host: ReleaseHost = workingHost(), options: ApplyBundleOptions = {}): Promise<ApplyResult> {
    const releases = await openReleases(this.root, { create: true });
    try {
      return await releases.apply({ file, keys }, host, options);
    } finally {
      await releases.close();
    }
  }

  async applyNew(sequence: number): Promise<ApplyResult> {
    return this.apply(await this.bundle({ sequence }));
  }

  async rollBack(host: ReleaseHost = workingHost(), options: { countsFinished?: boolean } = {}): Promise<ApplyResult> {
    const releases = await openReleases(this.root);
    try {
      return await releases.rollBack(host, options);
    } finally {
      await releases.close();
    }
  }

  link(name = "current"): Promise<string | null> {
    return readlink(path.join(this.root, name)).catch(() => null);
  }

  async names(folder = "releases"): Promise<string[]> {
    return (await readdir(path.join(this.root, folder))).sort();
  }

  async state(): Promise<Record<string, unknown>> {
    return JSON.parse(await readFile(path.join(this.root, "state.json"), "utf8"));
  }

  /** Returns the sequence in use after comparing every file of it with its manifest. Null without a release. */
  async wholeCurrent(): Promise<number | null> {
    const link = await this.link();
    if (link === null) return null;
    const folder = path.join(this.root, link);
    const recordFile = path.join(this.root, "records", `${path.basename(link)}.json`);
    const record = JSON.parse(await readFile(recordFile, "utf8")) as { manifest: string };
    const manifest = JSON.parse(record.manifest) as BundleManifest;
    const found = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    if (found.length !== manifest.files.length)
      throw new Error(`${found.length} files instead of ${manifest.files.length}`);
    for (const file of manifest.files) {
      const bytes = await readFile(path.join(folder, file.path));
      const hash = createHash("sha256").update(bytes).digest("hex");
      const { mode } = await lstat(path.join(folder, file.path));
      if (hash !== file.sha256 || (mode & 0o777) !== file.mode) throw new Error(`${file.path} differs`);
    }
    return manifest.sequence;
  }
}

/** A host whose agents all work. Its calls can be replaced one by one. */
export function workingHost(parts: Partial<ReleaseHost> = {}): ReleaseHost {
  return { version: "0.1.0", models: null, check: async () => [], prove: async () => null, ...parts };
}
