export { type HubEnvironment, readHubEnvironment } from "./environment/hub-environment.js";
