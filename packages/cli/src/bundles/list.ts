import path from "node:path";
import { type Release, type ReleaseList, readReleases } from "@nanoagent/fleet/bundles";
import type { CommandAction } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import { formatJson } from "../output/format.js";
import { type Column, formatTable } from "../output/format-table.js";
import { formatTime } from "../output/format-time.js";
import { plainLine } from "../output/plain-text.js";

const WIDTH = 80;

/** Shows the releases of a folder. */
export const listReleases: CommandAction = async (values, { stdout }) => {
  const list = await readReleases(path.resolve(String(values.root)));
  if (values.json === true) {
    stdout.write(formatJson(list));
    return exitCodes.done;
  }
  const columns: Column<Release>[] = [
    { title: "sequence", cell: ({ sequence }) => String(sequence) },
    { title: "name", isText: true, cell: ({ name }) => plainLine(name) },
    { title: "version", isText: true, cell: ({ version }) => plainLine(version) },
    { title: "unpacked", isText: true, leftOut: 1, cell: ({ unpacked }) => formatTime(new Date(unpacked)) },
    { title: "", isText: true, cell: ({ sequence }) => describeState(sequence, list) },
  ];
  const width = stdout.isTTY === true && stdout.columns ? stdout.columns : WIDTH;
  const lines = list.releases.length === 0 ? ["No releases."] : formatTable(list.releases, columns, width);
  const [failed] = list.failed;
  if (failed !== undefined) lines.push("", plainLine(`Failed last: sequence ${failed.sequence}. ${failed.reason}`));
  stdout.write(`${lines.join("\n")}\n`);
  return exitCodes.done;
};

function describeState(sequence: number, { current, previous, trial }: ReleaseList): string {
  if (sequence === current?.sequence) return sequence === trial ? "in use, on trial" : "in use";
  return sequence === previous ? "a rollback goes here" : "";
}
