/** The account that a service runs as. */
export type ServiceAccount =
  /** A user that systemd makes for this service alone. */
  | { kind: "own" }
  /** A user of this machine. */
  | { kind: "person"; name: string }
  /** The user whose systemd runs the service, without root. */
  | { kind: "user-manager" };

/** Facts from which the unit of a service is written. All paths are absolute. */
export interface UnitFacts {
  /** Name of the unit without `.service`. */
  name: string;
  node: string;
  program: string;
  config: string;
  account: ServiceAccount;
  /** Limit on the memory of all its processes, in MB of 2^20 bytes: `spec.max_memory_mb`. */
  memoryMb: number;
  /** Folder for conversations and keys, which systemd makes unless the account is `user-manager`. */
  stateFolder: string;
  /** Further folders that the service may write to. */
  writableFolders: readonly string[];
  /** Files and folders that may be on a disk that is mounted late. */
  mounts: readonly string[];
  /** Optional file with variables. */
  environmentFile: string;
  /** Variables besides those that every service has. */
  environment: Readonly<Record<string, string>>;
  /** Whether the service listens on a port below 1024. */
  needsLowPort: boolean;
}

/** First words of every unit that `install` writes. Files without them are never changed. */
export const UNIT_MARK = "# Written by nanoagent service install";

/** Options of the unit that a person may change with `systemctl edit`. */
const always = `Restart=on-failure
RestartSec=5
RestartPreventExitStatus=2 3
SuccessExitStatus=130 143
TimeoutStartSec=600
TimeoutStopSec=20
WatchdogSec=120
WatchdogSignal=SIGKILL
KillMode=mixed
OOMPolicy=continue`;

/** Hardening that needs privileges, so only the system's systemd can do it. */
const ofSystem = `ProtectSystem=strict
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectProc=invisible`;

const everywhere = `NoNewPrivileges=yes
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM`;

/** Writes the unit of a service. */
export function writeUnit(facts: UnitFacts): string {
  const { name, node, program, config, account, memoryMb, environmentFile } = facts;
  const isUser = account.kind === "user-manager";
  const edit = `systemctl ${isUser ? "--user " : ""}edit ${name}`;
  return `${UNIT_MARK}, which overwrites it. Put changes elsewhere: ${edit}
[Unit]
Description=nanoagent serves ${lineValue(config)}
After=network.target
${facts.mounts.length === 0 ? "" : `RequiresMountsFor=${facts.mounts.map(word).join(" ")}\n`}StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=all
ExecStart=${word(node)} ${argument(program)} serve --config ${argument(config)}
ExecReload=kill -HUP $MAINPID
${always}
MemoryMax=${memoryMb}M
EnvironmentFile=-${lineValue(environmentFile)}
${accountLines(facts)}
UMask=0077
${isUser ? "" : `${ofSystem}\n`}${everywhere}

[Install]
WantedBy=${isUser ? "default" : "multi-user"}.target
`;
}

function accountLines({ name, account, stateFolder, writableFolders, environment, needsLowPort }: UnitFacts): string {
  const variables = Object.entries(environment).map(([key, value]) => `Environment=${word(`${key}=${value}`)}`);
  if (account.kind === "user-manager") {
    return [
      `WorkingDirectory=${lineValue(stateFolder)}`,
      `Environment=${word(`STATE_DIRECTORY=${stateFolder}`)}`,
      `Environment=${word(`XDG_STATE_HOME=${stateFolder}`)}`,
      ...variables,
    ].join("\n");
  }
  const capability = needsLowPort ? "CAP_NET_BIND_SERVICE" : "";
  return [
    account.kind === "own" ? "DynamicUser=yes" : `User=${lineValue(account.name)}`,
    `StateDirectory=${name}`,
    `CacheDirectory=${name}`,
    `RuntimeDirectory=${name}`,
    "StateDirectoryMode=0700",
    `WorkingDirectory=%S/${name}`,
    `Environment=XDG_STATE_HOME=%S/${name}`,
    `Environment=XDG_CACHE_HOME=%C/${name}`,
    `Environment=XDG_RUNTIME_DIR=%t/${name}`,
    ...variables,
    ...writableFolders.map((folder) => `ReadWritePaths=${word(folder)}`),
    `ProtectHome=${account.kind === "own" ? "yes" : "read-only"}`,
    `CapabilityBoundingSet=${capability}`,
    ...(needsLowPort ? [`AmbientCapabilities=${capability}`] : []),
  ].join("\n");
}

/** Facts that {@link readUnit} finds in a unit. */
export type ReadUnit = Pick<UnitFacts, "node" | "program" | "config" | "memoryMb">;

/** Reads a unit that {@link writeUnit} wrote. Returns null for any other. */
export function readUnit(text: string): ReadUnit | null {
  if (!text.startsWith(UNIT_MARK)) return null;
  const memory = /^MemoryMax=(\d{1,12})M$/m.exec(text);
  const command = /^ExecStart=(.*)$/m.exec(text);
  const words = command === null ? [] : splitWords(command[1] ?? "");
  const [node, program, , , config] = words;
  if (memory === null || node === undefined || program === undefined || config === undefined) return null;
  return {
    node: node.replaceAll("%%", "%"),
    program: program.replaceAll("%%", "%").replaceAll("$$", () => "$"),
    config: config.replaceAll("%%", "%").replaceAll("$$", () => "$"),
    memoryMb: Number(memory[1]),
  };
}

/** Reads words as systemd does: separated by spaces, with double quotes and backslashes. */
function splitWords(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? "") : quoted.replace(/\\(.)/g, "$1"),
  );
}

/** Whether a text can stand in a line of a unit: a control character or a backslash at its end changes the next line. */
export function isUnitText(text: string): boolean {
  return !/\p{Cc}|\\$/u.test(text);
}

/** A value that is the rest of its line: only `%` has a meaning. */
function lineValue(text: string): string {
  // The last guard: root's systemd would obey a line that a config has written.
  if (!isUnitText(text)) throw new TypeError(`Not a text of a unit: ${JSON.stringify(text)}`);
  return text.replaceAll("%", "%%");
}

/** A word of a list, in quotes if needed. */
function word(text: string): string {
  const escaped = lineValue(text);
  return /^[\w@%+=:,./-]+$/.test(escaped) ? escaped : `"${escaped.replace(/["\\]/g, "\\$&")}"`;
}

/** An argument of a command, where `$` stands for variables, too. */
function argument(text: string): string {
  return word(text.replaceAll("$", () => "$$"));
}
