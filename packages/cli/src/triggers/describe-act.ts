import type { LoggedEvent } from "@nanoagent/server/program";

/** Describes an act of the log in one line: `water_bed bed="north" minutes=5`. */
export function describeAct({ kind, tool, arguments: given }: LoggedEvent["acts"][number]): string {
  if (tool === null) {
    const text = typeof given === "object" && given !== null ? (given as Record<string, unknown>)[kind] : given;
    return `${kind}: ${typeof text === "string" ? text : JSON.stringify(given)}`;
  }
  const values = Object.entries(typeof given === "object" && given !== null ? given : {});
  return [tool, ...values.map(([name, value]) => `${name}=${JSON.stringify(value)}`)].join(" ");
}
