import os from "node:os";

/** A network interface of this machine. */
export interface NetworkInterface {
  /** Its IPv4 address, by which it is chosen. */
  readonly address: string;
  /** All addresses of the machine on it. */
  readonly addresses: readonly string[];
  /** Its IPv4 networks, such as `192.168.1.5/24`: the addresses of its neighbors. */
  readonly networks: readonly string[];
}

/** Returns the network interfaces of this machine, without loopback. Throws where the system forbids to list them. */
export function machineInterfaces(): NetworkInterface[] {
  return Object.values(os.networkInterfaces()).flatMap((entries = []) => {
    const outside = entries.filter(({ internal }) => !internal);
    const ipv4 = outside.filter(({ family }) => family === "IPv4");
    // Link-local addresses need the name of an interface, which differs on the other machine.
    const addresses = outside.map(({ address }) => address).filter((address) => !/^fe[89ab]/i.test(address));
    const networks = ipv4.flatMap(({ cidr }) => (cidr === null ? [] : [cidr]));
    return ipv4[0] === undefined ? [] : [{ address: ipv4[0].address, addresses, networks }];
  });
}
