import type { NanoAgentConfig, ServeSettings } from "@nanoagent/models";
import type { CheckedPart, CheckReport } from "./check-report.js";

type ServiceParts = typeof import("@nanoagent/server/program");

/** Checks the settings of the service. With `isHere`, also its keys and its certificate. */
export async function checkServe(report: CheckReport, { serve }: NanoAgentConfig, isHere: boolean): Promise<void> {
  if (serve === undefined) return;
  const part = report.part("Service");
  const parts = await import("@nanoagent/server/program");
  part.summary = describe(serve, parts);
  checkHosts(part, serve);
  checkOrigins(part, serve);
  if (!isHere) return;
  await checkKeys(part, serve, parts);
  await checkCertificate(part, serve, parts);
}

function describe(
  { host = "127.0.0.1", port = 7420, api_keys_env: variable, tls, bare_model }: ServeSettings,
  { isLoopback }: ServiceParts,
): string {
  const keys =
    variable !== undefined
      ? `keys of ${variable}`
      : isLoopback(host)
        ? "no key"
        : "a key that is made at the first start";
  const address = `${tls === undefined ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
  return [address, keys, ...(bare_model ? ["the model alone too"] : [])].join(", ");
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

/** Without `api_keys_env` nothing can be wrong: a key is made when the service starts. */
async function checkKeys(part: CheckedPart, serve: ServeSettings, { openKeys }: ServiceParts): Promise<void> {
  if (serve.api_keys_env === undefined) return;
  const { host = "127.0.0.1" } = serve;
  await openKeys({ settings: serve, host, environment: process.env, stateFolder: "" }).catch((error: unknown) =>
    part.reject(["serve", "api_keys_env"], error),
  );
}

async function checkCertificate(part: CheckedPart, { tls }: ServeSettings, parts: ServiceParts): Promise<void> {
  if (tls === undefined) return;
  await parts.readTlsFiles(tls).catch((error: unknown) => part.reject(["serve", "tls"], error));
}
