/**
 * Calls a function that an app passed in and resolves to its result. Rejects when it throws, when it rejects, and when it
 * has not settled after so many milliseconds.
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
