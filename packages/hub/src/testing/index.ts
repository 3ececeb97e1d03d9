export {
  type HubMirror,
  type HubMirrorOptions,
  type MirrorRepository,
  type MirrorRequest,
  startHubMirror,
} from "./hub-mirror.js";
export type { MirrorFaults, MirrorServer } from "./mirror-faults.js";
export {
  type OllamaMirror,
  type OllamaMirrorModel,
  type OllamaMirrorOptions,
  type OllamaMirrorRequest,
  startOllamaMirror,
} from "./ollama-mirror.js";
