import { packageBuild } from "../../scripts/tsup.base";

export default packageBuild([], {
  dts: { banner: '/// <reference lib="esnext.disposable" />' },
  groups: [
    { file: "index.js", parts: ["index"] },
    // For servers that listen. Those that are mounted in another server need none of it.
    { file: "listen.js", parts: ["http/node-listener", "status/status-socket", "status/service-places"] },
    { file: "metrics.js", parts: ["metrics/write-metrics"] },
    { file: "wyoming.js", parts: ["wyoming/wyoming-listener", "wyoming/announcement"] },
    // Only services that are announced need it.
    { file: "multicast-dns.js", parts: ["multicast-dns"] },
    { file: "page.js", parts: ["page/page-desk", "page/page-files-reply"] },
    // Only agents that act by themselves need these.
    { file: "mqtt.js", parts: ["mqtt/index"] },
    { file: "triggers.js", parts: ["triggers/index", "automation/event-socket"] },
  ],
});
