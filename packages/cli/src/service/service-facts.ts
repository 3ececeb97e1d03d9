import { access, stat } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { NanoAgentConfig } from "@nanoagent/models";
import { readConfig } from "@nanoagent/runtime/node";
import { modelNameIn } from "@nanoagent/runtime/program";
import type { RunTool } from "./run-tool.js";
import { ServiceCommandError } from "./service-command-error.js";
import { readVariables, type ServicePlace } from "./service-place.js";
import { type ChosenAccount, chooseAccount } from "./service-user.js";
import { refuseReleases, sessionFolder } from "./session-folder.js";
import type { ProgramPaths } from "./stable-program-path.js";
import { isUnitText, type UnitFacts } from "./unit-file.js";
import { unknownDevice } from "./unknown-device.js";

/** Folders in which systemd looks for programs. */
const STANDARD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const FIRST_OPEN_PORT = 1024;
/** Most paths in the unit that are waited for. */
const MAX_MOUNTS = 64;
/** Most texts of a config that are looked at as paths. */
const MAX_TEXTS = 10_000;

/** Everything that is known before a service is installed. */
export interface ServiceFacts {
  unit: UnitFacts;
  chosen: ChosenAccount;
  config: NanoAgentConfig;
  /** Variables that the service will have, with those of its file. */
  variables: Record<string, string>;
}

interface FactSources {
  place: ServicePlace;
  config: string;
  paths: ProgramPaths;
  run: RunTool;
  /** Whether the program is in a place that does not last, so that its folder says nothing about the account. */
  isPassing: boolean;
}

/** Reads the config of a service and decides how to run it. Throws the errors of the config. */
export async function readServiceFacts(sources: FactSources): Promise<ServiceFacts> {
  const { place, config: file, paths } = sources;
  refuseControls({
    "The path of the config": file,
    "The path of Node": paths.node,
    "The path of this program": paths.program,
    "The folder of the service": place.stateFolder,
    "The file of variables": place.environmentFile,
  });
  const ofFile = await readVariables(place.environmentFile);
  const own = { PATH: pathFor(paths.node), STATE_DIRECTORY: place.stateFolder, HOME: "/" };
  const config = await readConfig(file, {
    environment: place.isUser ? { ...process.env, ...own, HOME: os.homedir(), ...ofFile } : { ...own, ...ofFile },
    profile: async () => unknownDevice,
  });
  // The service changes the releases that its config belongs to. The unit keeps the path with the link to the one in use.
  const { rootOfConfig } = await import("@nanoagent/fleet/bundles");
  const releases = await rootOfConfig(file);
  const chosen = await accountFor(sources, config, releases);
  if (releases !== null && !place.isUser) refuseReleases(releases, chosen);
  const isPerson = chosen.person !== null;
  // A model's name is looked up in the user's cache.
  const caches = isPerson && namesModel(config) ? hubFolders(chosen.person?.home ?? "/") : {};
  const environment = { ...(own.PATH === STANDARD_PATH ? {} : { PATH: own.PATH }), ...caches };
  const session = await sessionFolder(config.session?.dir, place, chosen);
  refuseControls({ "session.dir": session, "The folder of the releases": releases, ...caches });
  const written = [session, releases].filter((folder) => folder !== null);
  const ports = (await addressesOf(config)).map(({ port }) => port);
  return {
    config,
    chosen,
    variables: {
      ...own,
      HOME: place.isUser ? os.homedir() : (chosen.person?.home ?? "/"),
      XDG_STATE_HOME: place.stateFolder,
      ...caches,
      ...ofFile,
    },
    unit: {
      name: place.name,
      ...paths,
      config: file,
      account: chosen.account,
      memoryMb: config.spec.max_memory_mb,
      stateFolder: place.stateFolder,
      mounts: place.isUser ? [] : lateMounts([...(await filesIn(config, file)), file, ...written]),
      writableFolders: written,
      environmentFile: place.environmentFile,
      environment,
      needsLowPort: !place.isUser && ports.some((port) => port > 0 && port < FIRST_OPEN_PORT),
    },
  };
}

/** An address that a service listens on, with the setting of its port. */
interface ServiceAddress {
  setting: string;
  host: string;
  port: number;
}

