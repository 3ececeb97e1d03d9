import type { loadTriggerParts } from "@nanoagent/server/program";

/** The parts of the server package that know triggers. They are loaded only for a config that has some. */
export type TriggerParts = Awaited<ReturnType<typeof loadTriggerParts>>;
