import type { Published } from "../memory-broker.js";
import { DEVICE_TOPIC, findConfigProblems } from "./discovery-rules.js";

/**
 * The part of Home Assistant that keeps entities, as discovery.py does: an entity stays until its component has only the
 * platform, or the config of its device is empty. A config that omits it changes nothing.
 */
export class EntityRegistry {
  readonly entities = new Map<string, Record<string, unknown>>();
  readonly problems: string[] = [];
  readonly #prefix: string;

  constructor(prefix = "homeassistant") {
    this.#prefix = prefix;
  }

  readonly receive = ({ topic, text }: Pick<Published, "topic" | "text">): void => {
    if (!topic.startsWith(`${this.#prefix}/`)) return;
    if (!DEVICE_TOPIC.test(topic.slice(this.#prefix.length + 1))) this.problems.push(`topic ${topic}`);
    if (text === "") {
      this.entities.clear();
      return;
    }
    const config = JSON.parse(text);
    this.problems.push(...findConfigProblems(config));
    for (const [key, { platform, ...rest }] of Object.entries<Record<string, unknown>>(config.components)) {
      if (Object.keys(rest).length === 0) this.entities.delete(key);
      else this.entities.set(key, { platform, ...rest });
    }
  };

  /** Names of the entities in order. */
  get keys(): string[] {
    return [...this.entities.keys()].sort();
  }
}