/** Returns the addresses that a service will listen on. */
export async function addressesOf({ serve = {} }: Pick<NanoAgentConfig, "serve">): Promise<ServiceAddress[]> {
  const { canonicalHost, wyomingHost, DEFAULT_HOST, DEFAULT_PORT } = await import("@nanoagent/server/program");
  const { host: asked = DEFAULT_HOST, port = DEFAULT_PORT, wyoming } = serve;
  const host = canonicalHost(asked) ?? asked;
  const own = { setting: "serve.port", host, port };
  if (wyoming === undefined) return [own];
  return [own, { setting: "serve.wyoming.port", host: wyomingHost({ settings: wyoming, host }), port: wyoming.port }];
}

async function accountFor(
  { place, config: file, paths, run, isPassing }: FactSources,
  config: NanoAgentConfig,
  releases: string | null,
): Promise<ChosenAccount> {
  if (place.isUser) return { account: { kind: "user-manager" }, person: null, reason: null };
  const { SUDO_USER, DOAS_USER } = process.env;
  const isRoot = process.getuid?.() === 0;
  const files = [paths.node, ...(isPassing ? [] : [paths.program]), file, ...(await filesIn(config, file))];
  return chooseAccount({
    config: file,
    files,
    namesModel: namesModel(config),
    releases,
    caller: isRoot ? (SUDO_USER ?? DOAS_USER ?? null) : os.userInfo().username,
    run,
  });
}

/** Finds the files and folders that a config names, except its session. */
export async function filesIn(config: NanoAgentConfig, file: string): Promise<string[]> {
  const { session: _, ...rest } = config;
  const folder = path.dirname(file);
  const texts: string[] = [];
  // Words of a command are looked at as files of the config's folder, too, such as the second of [python3, script.py].
  const collect = (value: unknown, isCommand: boolean): void => {
    if (texts.length >= MAX_TEXTS) return;
    if (typeof value === "string") {
      if (isCommand || /^\.{0,2}\//.test(value)) texts.push(value);
    } else if (typeof value === "object" && value !== null) {
      for (const [key, part] of Object.entries(value)) {
        collect(part, key === "command" || key === "args" || (isCommand && Array.isArray(value)));
      }
    }
  };
  collect(rest, false);
  const candidates = texts.filter((text) => !text.includes("\0")).map((text) => path.resolve(folder, text));
  const existing = await Promise.all(
    [...new Set(candidates)].map((candidate) =>
      stat(candidate).then(
        () => [candidate],
        () => [],
      ),
    ),
  );
  return existing.flat().filter((candidate) => candidate !== "/" && candidate !== folder);
}

/** Returns the paths that may be on a disk of their own: the service starts after it is mounted. */
export function lateMounts(files: readonly string[]): string[] {
  const others = files.filter(
    (file) => isUnitText(file) && !/^\/(?:bin|boot|dev|etc|lib\d*|proc|run|sbin|sys|usr)\//.test(file),
  );
  return [...new Set(others)].sort().slice(0, MAX_MOUNTS);
}

function namesModel({ model_path }: NanoAgentConfig): boolean {
  return modelNameIn(model_path) !== null;
}

/** Variables with the folders of models in a home folder, which would move with the cache of the service. */
function hubFolders(home: string): Record<string, string> {
  const { HF_HUB_CACHE, HF_HOME } = process.env;
  return {
    HF_HUB_CACHE: HF_HUB_CACHE ?? path.join(HF_HOME ?? path.join(home, ".cache/huggingface"), "hub"),
  };
}

/** Returns the PATH of a service: systemd's, with Node's folder if it is another one. */
function pathFor(node: string): string {
  const folder = path.dirname(node);
  return STANDARD_PATH.split(":").includes(folder) ? STANDARD_PATH : `${folder}:${STANDARD_PATH}`;
}

/** Throws if a value cannot stand in a line of a unit, where a control character would begin another line. */
function refuseControls(values: Readonly<Record<string, string | null>>): void {
  const found = Object.entries(values).find(([, value]) => value !== null && !isUnitText(value));
  if (found === undefined) return;
  const [name, value] = found;
  throw new ServiceCommandError({
    code: "service-unsuitable",
    message: `${name} is ${JSON.stringify(value)}, which cannot be written into a unit.`,
    reason: "It has control characters, or ends with a backslash.",
    hint: "Choose another file or folder, or rename it.",
  });
}

/** Whether a file exists, as far as this user can tell. */
export function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
