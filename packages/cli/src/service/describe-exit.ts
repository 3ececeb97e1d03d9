import type { UnitState } from "./unit-state.js";

/** Exit codes of systemd itself, when it could not start the program. */
const ofSystemd: Readonly<Record<number, string>> = {
  200: "systemd could not enter the working folder",
  203: "systemd could not start the program: the file is missing or cannot be executed",
  217: "the user of the unit does not exist",
  226: "systemd could not separate the service from the system; one of its folders is missing",
  228: "this kernel does not support the filter of system calls",
  238: "systemd could not make the state folder",
  239: "systemd could not make the cache folder",
};

const ofProgram: Readonly<Record<number, string>> = {
  1: "it failed",
  2: "the config, a key or a certificate is wrong, the model is not downloaded, or the port is not permitted",
  3: "the agent does not fit the memory",
};

const ofResult: Readonly<Record<string, string>> = {
  timeout: "it did not become ready in time",
  watchdog: "it hung, so the watchdog ended it",
  "oom-kill": "it needed more memory than its limit",
  "start-limit-hit": "it failed too often",
  resources: "systemd had no resources for it",
};

/** Describes why a service does not run, as the end of a sentence. Returns null if it ended as it should, or never ran. */
export function describeExit({ result, exitCode }: Pick<UnitState, "result" | "exitCode">): string | null {
  if (result === "success" || result === "") return null;
  if (result === "signal" || result === "core-dump") return "a signal ended it";
  if (result !== "exit-code" || exitCode === null) return ofResult[result] ?? result;
  const meaning = ofProgram[exitCode] ?? ofSystemd[exitCode];
  return `exit code ${exitCode}${meaning === undefined ? "" : `, ${meaning}`}`;
}

/** Whether systemd leaves a service stopped after this end, because a restart cannot mend it. */
export function staysStopped({ result, exitCode }: Pick<UnitState, "result" | "exitCode">): boolean {
  return result === "exit-code" && (exitCode === 2 || exitCode === 3);
}
