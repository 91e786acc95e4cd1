// Waiting in tests: for a condition, with a limit, and with a sentence that says what did not come.

export const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** Asks `probe` again until its answer is true; answers that. An exception is an answer that isn't true yet. */
export async function until(probe, { limit = 10000, step = 40, what = String(probe) } = {}) {
  const end = Date.now() + limit;
  let last = null;
  for (;;) {
    try {
      const answer = await probe();
      if (answer) return answer;
      last = null;
    } catch (e) {
      last = e;
    }
    if (Date.now() > end) throw new Error(`not within ${limit} ms: ${what}${last ? ` (${last.message})` : ''}`);
    await sleep(step);
  }
}
