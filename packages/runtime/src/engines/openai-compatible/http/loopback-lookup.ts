import { lookup as lookUpByDns } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { RemoteEngineError } from "../remote-engine-error.js";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Is this an IP address of this machine that no other can reach? An IPv4 one written as IPv6 counts too. */
export function isLoopback(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && loopback.check(address, family === 4 ? "ipv4" : "ipv6");
}

/**
 * Looks a name up and refuses it unless every address that it stands for is a loopback one: it fails with
 * `network-not-allowed` before anything is connected. The connection is made to the addresses that were checked.
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
    reason: addresses.length === 0 ? undefined : `It stands for ${addresses.slice(0, 4).join(", ")}.`,
    hint: "Set engine.allow_network: true if messages may leave this machine, or use a server on 127.0.0.1.",
  });
}
