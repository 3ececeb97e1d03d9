/** Default of `serve.host`. */
export const DEFAULT_HOST = "127.0.0.1";
/** Default of `serve.port`. */
export const DEFAULT_PORT = 7420;
