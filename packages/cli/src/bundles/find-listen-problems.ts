import { createServer } from "node:net";
import { asSentence, type NanoAgentConfigInput } from "@nanoagent/models";
import { canonicalHost, DEFAULT_HOST, DEFAULT_PORT, listenError, wyomingHost } from "@nanoagent/server/program";

/** An address of a service, with the keys of the config that set it. */
interface ServedAddress {
  readonly keys: string;
  readonly host: string;
  readonly port: number;
}

type ServedConfig = Pick<NanoAgentConfigInput, "serve">;
/** Address of the command line, which goes before that of a config. */
interface AddressOptions {
  readonly host?: unknown;
  readonly port?: unknown;
}

/**
 * Returns why a service with the config `next` could not start instead of the one that runs with `running`, one sentence for each
 * address. Addresses that the service listens on already are not tried.
 */
export async function findListenProblems(
  next: ServedConfig,
  running: ServedConfig,
  options: AddressOptions,
): Promise<readonly string[]> {
  const [wanted, own] = [addressesOf(next, options), addressesOf(running, options)];
  const fresh = wanted.filter(
    (address) => !own.some(({ host, port }) => host === address.host && port === address.port),
  );
  // The port of the service itself is free at its next start.
  return findProblems(
    fresh.map((address) => (own.some(({ port }) => port === address.port) ? { ...address, port: 0 } : address)),
  );
}

/**
 * Returns why this machine could not listen on the addresses of a config, one sentence each. Whether the ports are free is not
 * asked, since another service may use them until the change.
 */
export function findHostProblems(config: ServedConfig): Promise<readonly string[]> {
  return findProblems(config.serve === undefined ? [] : addressesOf(config, {}).map((one) => ({ ...one, port: 0 })));
}

function addressesOf({ serve = {} }: ServedConfig, options: AddressOptions): readonly ServedAddress[] {
  const asked = options.host === undefined ? (serve.host ?? DEFAULT_HOST) : String(options.host);
  const host = canonicalHost(asked) ?? asked;
  const port = options.port === undefined ? (serve.port ?? DEFAULT_PORT) : Number(options.port);
  const service = { keys: "serve.host and serve.port", host, port };
  const { wyoming: settings } = serve;
  if (settings === undefined) return [service];
  return [service, { keys: "serve.wyoming", host: wyomingHost({ settings, host }), port: settings.port }];
}

async function findProblems(addresses: readonly ServedAddress[]): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const { keys, host, port } of addresses) {
    const cause = await tryToListen(host, port);
    if (cause === null) continue;
    problems.push(
      `${keys}: ${asSentence(listenError(cause, { host, port }).message)} The service could not start again.`,
    );
  }
  return problems;
}

/** Listens for a moment. Resolves with the error, or null. */
function tryToListen(host: string, port: number): Promise<unknown> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", resolve);
    try {
      server.listen({ host, port }, () => server.close(() => resolve(null)));
    } catch (error) {
      resolve(error);
    }
  });
}
