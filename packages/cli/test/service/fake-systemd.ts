import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { onTestFinished } from "vitest";
import type { ProgramOutcome, RunTool } from "../../src/service/run-tool.js";
import type { ServicePlace } from "../../src/service/service-place.js";
import { Systemd } from "../../src/service/systemd.js";
import type { Streams } from "../../src/streams.js";

const done: ProgramOutcome = { exitCode: 0, stdout: "", stderr: "" };

/** A service of a user in a folder of its own. */
export function makePlace(name = "nanoagent"): ServicePlace & { folder: string } {
  const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-place-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const units = path.join(folder, "units");
  return {
    folder,
    name,
    unit: `${name}.service`,
    isUser: true,
    unitFile: path.join(units, `${name}.service`),
    dropInFolder: path.join(units, `${name}.service.d`),
    stateFolder: path.join(folder, "services", name),
    environmentFile: path.join(folder, `${name}.env`),
    lingerMark: path.join(folder, "services", `${name}.linger`),
  };
}

/** Answers as the programs of systemd do, and remembers what they were asked. */
export class FakeSystemd {
  /** `systemctl` with what it was asked to change, and `loginctl`. */
  readonly changes: string[] = [];
  /** Folders that the system's `rm` removed. */
  readonly removed: string[] = [];
  isActive = false;
  /** Exit code of the service at its next start; null: it becomes ready. */
  exitCode: number | null = null;
  /** Exit code of the check of a config; null: a signal ended it. */
  checkExitCode: number | null = 0;
  checkWords = "";
  onCheck = () => {};
  /** Called before a log is written. */
  onJournal = async () => {};
  /** Called while the service starts. */
  onStart = () => {};
  /** Later than every change of a file. */
  startedAt = 4_000_000_000;
  url = "http://127.0.0.1:7420";
  isLingering = false;
  mayLinger = true;
  log: string[] = [];
  /** File of a unit that nanoagent did not write. */
  fragment: string | null = null;
  mayReadAllLines = true;
  readonly #place: ServicePlace;

  constructor(place: ServicePlace) {
    this.#place = place;
  }

  get systemd(): Systemd {
    return new Systemd(true, this.run, async () => this.mayReadAllLines);
  }

  readonly run: RunTool = async (program, args, { onOutput } = {}) => {
    if (program === "journalctl") {
      const isJson = args.includes("--output=json");
      const lines = this.log.map((MESSAGE) =>
        isJson ? JSON.stringify({ __REALTIME_TIMESTAMP: "1764455000000000", MESSAGE }) : MESSAGE,
      );
      const stdout = lines.map((line) => `${line}\n`).join("");
      await this.onJournal();
      onOutput?.(stdout);
      return { ...done, stdout };
    }
    if (program === "rm") {
      const folder = String(args.at(-1));
      this.removed.push(folder);
      rmSync(folder, { recursive: true, force: true });
      return done;
    }
    if (program === "loginctl") return this.#linger(args);
    if (program === "systemctl") return this.#control(args.slice(1));
    await this.onCheck();
    return { exitCode: this.checkExitCode, stdout: "The report of check.\n", stderr: this.checkWords };
  };

  #linger([verb = ""]: readonly string[]): ProgramOutcome {
    if (verb === "show-user") return { ...done, stdout: this.isLingering ? "yes\n" : "no\n" };
    this.changes.push(verb);
    if (!this.mayLinger) return { ...done, exitCode: 1 };
    this.isLingering = verb === "enable-linger";
    return done;
  }

  #control([verb = "", ...rest]: readonly string[]): ProgramOutcome {
    if (verb === "show") return { ...done, stdout: this.#state() };
    this.changes.push([verb, ...rest.filter((word) => word.startsWith("-"))].join(" "));
    if (verb === "disable" || verb === "stop") this.isActive = false;
    if (verb !== "restart") return done;
    this.onStart();
    this.isActive = this.exitCode === null;
    return this.isActive ? done : { ...done, exitCode: 1, stderr: "Job for nanoagent.service failed.\n" };
  }

  #state(): string {
    const isThere = existsSync(this.#place.unitFile);
    const hasFailed = !this.isActive && this.exitCode !== null;
    return [
      `LoadState=${isThere ? "loaded" : "not-found"}`,
      `ActiveState=${this.isActive ? "active" : hasFailed ? "failed" : "inactive"}`,
      `Result=${hasFailed ? "exit-code" : "success"}`,
      `ExecMainCode=${hasFailed ? 1 : 0}`,
      `ExecMainStatus=${this.exitCode ?? 0}`,
      "UnitFileState=enabled",
      `StatusText=${this.isActive ? `Listening on ${this.url}` : ""}`,
      `MainPID=${this.isActive ? 512 : 0}`,
      `ExecMainStartTimestamp=@${this.isActive ? this.startedAt : ""}`,
      "MemoryCurrent=64000000",
      "MemoryMax=268435456",
      `FragmentPath=${this.fragment ?? (isThere ? this.#place.unitFile : "")}`,
    ].join("\n");
  }
}

/** Streams that keep what is written. */
export function makeStreams(): Streams & { out: () => string; err: () => string } {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const texts = { out: "", err: "" };
  stdout.setEncoding("utf8").on("data", (text) => {
    texts.out += text;
  });
  stderr.setEncoding("utf8").on("data", (text) => {
    texts.err += text;
  });
  return {
    stdin: new PassThrough(),
    stdout,
    stderr,
    stop: new AbortController().signal,
    out: () => texts.out,
    err: () => texts.err,
  };
}
