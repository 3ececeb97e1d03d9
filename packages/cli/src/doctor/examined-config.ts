import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { Writable } from "node:stream";
import type { NanoAgentConfig } from "@nanoagent/models";
import { MAX_CONFIG_BYTES } from "@nanoagent/runtime/node";
import { readWrittenConfig } from "@nanoagent/runtime/program";
import { checkFile } from "../check/check-agent.js";
import type { CheckReport } from "../check/check-report.js";
import { isObject } from "../is-object.js";

/** The config that a report is about, and what `nanoagent check` says of it. Each is read once. */
export class ExaminedConfig {
  readonly file: string;
  /** Whether the file was named, or is the default one. */
  readonly isNamed: boolean;
  #written: Promise<unknown> | null = null;
  #checked: Promise<{ report: CheckReport; config: NanoAgentConfig | null }> | null = null;

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

  /** The findings of `nanoagent check`. Rejects for errors that `check` does not report as a finding. */
  checked(): Promise<{ report: CheckReport; config: NanoAgentConfig | null }> {
    const stderr = new Writable({ write: (_chunk, _encoding, done) => done() });
    const streams = { stderr, stop: new AbortController().signal };
    this.#checked ??= checkFile(this.file, { device: null, elsewhere: null, streams });
    return this.#checked;
  }

  /** The valid config with its defaults; null if it is not valid. */
  async config(): Promise<NanoAgentConfig | null> {
    const { config } = await this.checked().catch(() => ({ config: null }));
    return config;
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
