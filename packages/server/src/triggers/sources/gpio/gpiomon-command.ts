import { type GpioSource, parseDuration } from "@nanoagent/models";
import {
  type GpioChip,
  type GpiodVersion,
  type NamedLine,
  type RunGpiod,
  readChips,
  readNamedLines,
  readVersion,
} from "./gpiod-programs.js";

/** The program that reports the edges of a line. */
export interface GpiomonCommand {
  readonly version: GpiodVersion;
  readonly command: readonly string[];
}

/** Longest debounce of the kernel, in microseconds. */
const MAX_DEBOUNCE_MICROSECONDS = 2 ** 32 - 1;

/**
 * Finds the chip and the line of a source, and returns the command that watches it. Rejects with an Error whose message
 * is for people.
 */
export async function findGpiomonCommand(settings: GpioSource, run: RunGpiod): Promise<GpiomonCommand> {
  const version = readVersion(await run(["gpiomon", "--version"]));
  if (version === null) {
    throw new Error("The version of gpiomon is not known: only 1 and 2 are. Install another version of gpiod.");
  }
  const chip = settings.chip === undefined ? null : await findChip(settings.chip, run);
  if (version === 2) return { version, command: secondCommand(settings, await chipOfOffset(settings, chip, run)) };
  const place =
    typeof settings.line === "number"
      ? { chip: await chipOfOffset(settings, chip, run), offset: settings.line }
      : await findNamedLine(settings.line, chip, run);
  return { version, command: firstCommand(settings, place.chip ?? "", place.offset) };
}

/** Version 1 has no debounce, so all edges are needed to know the level after it. */
export function firstCommand({ edge, bias, debounce }: GpioSource, chip: string, offset: number): string[] {
  const isOneEdge = debounce === undefined && (edge === "rising" || edge === "falling");
  return [
    "gpiomon",
    "--line-buffered",
    ...(isOneEdge ? [`--${edge}-edge`] : []),
    ...(bias === undefined ? [] : [`--bias=${bias === "disabled" ? "disable" : bias}`]),
    "--format=%e %s.%n",
    chip,
    String(offset),
  ];
}

export function secondCommand({ line, edge = "both", bias, debounce }: GpioSource, chip: string | null): string[] {
  return [
    "gpiomon",
    `--edges=${edge}`,
    ...(bias === undefined ? [] : [`--bias=${bias}`]),
    ...(debounce === undefined ? [] : [`--debounce-period=${microseconds(debounce)}us`]),
    "--event-clock=realtime",
    "--format=%E %S",
    ...(chip === null ? [] : [`--chip=${chip}`]),
    ...(typeof line === "number" ? [] : ["--by-name"]),
    "--",
    String(line),
  ];
}

function microseconds(debounce: string): number {
  return Math.min(Math.round((parseDuration(debounce) ?? 0) * 1000), MAX_DEBOUNCE_MICROSECONDS);
}

/** Returns the name of a chip. Numbers, names and paths are those of the programs; a label is looked up. */
async function findChip(chip: string, run: RunGpiod): Promise<string> {
  if (/^(?:\d+|gpiochip\d+|\/.*)$/.test(chip)) return chip;
  const chips = readChips(await run(["gpiodetect"]));
  const found = chips.find(({ name, label }) => label === chip || name === chip);
  if (found !== undefined) return found.name;
  throw new Error(`No GPIO chip has the name or label ${chip}. ${listChips(chips)} Correct gpio.chip.`);
}

/** An offset needs a chip: the given one, or the only one of the device. A name needs none. */
async function chipOfOffset({ line }: GpioSource, chip: string | null, run: RunGpiod): Promise<string | null> {
  if (chip !== null || typeof line === "string") return chip;
  const chips = readChips(await run(["gpiodetect"]));
  const [first, second] = chips;
  if (first !== undefined && second === undefined) return first.name;
  if (first === undefined) throw new Error(listChips(chips));
  throw new Error(`Line ${line} can be of several GPIO chips. ${listChips(chips)} Set gpio.chip.`);
}

async function findNamedLine(line: string, chip: string | null, run: RunGpiod): Promise<NamedLine> {
  const lines = readNamedLines(await run(["gpioinfo", ...(chip === null ? [] : [chip])]));
  const found = lines.find(({ name }) => name === line);
  if (found !== undefined) return found;
  const place = chip === null ? "" : ` on ${chip}`;
  throw new Error(`No GPIO line has the name ${line}${place}. Correct gpio.line; gpioinfo lists all lines.`);
}

function listChips(chips: readonly GpioChip[]): string {
  if (chips.length === 0) {
    return "This device has no GPIO chip that this user can open. Add the user to the group gpio, or check the settings of the board; gpiodetect lists the chips.";
  }
  return `This device has ${chips.map(({ name, label }) => `${name} (${label})`).join(", ")}.`;
}
