import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { buildTinyGguf } from "@nanoagent/optimizer/testing";
import { addonPackage } from "@nanoagent/runtime/engines/llama";
import { expect, test } from "vitest";
import { program } from "../run-program.js";
import { Attack, randomNumbers, times } from "./attack.js";
import { temporaryFolder } from "./temporary-folder.js";

const hasAddon = await import(/* @vite-ignore */ addonPackage()).then(
  () => true,
  () => false,
);

interface Outcome {
  /** The part of the output that must not change. */
  text: string;
  /** Whether there was any other message. */
  isSaid: boolean;
  isFault: boolean;
}

/** A folder with everything the program writes: a session of several files, a saved model state, a measurement. */
class Place {
  readonly folder: string;
  readonly files: string[];

  constructor(folder: string) {
    this.folder = folder;
    writeFileSync(path.join(folder, "model.gguf"), buildTinyGguf());
    writeFileSync(
      path.join(folder, "agent.yaml"),
      "spec: {name: a, max_memory_mb: 400}\nmodel_path: model.gguf\nengine: {context: 512}\nsession: {dir: kept/session}\nsampling: {max_tokens: 8, temperature: 0, seed: 1}\nintents: {slots: {t: text}, definitions: [{name: n, sentences: ['note {t}'], answer: 'Noted {t}.'}]}\n",
    );
    // Enough for more than one file of the session.
    const long = Array.from({ length: 900 }, (_, index) => `note ${index} ${"word ".repeat(120)}`);
    this.#run(["run", "--config", "agent.yaml"], `${long.join("\n")}\nhello\n/save\nquit\n`);
    this.#run(["run", "--config", "agent.yaml"], "hello again\n/save\nquit\n");
    this.files = readdirSync(path.join(folder, "kept"), { recursive: true, encoding: "utf8" }).filter((name) =>
      statSync(path.join(folder, "kept", name)).isFile(),
    );
    cpSync(path.join(folder, "kept"), path.join(folder, "good"), { recursive: true });
  }

  /** Restores all files, then damages one of them. */
  damage(name: string, damage: (file: string) => void): void {
    rmSync(path.join(this.folder, "kept"), { recursive: true, force: true });
    cpSync(path.join(this.folder, "good"), path.join(this.folder, "kept"), { recursive: true });
    damage(path.join(this.folder, "kept", name));
  }

  /** Runs `sessions export` and returns its output. */
  export(): Outcome {
    return this.#run(["sessions", "export", "--dir", "kept/session", "--format", "json"]);
  }

  /** Asks the agent and returns its answer. */
  answer(): Outcome {
    const answered = this.#run(["run", "--config", "agent.yaml", "--once", "What now?", "--json"]);
    return { ...answered, text: (answered.text.match(/"content":\s?"(?:[^"\\]|\\.)*"/) ?? [""])[0] };
  }

  #run(args: readonly string[], input = ""): Outcome {
    const { stdout, stderr, status, signal } = spawnSync(process.execPath, [program, ...args], {
      cwd: this.folder,
      encoding: "utf8",
      input,
      timeout: 60_000,
      maxBuffer: 2 ** 26,
      env: { ...process.env, XDG_STATE_HOME: path.join(this.folder, "kept", "state") },
    });
    const isFault = signal !== null || /bug in nanoagent|engine-crashed/.test(stdout + stderr);
    return { text: stdout, isSaid: stderr !== "" || status !== 0, isFault };
  }
}

test.skipIf(!hasAddon)(
  `${times(1000)} flipped bits and ${times(300)} cuts in files of the program (needs llama.cpp's package)`,
  async () => {
    const folder = await temporaryFolder();
    mkdirSync(path.join(folder, "kept"));
    const place = new Place(folder);
    expect(place.files.filter((name) => name.endsWith(".jsonl")).length).toBeGreaterThan(1);
    expect(place.files.length).toBeGreaterThan(3);
    const right = { exported: place.export(), answer: place.answer() };
    const random = randomNumbers();
    const flips = new Attack("one flipped bit in a file that was written");
    const cuts = new Attack("a file that was written, cut off");
    for (let round = 0; round < times(1300); round++) {
      const isCut = round >= times(1000);
      const attack = isCut ? cuts : flips;
      const name = place.files[round % place.files.length] ?? "";
      let where = "";
      place.damage(name, (file) => {
        const bytes = readFileSync(file);
        // Half of the positions are near the beginning, in the headers.
        const at = random(random(2) === 0 ? Math.min(bytes.length, 300) : Math.max(1, bytes.length));
        where = `${name}, byte ${at}`;
        if (isCut) truncateSync(file, at);
        else if (bytes.length > 0) {
          bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
          writeFileSync(file, bytes);
        }
      });
      const judge = (outcome: Outcome, expected: Outcome) => {
        if (outcome.isFault) attack.wrong(where);
        else if (outcome.text !== expected.text && !outcome.isSaid) attack.silent(where);
      };
      const isJournal = name.endsWith(".jsonl");
      if (isJournal) judge(place.export(), right.exported);
      if (!isJournal || round % 8 === 0) judge(place.answer(), right.answer);
      attack.tried();
    }
    flips.finish();
    cuts.finish();
  },
  3_600_000,
);
