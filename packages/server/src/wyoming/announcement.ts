import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import os from "node:os";
import { cutText } from "@nanoagent/models";
import type { Log } from "../log/log-entry.js";
import {
  addressData,
  asLabel,
  type DnsQuery,
  type DnsRecord,
  nameData,
  noTextData,
  plainName,
  readQuery,
  recordTypes,
  serviceData,
  writeAnswer,
} from "./dns-message.js";

const SERVICE = "_wyoming._tcp.local";
/** Name under which all kinds of services are listed. */
const ALL_SERVICES = "_services._dns-sd._udp.local";
const GROUP = "224.0.0.251";
const MDNS_PORT = 5353;
/** How long others keep the records. */
const RECORD_SECONDS = 120;
/** Time between the first two announcements. */
const REPEAT_MILLISECONDS = 1000;
/** Time between two looks at the network interfaces: a device may start before its network. */
const LOOK_MILLISECONDS = 15_000;
/** Most answers in a second. */
const MAX_ANSWERS = 10;
const SECOND_MILLISECONDS = 1000;
/** Most network interfaces. A machine with containers has many. */
const MAX_INTERFACES = 16;
/** Longest part of a host's name in the name of the service. */
const MAX_HOST_CHARACTERS = 30;

/** A network interface of this machine. */
export interface NetworkInterface {
  /** Its IPv4 address, by which it is chosen. */
  readonly address: string;
  /** All addresses of the machine on it. */
  readonly addresses: readonly string[];
}

export interface AnnouncementOptions {
  /** Name of the agent. */
  readonly name: string;
  /** Address that the service listens on, which may stand for all addresses. */
  readonly host: string;
  readonly port: number;
  readonly log: Log;
  /** Interfaces to announce it on. Default: those of the machine, except loopback. */
  readonly interfaces?: () => readonly NetworkInterface[];
  /** Name of the machine. Default: the system's. */
  readonly hostName?: string;
  /** Port of the protocol. Default: 5353. */
  readonly mdnsPort?: number;
}

/**
 * Announces a service on the local network by mDNS (RFC 6762), so that Home Assistant finds it: at the start, when a
 * network appears, and when somebody asks. At the end it says goodbye. Failures are lines of the log.
 */
export class Announcement {
  readonly #options: AnnouncementOptions;
  readonly #mdnsPort: number;
  readonly #instance: string;
  readonly #host: string;
  /** Receives queries on all interfaces. Null until one is there. */
  #receiver: Socket | null = null;
  /** Sends on one interface each, by its address. */
  readonly #senders = new Map<string, Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #second = 0;
  #answers = 0;
  #hasFailed = false;

  constructor(options: AnnouncementOptions) {
    const { name, port, hostName = os.hostname() } = options;
    const machine = cutText(hostName.replace(/\..*$/, ""), MAX_HOST_CHARACTERS);
    this.#options = options;
    this.#mdnsPort = options.mdnsPort ?? MDNS_PORT;
    this.#instance = `${asLabel(`${cutText(name, MAX_HOST_CHARACTERS)} on ${machine}`)}.${SERVICE}`;
    // Apart from the machine's own name, for which its system answers.
    this.#host = `${asLabel(`nanoagent-${machine}-${port}`)}.local`;
  }

