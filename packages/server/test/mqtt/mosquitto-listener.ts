import { spawn } from "node:child_process";
import type { Mosquitto } from "./mosquitto.js";

interface HeardMessage {
  readonly topic: string;
  readonly text: string;
  readonly retain: boolean;
}

/** A client of mosquitto's that keeps the messages of a filter. */
export interface MosquittoListener extends Disposable {
  readonly messages: readonly HeardMessage[];
}

export function listenTo({ port }: Mosquitto, filter: string): MosquittoListener {
  const child = spawn("mosquitto_sub", ["-p", String(port), "-q", "1", "-t", filter, "-F", "%r %t %p"]);
  let text = "";
  child.stdout.on("data", (bytes) => {
    text += bytes;
  });
  return {
    get messages() {
      return text
        .split("\n")
        .slice(0, -1)
        .map((line) => {
          const [, retain, topic = "", payload = ""] = /^([01]) (\S+) (.*)$/s.exec(line) ?? [];
          return { retain: retain === "1", topic, text: payload };
        });
    },
    [Symbol.dispose]: () => void child.kill(),
  };
}
