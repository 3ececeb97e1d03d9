import { startProgram } from "@nanoagent/runtime/node";

/** Version of libgpiod's programs: they have different command lines. */
export type GpiodVersion = 1 | 2;

/** Runs a program to its end and returns its output. Rejects with an Error whose message is for people. */
export type RunGpiod = (command: readonly string[]) => Promise<string>;

/** A chip, as gpiodetect lists it. */
export interface GpioChip {
  readonly name: string;
  readonly label: string;
  readonly lines: number;
}

/** A line with a name, as gpioinfo lists it. */
export interface NamedLine {
  readonly chip: string;
  readonly offset: number;
  readonly name: string;
}

/** Most output that is read. A board has some hundred lines. */
const MAX_OUTPUT_CHARACTERS = 1_000_000;
const TIMEOUT_MILLISECONDS = 10_000;

const MISSING =
  "The programs of libgpiod are not installed, which are needed to read a GPIO line. Install them: sudo apt install gpiod";

export interface GpiodRunnerOptions {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Explains the error output to people. */
  readonly explain: (said: string) => string;
  readonly signal: AbortSignal;
}

/** Returns a function that runs a program of libgpiod to its end, and ends it when the signal aborts. */
export function gpiodRunner({ folder, environment, explain, signal }: GpiodRunnerOptions): RunGpiod {
  return async (command) => {
    let output = "";
    const decoder = new TextDecoder();
    const program = await startProgram(command, {
      folder,
      environment,
      onOutput: (bytes) => {
        if (output.length < MAX_OUTPUT_CHARACTERS) output += decoder.decode(bytes, { stream: true });
      },
    }).catch(() => {
      throw new Error(MISSING);
    });
    const stop = () => void program.stop();
    const timeout = setTimeout(stop, TIMEOUT_MILLISECONDS);
    signal.addEventListener("abort", stop, { once: true });
    const { exitCode, said } = await program.ended;
    clearTimeout(timeout);
    signal.removeEventListener("abort", stop);
    if (exitCode !== 0) throw new Error(explain(said === "" ? `${command[0]} ended with code ${exitCode}` : said));
    return output;
  };
}

/** Returns the version from `gpiomon --version`, or null for other output. */
export function readVersion(output: string): GpiodVersion | null {
  const [, major] = /\bv?(\d+)\.\d+/.exec(output) ?? [];
  return major === "1" || major === "2" ? (Number(major) as GpiodVersion) : null;
}

/** Reads the output of gpiodetect: `gpiochip0 [pinctrl-rp1] (54 lines)`. */
export function readChips(output: string): GpioChip[] {
  return [...output.matchAll(/^(\S+) \[(.*)\] \((\d+) lines?\)$/gm)].map(([, name = "", label = "", lines]) => ({
    name,
    label,
    lines: Number(lines),
  }));
}

/** Reads the lines that have a name from the output of gpioinfo of version 1. */
export function readNamedLines(output: string): NamedLine[] {
  const lines: NamedLine[] = [];
  let chip = "";
  for (const line of output.split("\n")) {
    const [, header] = /^(\S+) - \d+ lines?:$/.exec(line) ?? [];
    if (header !== undefined) chip = header;
    const [, offset, name] = /^\s+line\s+(\d+):\s+"(.*?)"\s/.exec(line) ?? [];
    if (name !== undefined) lines.push({ chip, offset: Number(offset), name });
  }
  return lines;
}
