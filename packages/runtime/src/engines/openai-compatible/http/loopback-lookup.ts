import { lookup as lookUpByDns } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { RemoteEngineError } from "../remote-engine-error.js";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Whether an IP address is a loopback address. IPv4-mapped IPv6 addresses count as IPv4. */
export function isLoopback(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && loopback.check(address, family === 4 ? "ipv4" : "ipv6");
}

/**
 * Wraps a lookup so that it fails with `network-not-allowed`, before any connection, unless every address of the name
 * is a loopback address. The connection uses the addresses that were checked.
 */
export function loopbackOnly(lookup: LookupFunction = lookUpByDns): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found, family) => {
      if (error) return callback(error, "");
      const addresses = typeof found === "string" ? [{ address: found, family: family ?? isIP(found) }] : found;
      const outside = addresses.map(({ address }) => address).filter((address) => !isLoopback(address));
      const [first] = addresses;
      if (first === undefined || outside.length > 0) return callback(networkNotAllowed(hostname, outside), "");
      if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

export function networkNotAllowed(hostname: string, addresses: readonly string[]): RemoteEngineError {
  return new RemoteEngineError({
    code: "network-not-allowed",
    message: `The server ${hostname} is not on this machine, and the config does not allow the network.`,
    reason: addresses.length === 0 ? undefined : `It resolves to ${addresses.slice(0, 4).join(", ")}.`,
    hint: "Set engine.allow_network: true to let messages leave this machine, or use a server on 127.0.0.1.",
  });
}
