export { type ReadConfigOptions, readConfig } from "./config/read-config.js";
export { type ConfigFault, InvalidConfigError } from "./config/invalid-config-error.js";
export { MAX_CONFIG_BYTES } from "./config/read-config-text.js";
export { MissingPeerError } from "./missing-peer-error.js";
export { MAX_SKILL_BYTES, readSkills } from "./skills/read-skills.js";
