// The report form as a person reads it: opened by a button somewhere else, filled with that finding.

import assert from 'node:assert/strict';
import { OURS } from './firefox.mjs';
import { until } from './wait.mjs';

/** Waits for the form; → {tab, report, shown}: its tab, the text to be sent as an object, all that stands on the page. */
export async function reportForm(firefox) {
  const tab = await until(async () => {
    for (const t of await firefox.tabs()) {
      if ((await t.address().catch(() => '')).startsWith(`${OURS}ui/report.html`) && await t.eval(() => Boolean(document.getElementById('page').dataset.phase))) return t;
    }
    return null;
  }, { limit: 30000, what: 'the report form' });
  const [phase, text, shown] = await tab.eval(() => [document.getElementById('page').dataset.phase, document.getElementById('text')?.textContent, document.body.textContent]);
  assert.equal(phase, 'ready', shown);
  return { tab, report: JSON.parse(text), shown };
}

/** The form that a click has just opened: of this finding, every value shown as it would be sent, no path; then it is closed. → report */
export async function assertForm(firefox, { kind, host, port, edition, accused }) {
  const { tab, report, shown } = await reportForm(firefox);
  assert.deepEqual([report.kind, report.host, report.port, report.software.edition, report.verdict], [kind, host, port, edition, 'mismatch']);
  assert.ok(!('path' in report), 'a path that nobody added');
  assert.equal(report.first[0].exit.fingerprint, accused, JSON.stringify(report.first));
  const values = (value) => (typeof value === 'object' && value !== null ? Object.values(value).flatMap(values) : [String(value)]);
  for (const value of values(report)) assert.ok(shown.includes(value), `not shown: ${value}`);
  await tab.close();
  return report;
}
