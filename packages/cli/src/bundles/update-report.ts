import { open } from "node:fs/promises";
import { type ApplyResult, FleetError, readHead, readReleases, type UpdateStep } from "@nanoagent/fleet/bundles";
import { NanoAgentError } from "@nanoagent/models";
import type { OptionValues } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import { formatJson } from "../output/format.js";
import { plainText } from "../output/plain-text.js";
import { StatusLine } from "../output/status-line.js";
import { terminalAbilities } from "../output/terminal-style.js";
import type { Streams } from "../streams.js";

const stepTexts: Readonly<Record<UpdateStep, string>> = {
  fetching: "Fetching the bundle",
  verifying: "Verifying the bundle",
  pulling: "Downloading its model",
  checking: "Checking its config",
  proving: "Starting its agent to prove it",
  starting: "Switching to it",
};

/** Shows the steps of an update on stderr, and prints its result. */
export class UpdateReport {
  readonly #streams: Streams;
  readonly #values: OptionValues;
  readonly #status: StatusLine;

  constructor(values: OptionValues, streams: Streams) {
    this.#values = values;
    this.#streams = streams;
    this.#status = new StatusLine(streams.stderr, terminalAbilities(streams.stderr, process.env, false));
  }

  readonly step = (step: UpdateStep, share: number | null): void => {
    const percent = share === null ? "" : `: ${Math.floor(100 * share)} %`;
    this.#status.update(() => `${stepTexts[step]}${percent}`);
  };

  /** Prints a result. Returns the exit code. `done` says for people what was done. */
  print(result: ApplyResult, done: string): number {
    this.#status.clear();
    const isDone = result.state === "applied" || result.state === "current";
    const { stdout, stderr } = this.#streams;
    if (this.#values.json === true) stdout.write(formatJson(result));
    else if (isDone) stdout.write(plainText(`${done}\n`));
    else stderr.write(plainText(`error: ${describeRefusal(result)}\n`));
    return isDone ? exitCodes.done : exitCodes.failed;
  }

  /**
   * Prints an error as a result, for scripts that read one object in every case: with `unknown` as its state if a service may
   * still apply the bundle. Throws all other errors. `file`: the bundle.
   */
  async printError(error: unknown, root: string, file: string | null = null): Promise<number> {
    this.#status.clear();
    const { stdout, stderr, stop } = this.#streams;
    const isInterrupted = stop.aborted;
    if (isInterrupted && !NanoAgentError.isInstance(error)) return exitCodes.interrupted;
    if (!NanoAgentError.isInstance(error)) throw error;
    const reason = [error.message, error.reason, error.hint].filter((part) => part !== null).join(" ");
    if (isInterrupted) stderr.write(plainText(`${reason}\n`));
    if (this.#values.json === true && (isInterrupted || error instanceof FleetError)) {
      const isOpen = isInterrupted || error.code === "update-undecided";
      const list = await readReleases(root).catch(() => null);
      const current = list?.current?.sequence ?? null;
      const state = isOpen ? "unknown" : "refused";
      // A bundle of somebody else may have any name.
      const isNamed = file !== null && error.code !== "bundle-untrusted";
      const bundle = (isNamed ? await factsOf(file) : null) ?? nothing;
      stdout.write(formatJson({ state, ...bundle, current, reason, code: error.code }));
    } else if (!isInterrupted) throw error;
    return isInterrupted ? exitCodes.interrupted : exitCodes.failed;
  }
}

const nothing = { name: "", version: "", sequence: 0, manifest_sha256: "" };

/** Reads which bundle a file has, or null. */
async function factsOf(file: string): Promise<typeof nothing | null> {
  try {
    await using handle = await open(file, "r");
    const { manifest, manifestSha256 } = await readHead(handle);
    const { name, version, sequence } = manifest;
    return { name, version, sequence, manifest_sha256: manifestSha256 };
  } catch {
    return null;
  }
}

function describeRefusal({ state, name, version, sequence, current, reason }: ApplyResult): string {
  const bundle = sequence === 0 ? "The bundle" : `${name} ${version} (sequence ${sequence})`;
  const ended = state === "rolled-back" ? "was rolled back" : "was refused";
  const inUse = current === null ? "No release is in use." : `Release ${current} is still in use.`;
  return `${bundle} ${ended}. ${inUse}\n  why: ${reason}`;
}
