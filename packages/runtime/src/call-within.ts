/**
 * Calls a function that an app passed in and resolves to its result. Rejects if it throws, rejects, or does not settle
 * within the timeout.
 */
export async function callWithin<Value>(milliseconds: number, call: () => Value | Promise<Value>): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer after ${milliseconds / 1000} s`)), milliseconds);
  });
  try {
    return await Promise.race([call(), late]);
  } finally {
    clearTimeout(timer);
  }
}