  /** Begins to announce the service. */
  async open(): Promise<void> {
    await this.#look();
    const timer = setInterval(() => void this.#look(), LOOK_MILLISECONDS).unref();
    this.#timers.add(timer);
  }

  /** Says that the service ends. Resolves when everybody could have heard it. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers.clear();
    await this.#send(this.#records().map((record) => ({ ...record, seconds: 0 })));
    for (const socket of [this.#receiver, ...this.#senders.values()]) socket?.close();
    this.#receiver = null;
    this.#senders.clear();
  }

  #interfaces(): readonly NetworkInterface[] {
    return (this.#options.interfaces ?? machineInterfaces)().slice(0, MAX_INTERFACES);
  }

  /** Opens the interfaces that are new, and announces the service if there are any. */
  async #look(): Promise<void> {
    const interfaces = this.#interfaces();
    const present = new Set(interfaces.map(({ address }) => address));
    for (const [address, socket] of this.#senders) {
      if (present.has(address)) continue;
      socket.close();
      this.#senders.delete(address);
    }
    const fresh = interfaces.filter(({ address }) => !this.#senders.has(address));
    if (fresh.length === 0) return;
    try {
      this.#receiver ??= await this.#openReceiver();
      for (const { address } of fresh) await this.#openInterface(address, this.#receiver);
    } catch (error) {
      this.#fail(error);
      return;
    }
    await this.#send(this.#records());
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#send(this.#records());
    }, REPEAT_MILLISECONDS).unref();
    this.#timers.add(timer);
  }

  async #openReceiver(): Promise<Socket> {
    const socket = createSocket({ type: "udp4", reuseAddr: true });
    socket.on("message", (bytes, from) => this.#receive(bytes, from));
    await bind(socket, this.#mdnsPort, "0.0.0.0");
    socket.on("error", (error) => this.#fail(error)).unref();
    return socket;
  }

  async #openInterface(address: string, receiver: Socket): Promise<void> {
    const socket = createSocket({ type: "udp4", reuseAddr: true });
    // Questions to this address alone come here.
    socket.on("message", (bytes, from) => this.#receive(bytes, from));
    await bind(socket, this.#mdnsPort, address);
    socket.on("error", (error) => this.#fail(error)).unref();
    socket.setMulticastInterface(address);
    socket.setMulticastTTL(255);
    receiver.addMembership(GROUP, address);
    this.#senders.set(address, socket);
  }

  #fail(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#options.log({
      level: "warn",
      event: "announcement-failed",
      message: "The Wyoming service cannot be announced on the local network. Clients need its address and port.",
      error: error instanceof Error ? error.message : String(error),
    });
  }

  #receive(bytes: Uint8Array, from: RemoteInfo): void {
    const query = readQuery(bytes);
    if (query === null) return;
    const records = this.#records().filter((record) => query.questions.some((question) => isAsked(record, question)));
    if (records.length === 0 || !this.#mayAnswer()) return;
    // The addresses are needed with everything else.
    const answer = [...records, ...this.#records().filter((record) => !records.includes(record) && record.isUnique)];
    if (from.port === this.#mdnsPort) void this.#send(answer);
    else this.#sendTo(query, answer, from);
  }

  #mayAnswer(): boolean {
    const second = Math.floor(Date.now() / SECOND_MILLISECONDS);
    if (second !== this.#second) this.#answers = 0;
    this.#second = second;
    this.#answers += 1;
    return this.#answers <= MAX_ANSWERS;
  }

  #records(): DnsRecord[] {
    const { host, port } = this.#options;
    const record = (name: string, type: keyof typeof recordTypes, data: Uint8Array, isUnique = true): DnsRecord => ({
      name,
      type: recordTypes[type],
      data,
      isUnique,
      seconds: RECORD_SECONDS,
    });
    return [
      record(SERVICE, "PTR", nameData(this.#instance), false),
      record(ALL_SERVICES, "PTR", nameData(SERVICE), false),
      record(this.#instance, "SRV", serviceData(port, this.#host)),
      record(this.#instance, "TXT", noTextData()),
      ...this.#addresses(host).map((address) =>
        record(this.#host, address.includes(":") ? "AAAA" : "A", addressData(address)),
      ),
    ];
  }

  /** Addresses by which clients reach the service. */
  #addresses(host: string): string[] {
    const all = this.#interfaces().flatMap(({ addresses }) => addresses);
    if (host === "::") return all;
    return host === "0.0.0.0" ? all.filter((address) => !address.includes(":")) : [host];
  }

  /** Sends records to everybody, on each interface. */
  async #send(records: readonly DnsRecord[]): Promise<void> {
    const message = writeAnswer(records);
    const sending = [...this.#senders.values()].map(
      (socket) =>
        new Promise<void>((resolve) => {
          // An interface that is gone is noticed at the next look.
          socket.send(message, this.#mdnsPort, GROUP, () => resolve());
        }),
    );
    await Promise.all(sending);
  }

  /** Answers a program that does not listen to everybody's messages. */
  #sendTo(query: DnsQuery, records: readonly DnsRecord[], { port, address }: RemoteInfo): void {
    this.#receiver?.send(writeAnswer(records, query), port, address, () => {});
  }
}

function isAsked(record: DnsRecord, { name, type }: { name: string; type: number }): boolean {
  const isType = type === record.type || type === recordTypes.ANY;
  return isType && plainName(record.name).toLowerCase() === name.toLowerCase();
}

function bind(socket: Socket, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, address, () => {
      socket.off("error", reject);
      resolve();
    });
  });
}

/** Returns the network interfaces of this machine, without loopback. */
function machineInterfaces(): NetworkInterface[] {
  return Object.values(os.networkInterfaces()).flatMap((entries = []) => {
    const outside = entries.filter(({ internal }) => !internal);
    const four = outside.find(({ family }) => family === "IPv4");
    // Link-local addresses need the name of an interface, which differs on the other machine.
    const addresses = outside.map(({ address }) => address).filter((address) => !/^fe[89ab]/i.test(address));
    return four === undefined ? [] : [{ address: four.address, addresses }];
  });
}
