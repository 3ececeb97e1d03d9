import { readFile } from "node:fs/promises";
import path from "node:path";
import type { MqttSettings, MqttTlsSettings } from "@nanoagent/models";
import { MqttError } from "./mqtt-error.js";
import type { ProtocolVersion } from "./protocol-version.js";

/** Longest texts of CONNECT, in bytes. */
const MAX_TEXT_BYTES = 65_535;
const MAX_KEEPALIVE_SECONDS = 65_535;
const DEFAULT_KEEPALIVE_SECONDS = 60;
const PORT = 1883;
const TLS_PORT = 8883;

/** Where the settings come from. */
export interface BrokerSettingsPlace {
  /** Folder that relative paths are relative to. Default: the current one. */
  readonly configFolder?: string | undefined;
  /** Environment variables. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** ID of the client if the settings have none. Default: the settings must have one. */
  readonly clientId?: string | undefined;
}

/** Settings that were checked, with files and variables read. */
export interface ResolvedBroker {
  /** For people. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  readonly keepAliveSeconds: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Null: 5 where the broker speaks it. */
  readonly version: ProtocolVersion | null;
  /** PEM texts, or null without TLS. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string } | null;
}

/** Checks settings and reads the files and the variable that they name. Throws {@link MqttError} `mqtt-settings-invalid`. */
export async function resolveBroker(
  settings: MqttSettings,
  { configFolder = ".", environment, clientId = "" }: BrokerSettingsPlace,
): Promise<ResolvedBroker> {
  const { host, port, isSecure } = readAddress(settings.url);
  const { tls = {} } = settings;
  if (!isSecure && Object.values(tls).some((file) => file !== undefined))
    throw invalid("mqtt.tls has no effect without TLS.", "Write mqtts:// in mqtt.url, or remove mqtt.tls.");
  return {
    url: settings.url,
    host,
    port,
    clientId: checkText("client_id", settings.client_id ?? clientId),
    keepAliveSeconds: Math.min(settings.keepalive_seconds ?? DEFAULT_KEEPALIVE_SECONDS, MAX_KEEPALIVE_SECONDS),
    ...readCredentials(settings, environment),
    version: Number(settings.protocol) === 5 ? 5 : settings.protocol === "3.1.1" ? 4 : null,
    tls: isSecure ? await readCertificates(tls, configFolder) : null,
  };
}

function readAddress(text: string): { host: string; port: number; isSecure: boolean } {
  const example = "Write mqtt://HOST:PORT, or mqtts://HOST:PORT for TLS.";
  const refuse = (reason: string, hint = example) => invalid(`The address ${text} of the broker ${reason}.`, hint);
  let url: URL;
  let host: string;
  try {
    url = new URL(text);
    host = decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, "$1");
  } catch {
    // Without the text, which may contain a password.
    throw invalid("The address in mqtt.url is not a URL.", example);
  }
  const { protocol, port, username, password, pathname, search, hash } = url;
  if (username !== "" || password !== "") {
    const hint = "Set mqtt.username, and name the variable with the password in mqtt.password_env.";
    throw invalid("The address in mqtt.url contains a user name or a password.", hint);
  }
  if (/^wss?:$/.test(protocol))
    throw refuse(
      "uses WebSocket, which is not supported",
      "Use the broker's port for MQTT over TCP: mqtt:// or mqtts://.",
    );
  if (protocol !== "mqtt:" && protocol !== "mqtts:") throw refuse("begins with another protocol than MQTT");
  if (host === "") throw refuse("has no host");
  if (!/^\/?$/.test(pathname) || search !== "" || hash !== "") throw refuse("has more than host and port");
  if (port === "0") throw refuse("has the port 0");
  const isSecure = protocol === "mqtts:";
  return { host, port: port === "" ? (isSecure ? TLS_PORT : PORT) : Number(port), isSecure };
}

function readCredentials(
  { username, password_env: variable }: MqttSettings,
  environment: Readonly<Record<string, string | undefined>>,
): Pick<ResolvedBroker, "username" | "password"> {
  if (username !== undefined) checkText("username", username);
  if (variable === undefined) return { username, password: undefined };
  if (username === undefined)
    throw invalid("mqtt.password_env has no effect without mqtt.username.", "Set mqtt.username, too.");
  const password = environment[variable];
  if (password === undefined || password === "") {
    const hint = `Set ${variable} before the start, or correct mqtt.password_env.`;
    throw invalid(`The variable ${variable}, which mqtt.password_env names, is not set.`, hint);
  }
  return { username, password };
}

async function readCertificates(
  { ca_path, certificate_path, key_path }: MqttTlsSettings,
  folder: string,
): Promise<NonNullable<ResolvedBroker["tls"]>> {
  if ((certificate_path === undefined) !== (key_path === undefined))
    throw invalid(
      "A client certificate needs both its certificate and its key.",
      "Set mqtt.tls.certificate_path and mqtt.tls.key_path.",
    );
  const ca = await readPem("ca_path", ca_path, folder);
  const cert = await readPem("certificate_path", certificate_path, folder);
  const key = await readPem("key_path", key_path, folder);
  const { createSecureContext } = await import("node:tls");
  const check = (use: () => unknown, message: string, hint: string) => {
    try {
      use();
    } catch (cause) {
      throw invalid(message, hint, cause);
    }
  };
  const pem = (kind: string) => `It must contain ${kind} in PEM form, without a passphrase.`;
  if (ca !== undefined) {
    // For a context, Node ignores a text without any certificate, such as a key.
    const { X509Certificate } = await import("node:crypto");
    const use = () => new X509Certificate(ca) && createSecureContext({ ca });
    check(use, `The file ${ca_path} in mqtt.tls.ca_path cannot be used.`, pem("certificates"));
  }
  if (cert === undefined || key === undefined) return { ...(ca !== undefined && { ca }) };
  const context = (files: { cert?: string; key?: string }) => () => createSecureContext(files);
  check(
    context({ cert }),
    `The file ${certificate_path} in mqtt.tls.certificate_path cannot be used.`,
    pem("a certificate"),
  );
  check(context({ key }), `The file ${key_path} in mqtt.tls.key_path cannot be used.`, pem("a private key"));
  const hint = "Set mqtt.tls.certificate_path and mqtt.tls.key_path to files that were made together.";
  check(context({ cert, key }), `The key ${key_path} does not belong to the certificate ${certificate_path}.`, hint);
  return { ...(ca !== undefined && { ca }), cert, key };
}

async function readPem(key: string, file: string | undefined, folder: string): Promise<string | undefined> {
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = await readFile(path.resolve(folder, file), "utf8");
  } catch (cause) {
    const code = (cause as { code?: string }).code ?? "unknown error";
    const message = `The file ${file} in mqtt.tls.${key} cannot be read (${code}).`;
    throw invalid(message, `Set mqtt.tls.${key} to a file that this user can read.`, cause);
  }
  if (text.trim() !== "") return text;
  throw invalid(`The file ${file} in mqtt.tls.${key} is empty.`, `Set mqtt.tls.${key} to a PEM file.`);
}

function checkText(key: string, text: string): string {
  const isValid = text !== "" && !text.includes("\0") && !/\p{Surrogate}/u.test(text);
  if (isValid && new TextEncoder().encode(text).length <= MAX_TEXT_BYTES) return text;
  throw invalid(
    `The value of mqtt.${key} cannot be sent.`,
    "Use 1 to 65,535 bytes of text without control characters.",
  );
}

function invalid(message: string, hint: string, cause?: unknown): MqttError {
  return new MqttError({ code: "mqtt-settings-invalid", message, hint, cause });
}
