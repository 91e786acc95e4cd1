// Waiting in tests: for a condition, with a limit, and with a sentence that says what did not come.

export const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** What `promise` comes to; undefined when that takes longer than `ms`. No timer stays behind, which would keep a finished test's process. */
export async function within(ms, promise) {
  let timer;
  try {
    return await Promise.race([promise, new Promise((resolve) => { timer = setTimeout(resolve, ms); })]);
  } finally {
    clearTimeout(timer);
  }
}

// Asking costs the browser more than what is waited for: what takes longer is asked for less often.
const pause = (waited) => (waited < 500 ? 40 : waited < 4000 ? 100 : 200);

/** Asks `probe` again until its answer is true; answers that. An exception is an answer that isn't true yet. */
export async function until(probe, { limit = 10000, step = 0, what = String(probe) } = {}) {
  const begin = Date.now();
  let last = null;
  for (;;) {
    try {
      const answer = await probe();
      if (answer) return answer;
      last = null;
    } catch (e) {
      last = e;
    }
    const waited = Date.now() - begin;
    if (waited > limit) throw new Error(`not within ${limit} ms: ${what}${last ? ` (${last.message})` : ''}`);
    await sleep(step || pause(waited));
  }
}
