import type { ServeSettings } from "@nanoagent/models";
import type { CheckedPart } from "./check-report.js";

type ServiceParts = Pick<
  typeof import("@nanoagent/server/program"),
  "canonicalHost" | "readNetwork" | "wyomingHost" | "DEFAULT_HOST" | "DEFAULT_PORT"
>;

/** A language as voice assistants name it, such as `de` or `pt-BR`. */
const LANGUAGE = /^[a-z]{2,3}(?:-[a-z0-9]{2,8})*$/i;

/** Checks the settings of the Wyoming service that no schema can. */
export function checkWyoming(part: CheckedPart, serve: ServeSettings, parts: ServiceParts): void {
  const { wyoming, port = parts.DEFAULT_PORT } = serve;
  if (wyoming === undefined) return;
  if (wyoming.port === port && port !== 0) {
    part.error(["serve", "wyoming", "port"], {
      code: "invalid-config",
      message: `Port ${port} is already that of the service itself.`,
      hint: "Choose another port; Wyoming services often have 10400.",
    });
  }
  checkClients(part, wyoming.allow_clients ?? [], parts);
  for (const [index, language] of (wyoming.languages ?? []).entries()) {
    if (LANGUAGE.test(language)) continue;
    part.error(["serve", "wyoming", "languages", index], {
      code: "invalid-config",
      message: `"${language}" is not the code of a language.`,
      hint: "Write codes such as de, en or pt-BR.",
    });
  }
  if (wyoming.announce === true && (wyoming.allow_clients ?? []).length === 0) {
    part.warn(["serve", "wyoming", "announce"], {
      code: "no-effect",
      message: "The Wyoming service is not announced, because only this machine can use it.",
      hint: "Set serve.wyoming.allow_clients to the addresses that may connect, such as that of Home Assistant.",
    });
  }
}

function checkClients(part: CheckedPart, clients: readonly string[], { readNetwork }: ServiceParts): void {
  for (const [index, client] of clients.entries()) {
    const path = ["serve", "wyoming", "allow_clients", index];
    const network = readNetwork(client);
    if (network === null) {
      part.error(path, {
        code: "invalid-config",
        message: `"${client}" is not an address or a network.`,
        hint: "Write addresses such as 192.168.1.10, or networks such as 192.168.1.0/24.",
      });
    } else if (network.prefix === 0) {
      part.warn(path, {
        code: "clients-unlimited",
        message: "Everybody who reaches this machine may talk to the agent: the Wyoming protocol has no keys.",
        hint: "Name the address of Home Assistant, such as 192.168.1.10, or your own network, such as 192.168.1.0/24.",
      });
    }
  }
}

/** Describes where voice assistants reach the agent, or returns null if they cannot. */
export function describeWyoming(
  { wyoming, host: asked }: ServeSettings,
  { canonicalHost, wyomingHost, DEFAULT_HOST }: ServiceParts,
): string | null {
  const address = canonicalHost(asked ?? DEFAULT_HOST);
  if (wyoming === undefined || address === null) return null;
  const host = wyomingHost({ settings: wyoming, host: address });
  const clients = (wyoming.allow_clients ?? []).length;
  const allowed =
    clients === 0 ? "this machine" : clients === 1 ? "one address or network" : `${clients} addresses or networks`;
  return `voice assistants of ${allowed} at tcp://${host.includes(":") ? `[${host}]` : host}:${wyoming.port}`;
}
