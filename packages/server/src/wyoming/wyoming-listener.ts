import type { WyomingSettings } from "@nanoagent/models";
import type { OperatedAgent } from "../service/served-agent.js";

/** Address of the Wyoming service, and its end. */
export interface WyomingListener {
  /** Such as `tcp://127.0.0.1:10400`. */
  readonly url: string;
  readonly port: number;
  /** Ends connections after their running turns, at the latest after this time. */
  close(graceMilliseconds: number): Promise<void>;
}

/** Answers Home Assistant's voice assistants. Rejects with {@link ServiceError} `listen-failed`. */
export async function listenWyoming(_operated: OperatedAgent, _settings: WyomingSettings): Promise<WyomingListener> {
  throw new Error("not here yet");
}
