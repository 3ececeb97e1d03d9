import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createBundle, makeKeyPair, signBundle } from "@nanoagent/fleet/bundles";

const pair = makeKeyPair();

/** Config of an agent that starts at once and answers without a model. */
export const AGENT = `spec:
  name: kiosk
  version: "0.1.0"
  capabilities: [status-check, echo]
  max_memory_mb: 256
  max_model_size_mb: 50
device: auto
session:
  dir: ../session
`;

/** A smoke question whose answer is right for an agent without a model. */
export const SMOKE = `name: smoke
tools:
  - name: switch_lamp
    description: Switches a lamp on or off.
    parameters:
      properties:
        room: { type: string, enum: [kitchen, bedroom] }
      required: [room]
scenarios:
  - id: nothing-to-switch
    say: Which hours are you open?
    expect: none
`;

/** A folder with a trusted key, bundles, and the folder of the releases. */
export class UpdateFolder {
  readonly folder: string;
  readonly root: string;
  readonly trust: string;
  readonly privatePem = pair.privatePem;

  private constructor(folder: string) {
    this.folder = folder;
    this.root = path.join(folder, "root");
    this.trust = path.join(folder, "key.pub");
  }

  static async make(): Promise<UpdateFolder> {
    const made = new UpdateFolder(await mkdtemp(path.join(tmpdir(), "nanoagent-bundles-")));
    await writeFile(made.trust, pair.publicPem);
    return made;
  }

  /** Writes a signed bundle. Returns its file. */
  async bundle(sequence: number, files: Readonly<Record<string, string>> = {}): Promise<string> {
    const folder = path.join(this.folder, `source-${sequence}`);
    const all = { "agent.yaml": AGENT, "smoke.yaml": SMOKE, "data/about.txt": `Release ${sequence}.\n`, ...files };
    for (const [name, text] of Object.entries(all)) {
      await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
      await writeFile(path.join(folder, name), text);
    }
    const out = path.join(this.folder, `${sequence}.bundle`);
    await createBundle({ folder, out, name: "kiosk", version: `1.${sequence}.0`, sequence });
    await signBundle(out, pair.privatePem);
    return out;
  }

  /** Arguments of `nanoagent bundle apply`. */
  applying(file: string): string[] {
    return ["bundle", "apply", file, "--root", this.root, "--trust", this.trust, "--json"];
  }
}
