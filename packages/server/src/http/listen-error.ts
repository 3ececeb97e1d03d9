import { ServiceError } from "../errors/service-error.js";

/** An address to listen on. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Names of the settings that choose an address, for people. */
interface AddressSettings {
  readonly host: string;
  readonly port: string;
}

type Explain = (address: ListenAddress, settings: AddressSettings) => { message: string; hint: string };

/** Settings of the service itself. */
const SERVICE_SETTINGS: AddressSettings = { host: "--host or serve.host", port: "--port or serve.port" };

const named = ({ host, port }: ListenAddress) => `${host.includes(":") ? `[${host}]` : host}:${port}`;

/** Failures to listen, by the system's code. */
const explanations: Readonly<Record<string, Explain>> = {
  EADDRINUSE: (address, { port }) => ({
    message: `Another program listens on ${named(address)}.`,
    hint: `nanoagent status and nanoagent service status show whether it is an agent. Stop it, or choose another port with ${port}; 0 takes a free one.`,
  }),
  EACCES: (address, { port }) => ({
    message: `Listening on ${named(address)} is not permitted.`,
    hint: `Choose a port of 1024 or above with ${port}, or let the system's administrator permit it.`,
  }),
  EADDRNOTAVAIL: (address, { host }) => ({
    message: `This machine does not have the address ${address.host}.`,
    hint: `Set ${host} to one of its addresses, to 127.0.0.1, or to 0.0.0.0 for all of them.`,
  }),
  ENOTFOUND: (address, { host }) => ({
    message: `The host name "${address.host}" has no address.`,
    hint: `Set ${host} to an address of this machine, to 127.0.0.1, or to 0.0.0.0 for all of them.`,
  }),
  EAFNOSUPPORT: (address, { host }) => ({
    message: `This machine does not support addresses such as ${address.host}.`,
    hint: `Set ${host} to 127.0.0.1, or to 0.0.0.0 for all addresses.`,
  }),
};
const aliases: Readonly<Record<string, string>> = {
  EPERM: "EACCES",
  EAI_AGAIN: "ENOTFOUND",
  EAI_NONAME: "ENOTFOUND",
  EINVAL: "EADDRNOTAVAIL",
};

export function listenFailed(message: string, hint: string, cause?: unknown): ServiceError {
  return new ServiceError({ code: "listen-failed", status: 500, type: "server_error", message, hint, cause });
}

function listenNotPermitted(message: string, hint: string, cause: unknown): ServiceError {
  return new ServiceError({ code: "listen-not-permitted", status: 500, type: "server_error", message, hint, cause });
}

/** Converts the error of a server that cannot listen. `settings`: where its address is set. */
export function listenError(cause: unknown, address: ListenAddress, settings = SERVICE_SETTINGS): ServiceError {
  const systemCode = (cause as NodeJS.ErrnoException | null)?.code ?? "unknown error";
  const code = aliases[systemCode] ?? systemCode;
  const explain = explanations[code];
  const { message, hint } = explain?.(address, settings) ?? {
    message: `Listening on ${named(address)} failed (${systemCode}).`,
    hint: `Choose another address with ${settings.host}, or another port with ${settings.port}.`,
  };
  return (code === "EACCES" ? listenNotPermitted : listenFailed)(message, hint, cause);
}
