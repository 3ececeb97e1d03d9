import type { Options } from "tsup";

/**
 * Inlines less of the packages that a package needs. `mqtt-packet` uses one file of `bl`, whose other file brings along
 * copies of Node's streams and buffers, and `debug`, which would print passwords if a variable asked for it.
 */
export const lighterPackages: NonNullable<Options["esbuildPlugins"]>[number] = {
  name: "lighter-packages",
  setup(build) {
    build.onResolve({ filter: /^bl$/ }, ({ resolveDir, kind }) =>
      build.resolve("bl/BufferList.js", { resolveDir, kind }),
    );
    build.onResolve({ filter: /^debug$/ }, ({ path, importer }) =>
      importer.includes("mqtt-packet") ? { path, namespace: "silent" } : undefined,
    );
    build.onLoad({ filter: /./, namespace: "silent" }, () => ({ contents: "module.exports = () => () => {};" }));
  },
};
