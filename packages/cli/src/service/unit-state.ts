/** State of a unit. Times are seconds since 1970; null for what systemd does not know. */
export interface UnitState {
  isLoaded: boolean;
  /** `active`, `inactive`, `failed`, `activating`, … */
  active: string;
  sub: string;
  result: string;
  /** `enabled`, `disabled`, … */
  enabled: string;
  /** Exit code of the main process; null if a signal ended it or it still runs. */
  exitCode: number | null;
  /** Text of the service itself, such as `Listening on http://127.0.0.1:7420`. */
  text: string;
  pid: number | null;
  since: number | null;
  startedAt: number | null;
  memoryBytes: number | null;
  memoryMaxBytes: number | null;
  restarts: number;
  fragment: string;
  dropIns: readonly string[];
}

/** Properties of a unit that {@link readState} reads. */
export const unitProperties =
  "LoadState,ActiveState,SubState,Result,UnitFileState,ExecMainStatus,ExecMainCode,StatusText,MainPID," +
  "StateChangeTimestamp,ExecMainStartTimestamp,MemoryCurrent,MemoryMax,NRestarts,FragmentPath,DropInPaths";

/** Reads the output of `systemctl show`. */
export function readState(text: string): UnitState {
  const values = new Map(
    text.split("\n").flatMap((line) => {
      const at = line.indexOf("=");
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const];
    }),
  );
  const get = (name: string) => values.get(name) ?? "";
  const hasExited = get("ExecMainCode") === "1";
  return {
    isLoaded: get("LoadState") === "loaded",
    active: get("ActiveState"),
    sub: get("SubState"),
    result: get("Result"),
    enabled: get("UnitFileState"),
    exitCode: hasExited ? numberOf(get("ExecMainStatus")) : null,
    text: get("StatusText"),
    pid: numberOf(get("MainPID")) || null,
    since: secondsOf(get("StateChangeTimestamp")),
    startedAt: secondsOf(get("ExecMainStartTimestamp")),
    memoryBytes: numberOf(get("MemoryCurrent")),
    memoryMaxBytes: numberOf(get("MemoryMax")),
    restarts: numberOf(get("NRestarts")) ?? 0,
    fragment: get("FragmentPath"),
    dropIns: get("DropInPaths").split(" ").filter(Boolean),
  };
}

/** Numbers that systemd does not know are `[not set]`, `infinity` or 2^64 - 1. */
function numberOf(text: string): number | null {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : null;
}

/** A time as `@1700000000`, or as older versions write it: `Sun 2026-11-29 22:23:05 UTC`. */
function secondsOf(text: string): number | null {
  if (text.startsWith("@")) return numberOf(text.slice(1)) || null;
  const [, date, time] = /(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)/.exec(text) ?? [];
  const milliseconds = Date.parse(`${date}T${time}${text.endsWith("UTC") ? "Z" : ""}`);
  return Number.isFinite(milliseconds) ? milliseconds / 1000 : null;
}
