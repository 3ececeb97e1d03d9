import type { ServeSettings } from "@nanoagent/models";
import type { CheckedPart } from "./check-report.js";
import { checkWyoming } from "./check-wyoming.js";

export type ServiceParts = typeof import("@nanoagent/server/program");

/**
 * Checks the settings of a service that no schema can: a service refuses at its start what this reports. With `isHere`,
 * also the files of its certificate.
 */
export async function checkServeSettings(
  part: CheckedPart,
  serve: ServeSettings,
  parts: ServiceParts,
  isHere: boolean,
): Promise<void> {
  checkAddress(part, serve, parts);
  checkHosts(part, serve);
  checkOrigins(part, serve);
  checkVariable(part, serve, parts);
  checkWyoming(part, serve, parts);
  if (isHere) await checkCertificate(part, serve, parts);
}

function checkAddress(part: CheckedPart, { host }: ServeSettings, { canonicalHost }: ServiceParts): void {
  if (host === undefined || canonicalHost(host) !== null) return;
  part.error(["serve", "host"], {
    code: "invalid-config",
    message: `"${host}" is not an address or a host name.`,
    hint: addressHint("serve.port"),
  });
}

/** Returns what to do about a wrong address to listen on. The port is set elsewhere. */
export function addressHint(port: string): string {
  return `Write the address alone, such as 127.0.0.1, 0.0.0.0 or ::1; the port is ${port}.`;
}

/** Host names have no scheme and no path; a port is allowed. */
function checkHosts(part: CheckedPart, { allow_hosts = [] }: ServeSettings): void {
  for (const [index, host] of allow_hosts.entries()) {
    if (hostOf(host) !== null) continue;
    part.error(["serve", "allow_hosts", index], {
      code: "invalid-config",
      message: `"${host}" is not a host name.`,
      hint: "Write the name or the address alone, such as agent.local or 192.168.1.20.",
    });
  }
}

function hostOf(text: string): string | null {
  if (/[/@?#\s*]/.test(text)) return null;
  // An IPv6 address may be written without its brackets.
  return [`http://${text}`, `http://[${text}]`].find((address) => URL.canParse(address)) ?? null;
}

/** Browsers send an origin as scheme, host and port, and it is compared as a whole. */
function checkOrigins(part: CheckedPart, { allow_origins = [] }: ServeSettings): void {
  for (const [index, origin] of allow_origins.entries()) {
    const url = URL.canParse(origin) ? new URL(origin) : null;
    const isWeb = url !== null && /^https?:$/.test(url.protocol);
    if (isWeb && url.origin === origin.toLowerCase()) continue;
    part.error(["serve", "allow_origins", index], {
      code: "invalid-config",
      message: `"${origin}" is not the origin of a web page.`,
      hint: isWeb
        ? `Write ${url.origin}.`
        : "Write scheme, host and port without a path, such as http://kiosk.local:3000.",
    });
  }
}

/** The value may be a key that was written in the wrong place, so it is not repeated. */
function checkVariable(
  part: CheckedPart,
  { api_keys_env: variable }: ServeSettings,
  { isVariableName }: ServiceParts,
): void {
  if (variable === undefined || isVariableName(variable)) return;
  part.error(["serve", "api_keys_env"], {
    code: "invalid-config",
    message: "This is not the name of an environment variable.",
    hint: "Write a name of letters, digits and _, such as AGENT_KEYS, and put the keys into that variable.",
  });
}

async function checkCertificate(part: CheckedPart, { tls }: ServeSettings, parts: ServiceParts): Promise<void> {
  if (tls === undefined) return;
  await parts.readTlsFiles(tls).catch((error: unknown) => part.reject(["serve", "tls"], error));
}
