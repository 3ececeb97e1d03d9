import { BlockList, isIP } from "node:net";

/** Addresses of this machine, which may always connect. */
const loopback = ["127.0.0.0/8", "::1"];

/** A network as its first address and the length of its prefix in bits. */
export interface ClientNetwork {
  readonly address: string;
  readonly family: "ipv4" | "ipv6";
  readonly prefix: number;
}

/** Reads an address, or a network such as `192.168.1.0/24`. Returns null for anything else. */
export function readNetwork(text: string): ClientNetwork | null {
  const [address = "", prefix, ...rest] = text.split("/");
  const version = address.includes("%") ? 0 : isIP(address);
  if (version === 0 || rest.length > 0) return null;
  const longest = version === 4 ? 32 : 128;
  const family = version === 4 ? "ipv4" : "ipv6";
  if (prefix === undefined) return { address, family, prefix: longest };
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > longest) return null;
  return { address, family, prefix: Number(prefix) };
}

/** Decides which addresses may connect. */
export class ClientRules {
  readonly #allowed = new BlockList();

  /** Throws a TypeError for a text that {@link readNetwork} does not read. */
  constructor(clients: readonly string[]) {
    for (const text of [...loopback, ...clients]) {
      const network = readNetwork(text);
      if (network === null) throw new TypeError(`"${text}" is not an address or a network`);
      this.#allowed.addSubnet(network.address, network.prefix, network.family);
    }
  }

  /** Whether an address, as sockets report it, may connect. */
  allows(remote: string | undefined): boolean {
    // On a socket for both families, IPv4 addresses have this prefix.
    const address = remote?.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "") ?? "";
    const version = isIP(address);
    return version !== 0 && this.#allowed.check(address, version === 4 ? "ipv4" : "ipv6");
  }
}
