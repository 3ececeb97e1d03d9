import { isDistinctive, isSecretName } from "./secret-names.js";

/** Programs whose short flags take secrets, in the next item or attached: `mysql -pSECRET`, `redis-cli -a SECRET`. */
const programFlags: readonly (readonly [programs: string, flags: string])[] = [
  ["mysql\\w*|mariadb[\\w-]*|sshpass|mongo\\w*|7z[ar]?|rar|unrar", "-p"],
  ["redis-cli|valkey-cli", "-a"],
  ["mosquitto_\\w+|ipmitool|sqlcmd|zip|unzip", "-P"],
  ["ldap\\w+", "-w"],
  ["openssl", "-k|-K|-pass|-passin|-passout"],
  ["smbclient|rpcclient|lftp|curl|wget", "-[uU]"],
  ["snmp\\w+", "-c|-A|-X"],
  ["xfreerdp|wfreerdp", "/p:"],
  ["nmcli", "password|[\\w.-]*(?:psk|password|wep-key\\d?)"],
];
const rows = programFlags.map(([programs, flags]) => ({
  program: new RegExp(`^(?:.*[/\\\\])?(?:${programs})(?:\\.exe)?$`, "i"),
  flag: new RegExp(`^(?:${flags})$`),
  attached: new RegExp(`^(?:${flags})[=:]?(?=.)`),
  inText: new RegExp(`(?<![\\w-])(?:${programs})(?:\\.exe)?(?=["'\\s,])[^;|&\\n]*`, "gi"),
  flagInText: new RegExp(`([\\s"'](?:${flags})(?:["']?\\s*,\\s*["']?|\\s+|=)?["']?)([^\\s"']+)`, "g"),
}));

/** A flag and what separates it from its value in the same item. */
const ASSIGNED = /^([-/+]{0,8}(?!-)([\w-][\w.-]{0,127})\s{0,3}(?:=>|:=|==?|:|->|%3[AD])\s{0,3})(?=.)/is;
/** Flags of one letter with an attached value that is secret if it does not look like a word or number. */
const SHORT_ATTACHED = /^(?:-[ackKpPtTw][=:]|-[pP])(?=.)/;
/** Values of `-p` that are ports or addresses. */
const PORTS = /^[\d.:/-]+$/;

/**
 * Returns the secret part of an item of a list such as a command, which is the whole item or its end; empty if it has
 * none: `--token=SECRET`, `--token` before `SECRET`, `-u` before `name:SECRET`, `-pSECRET` of mysql.
 */
export function secretOfItem(items: readonly unknown[], index: number): string {
  const given = items[index];
  if (typeof given === "number") return isAfterSecretFlag(items, index) ? String(given) : "";
  if (typeof given !== "string") return "";
  if (isAfterSecretFlag(items, index)) return given;
  const [assigned = "", , name = ""] = ASSIGNED.exec(given) ?? [];
  if (isSecretName(name)) return given.slice(assigned.length);
  if (/^(?:user|proxy-user|u)$/i.test(name) && given.slice(assigned.length).includes(":")) {
    return given.slice(assigned.length);
  }
  const [flag = ""] = SHORT_ATTACHED.exec(given) ?? [];
  if (flag !== "" && isAttached(flag, given.slice(flag.length))) return given.slice(flag.length);
  for (const { attached } of rowsOf(items, index)) {
    const [start = ""] = attached.exec(given) ?? [];
    if (start !== "") return given.slice(start.length);
  }
  return "";
}

/** Whether the item before this one is a flag whose value is a secret: `--api-key`, `-password`. */
export function isAfterSecretFlag(items: readonly unknown[], index: number): boolean {
  const [before, given] = [index === 0 ? null : items[index - 1], items[index]];
  const item = typeof given === "string" || typeof given === "number" ? String(given) : "";
  if (typeof before !== "string") return false;
  if (before === "-P" || (before === "-p" && !PORTS.test(item))) return true;
  if (/^(?:-[A-Za-z]{0,5}[uU]|--user|--proxy-user)$/.test(before) && item.includes(":")) return true;
  if (rowsOf(items, index).some(({ flag }) => flag.test(before))) return true;
  return /^--?[\w.-]+$/.test(before) && !/^-+no-/.test(before) && isSecretName(before);
}

/** Whether a value that is attached to a flag of one letter looks like a secret, and not like a path or the rest of a flag. */
function isAttached(flag: string, value: string): boolean {
  if (/^[./-]/.test(value) || !isDistinctive(value)) return false;
  return /[=:]$/.test(flag) || (/\d/.test(value) && !isSecretName(flag + value));
}

/** Returns the rows of programs that are named before this item, also behind `sudo` or `env`. */
function rowsOf(items: readonly unknown[], index: number) {
  const before = items.slice(0, Math.min(index, MAX_PROGRAM_ITEMS));
  return rows.filter(({ program }) => before.some((item) => typeof item === "string" && program.test(item)));
}

/** The name of a program is among the first items of a command. */
const MAX_PROGRAM_ITEMS = 8;

/** A flag of one letter and its attached value in a text. */
const SHORT_IN_TEXT = /((?:^|[\s"'])(?:-[ackKpPtTw][=:]|-[pP]))([^\s"',]{6,})/g;
/** Between a flag and its value: spaces, or the marks of a list. */
const GAP = `(?:\\s+|["']?\\s{0,3},\\s{0,3}["']?|\\s{0,3}\\n\\s{0,40}-\\s{1,3})`;
/** Flags of common programs whose values are secret: `-P secret`, `-p secret` but not a port, `-u name:secret`. */
const SHORT_FLAGS = new RegExp(
  `((?:^|[\\s"'])(?:-P${GAP}|-p${GAP}(?![\\d.:/-]+(?:[\\s"',]|$))|(?:-[A-Za-z]{0,5}[uU]|--user|--proxy-user)(?:${GAP}|=)(?=[^\\s:"']+:))["']?)([^\\s"']+)`,
  "g",
);

/** Replaces secrets that follow the short flags of programs in a text. `remove` returns the replacement. */
export function removeFlagValues(text: string, remove: (secret: string) => string): string {
  let cleaned = text
    .replace(SHORT_FLAGS, (_, before: string, secret: string) => before + remove(secret))
    .replace(SHORT_IN_TEXT, (all, before: string, secret: string) =>
      isAttached(before, secret) ? before + remove(secret) : all,
    );
  for (const { inText, flagInText } of rows) {
    cleaned = cleaned.replace(inText, (command) =>
      command.replace(flagInText, (_, before: string, secret: string) => before + remove(secret)),
    );
  }
  return cleaned;
}
