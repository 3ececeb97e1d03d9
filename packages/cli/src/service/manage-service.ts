import type { CommandAction, OptionValues } from "../command-line/command.js";
import type { Streams } from "../streams.js";
import { installService, printUnit } from "./install-service.js";
import { requireSystemd } from "./require-systemd.js";
import { runTool } from "./run-tool.js";
import { ServiceCommandError } from "./service-command-error.js";
import { placeOf, type ServicePlace } from "./service-place.js";
import { showLogs } from "./show-logs.js";
import { showService } from "./show-service.js";
import { Systemd } from "./systemd.js";
import { nameOptions, shellWord, sudoProgram } from "./typed-command.js";
import { uninstallService } from "./uninstall-service.js";

type Action = (place: ServicePlace, values: OptionValues, streams: Streams, systemd: Systemd) => Promise<number>;

const actions: Record<string, Action> = {
  install: installService,
  uninstall: uninstallService,
  status: showService,
  logs: showLogs,
};

/** Installs, removes and shows a service that systemd runs. */
export const manageService: CommandAction = async (values, streams) => {
  const place = placeOf(values);
  const name = String(values.action);
  if (place.isUser) refuseRoot(name);
  if (name === "install" && values["dry-run"] === true) return printUnit(place, values, streams, runTool);
  const isChange = name === "install" || name === "uninstall";
  requireSystemd(place.isUser, name);
  if (!place.isUser && isChange) requireRoot(place, name, values);
  return (actions[name] as Action)(place, values, streams, new Systemd(place.isUser));
};

function requireRoot(place: ServicePlace, name: string, { config, purge, "no-start": noStart }: OptionValues): void {
  if (process.getuid?.() === 0) return;
  const options = [
    nameOptions(place),
    config === undefined ? "" : ` --config ${shellWord(String(config))}`,
    purge === true ? " --purge" : "",
    noStart === true ? " --no-start" : "",
  ].join("");
  throw new ServiceCommandError({
    code: "service-needs-root",
    message: `Only root can ${name} a service of the system.`,
    hint: `Run: ${sudoProgram()} service ${name}${options}${name === "install" ? `, or without root: nanoagent service install --user${options}` : ""}`,
  });
}

/** The systemd of root is the system's: a service of root would run with all rights. */
function refuseRoot(name: string): void {
  if (process.getuid?.() !== 0) return;
  throw new ServiceCommandError({
    code: "service-needs-root",
    message: `nanoagent service ${name} --user is for the user who runs it, and root has no service.`,
    hint: "Run it without sudo, or leave out --user for a service of the system.",
  });
}
