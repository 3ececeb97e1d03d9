import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { Writable } from "node:stream";
import type { NanoAgentConfig } from "@nanoagent/models";
import { MAX_CONFIG_BYTES } from "@nanoagent/runtime/node";
import { readPlacedConfig, readWrittenConfig } from "@nanoagent/runtime/program";
import { type Checked, checkFile } from "../check/check-agent.js";
import { isObject } from "../is-object.js";
import { findWithoutHashing } from "./find-without-hashing.js";

/** The config that a report is about, and what `nanoagent check` says of it. Written and valid forms are read once. */
export class ExaminedConfig {
  readonly file: string;
  /** Whether the file was named, or is the default one. */
  readonly isNamed: boolean;
  #written: Promise<unknown> | null = null;
  #config: Promise<NanoAgentConfig | null> | null = null;
  #checked: Checked | null = null;

  constructor(file: string, isNamed: boolean) {
    this.file = file;
    this.isNamed = isNamed;
  }

  /** The parsed file without any change: no defaults, and `${NAME}` is not replaced. Rejects if it cannot be parsed. */
  written(): Promise<unknown> {
    this.#written ??= readWrittenConfig(this.file);
    return this.#written;
  }

  /** The text of the file, for secrets in one that cannot be parsed; empty if it cannot be read. Never rejects. */
  async text(): Promise<string> {
    const found = await stat(this.file).catch(() => null);
    if (found === null || !found.isFile() || found.size > MAX_CONFIG_BYTES) return "";
    return readFile(this.file, "utf8").catch(() => "");
  }

  /**
   * Does what `nanoagent check` does, except that no model is hashed and nothing is written. Rejects when `signal` aborts,
   * and for errors that `check` does not report as a finding.
   */
  async check(signal: AbortSignal): Promise<Checked> {
    const stderr = new Writable({ write: (_chunk, _encoding, done) => done() });
    const findModel = async (name: string) => (await findWithoutHashing(name)).path;
    const streams = { stderr, stop: signal };
    this.#checked = await checkFile(this.file, { device: null, elsewhere: null, findModel, signal, streams });
    return this.#checked;
  }

  /** The result of the check; null unless it has ended. */
  get checked(): Checked | null {
    return this.#checked;
  }

  /** The valid config with its defaults; null if it is not valid. Does not wait for the check. Never rejects. */
  config(): Promise<NanoAgentConfig | null> {
    this.#config ??= readPlacedConfig(this.file).then(
      ({ config }) => config,
      () => null,
    );
    return this.#config;
  }

  /** The session's folder, also of a config that is not valid; null if it names none. Never rejects. */
  async sessionFolder(): Promise<string | null> {
    const dir = (await this.config())?.session?.dir;
    if (dir !== undefined) return dir;
    const written = await this.written().catch(() => null);
    const session = isObject(written) ? written.session : null;
    if (!isObject(session) || typeof session.dir !== "string") return null;
    return path.resolve(path.dirname(this.file), session.dir);
  }
}
