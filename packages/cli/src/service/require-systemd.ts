import { existsSync, readFileSync } from "node:fs";
import { ServiceCommandError } from "./service-command-error.js";

/** The actions of `nanoagent service`, as people say them. */
const acts: Readonly<Record<string, string>> = {
  install: "install a service",
  uninstall: "remove a service",
  status: "show a service",
  logs: "show the log of a service",
};

/**
 * Throws {@link ServiceCommandError} unless systemd runs this machine; for a service of a user also that user's. `action`:
 * the action that needs it.
 */
export function requireSystemd(isUser: boolean, action: string): void {
  if (!existsSync("/run/systemd/system")) throw withoutSystemd(action);
  const folder = process.env.XDG_RUNTIME_DIR || `/run/user/${process.getuid?.()}`;
  if (!isUser || existsSync(`${folder}/systemd`)) return;
  throw new ServiceCommandError({
    code: "systemd-missing",
    message: "The systemd of this user does not run.",
    reason: `${folder}/systemd does not exist. It starts when the user logs in, not with su or sudo.`,
    hint: "Log in as this user (at the machine or by ssh), or run sudo loginctl enable-linger $(id -un), and repeat the command.",
  });
}

/** The error of a machine without systemd. */
export function withoutSystemd(action: string): ServiceCommandError {
  const hint =
    action === "install"
      ? `${hintHere()} docs/service.md has recipes without systemd: OpenRC, nohup and cron.`
      : "nanoagent status shows the services that this user runs in another way.";
  return new ServiceCommandError({
    code: "systemd-missing",
    message: `This machine does not run systemd, so nanoagent cannot ${acts[action]} here.`,
    reason: process.platform === "linux" ? reasonHere() : "systemd is a part of Linux.",
    hint,
  });
}

function reasonHere(): string {
  return "The folder /run/systemd/system does not exist, which systemd makes at boot.";
}

function hintHere(): string {
  if (process.platform !== "linux") return "Run nanoagent serve with the service manager of this system.";
  if (isWsl())
    return "In WSL, put [boot] and systemd=true into /etc/wsl.conf, run wsl --shutdown in Windows, and begin again.";
  if (existsSync("/run/.containerenv") || existsSync("/.dockerenv"))
    return "In a container, make nanoagent serve its command, as docs/containers.md shows.";
  return existsSync("/run/openrc") ? "This machine runs OpenRC." : "Run nanoagent serve in another way.";
}

function isWsl(): boolean {
  try {
    return /microsoft/i.test(readFileSync("/proc/sys/kernel/osrelease", "latin1"));
  } catch {
    return false;
  }
}
