// "Compare over other exits": one exit rewrites addresses on the way, others don't. Only the same address in the same place lets a
// copy go; links that carry the address, changed locations, redirects and other people's comments do not.

import test from 'node:test';
import assert from 'node:assert/strict';
import { freshName, sleep, until, withEditions } from './harness.mjs';
import { assertForm } from './reportform.mjs';
import { CopyWindow, copyWindow, fillClipboard, press, select, textOn } from './clipboard.mjs';
import { ADDRESS, HTTP, OTHER, PREFS, pageOf } from './copypages.mjs';

const BEFORE = 'what was there before';
const EVIL = ADDRESS, HONEST = OTHER;
const END = ['held', 'released'];

withEditions((edition, its) => {
  /** What a page shows by exit: the first exit that comes is the browser's; `first` is what that one shows. */
  function byExit(first, others) {
    let mine = null;
    return (site, who, req) => {
      const { exit } = req.socket.record;
      mine ??= exit;
      const body = exit === mine ? first : others;
      return typeof body === 'function' ? body(req) : ['text/html; charset=utf-8', pageOf(body)];
    };
  }

  async function visit(pages, { path = '/', how } = {}) {
    const { firefox, origin } = its();
    const name = freshName('compare');
    origin.site(name, { pages });
    const url = `http://${name}:${HTTP}${path}`;
    const tab = how ? await how(url) : await firefox.open(url);
    await tab.wait(() => document.readyState === 'complete' && Boolean(document.getElementById('end')), { what: 'the page' });
    await sleep(150);
    await fillClipboard(firefox, BEFORE);
    return { tab, name, exit: origin.connections(name)[0].exit };
  }

  async function copyAndCompare(tab, id = '#address') {
    const { firefox } = its();
    await select(tab, id);
    await press(tab, 'c');
    const window = await CopyWindow.wait(firefox);
    await until(async () => (await window.state()).whynot !== 'locating', { what: 'the place on the page' });
    window.last = await window.state();
    if (window.last.whynot) return window;
    await window.press('compare');
    await until(async () => {
      const state = await window.state();
      return END.includes(state.phase) && (state.verdict || state.compareproblem) && (window.last = state);
    }, { limit: 40000, what: 'the end of the comparison' });
    return window;
  }

  async function close(window) {
    const { firefox } = its();
    await window.close();
    await until(async () => !(await copyWindow(firefox)), { what: 'our window gone' });
  }

  const donate = (address, more = '') => `<h1>Donate</h1><p>Thank you.</p><p id="address">Please send to ${address} only.</p>${more}`;

  test('an exit that rewrites addresses: mismatch, both addresses shown, that exit named, and reported', async () => {
    const { firefox, origin } = its();
    const { tab, exit, name } = await visit({ '/': byExit(donate(EVIL), donate(HONEST)) });
    const window = await copyAndCompare(tab);
    const { verdict, reason, text, phase } = window.last;
    assert.deepEqual([phase, verdict, reason], ['held', 'mismatch', 'others_agree'], text);
    assert.ok(text.includes(EVIL) && text.includes(HONEST), text);
    const yours = await window.tab.eval(() => [...document.querySelectorAll('#answers .answer')].filter((e) => e.classList.contains('differs') && !e.querySelector('code + code, .status + code')).map((e) => e.innerText).join());
    assert.ok(text.includes(exit), `${exit} is not named: ${yours}`);
    assert.equal(await textOn(firefox), BEFORE);
    assert.equal(await window.has('compare'), false, 'asking again is offered');
    // The report's form: both addresses, the exit, the site; nothing else of the page.
    await window.press('report');
    const accused = origin.connections(name)[0].fingerprint;
    const report = await assertForm(firefox, { kind: 'copy', host: name, port: HTTP, edition, accused });
    assert.deepEqual([report.ticker, report.first[0].address], ['BTC', EVIL]);
    assert.ok(report.others.filter((o) => o.address === HONEST).length >= 2, JSON.stringify(report.others));
    assert.equal(report.reproduce, `secondexit download http://${name}:${HTTP}/ --first-exit ${accused}`);
    await close(window);
  });

  test('an honest page: match; the copy is released, with every flavour', async () => {
    const { firefox } = its();
    const { tab } = await visit({ '/': byExit(donate(HONEST), donate(HONEST)) });
    const window = await copyAndCompare(tab);
    const { verdict, reason, text, phase } = window.last;
    assert.deepEqual([phase, verdict, reason], ['released', 'match', 'same_address'], text);
    await until(async () => (await textOn(firefox)).includes(HONEST), { what: 'the copy' });
    await close(window);
  });

  test('an attacker’s comment on the honest page holds his address: another place', async () => {
    const { firefox } = its();
    const comments = `<h2>Comments</h2><p>I sent to ${EVIL} and it worked</p>`;
    const { tab } = await visit({ '/': byExit(donate(EVIL, comments), donate(HONEST, comments)) });
    const window = await copyAndCompare(tab);
    assert.equal(window.last.phase, 'held', window.last.text);
    assert.notEqual(window.last.verdict, 'match');
    assert.equal(await textOn(firefox), BEFORE);
    await close(window);
  });

  test('the owner’s address hidden by a style of the exit’s, an attacker’s comment left to be copied: same place, and no match', async () => {
    const { firefox } = its();
    for (const owner of [`<p class="owner">Donate: ${HONEST}</p>`, `<p class="owner"><a href="bitcoin:${HONEST}">Donate</a></p>`]) {
      const page = `${owner}<h2>Comments</h2>${'<p>How nice, thank you for it all.</p>'.repeat(5)}<p id="address">The owner says: send to ${EVIL} and nowhere else</p>`;
      const { tab } = await visit({ '/': byExit(`<style>.owner, h2 { display: none }</style>${page}`, page) });
      assert.equal(await tab.eval(() => document.querySelector('.owner').offsetHeight), 0);
      const window = await copyAndCompare(tab);
      assert.deepEqual([window.last.phase, window.last.verdict, window.last.reason], ['held', 'undecided', 'other_addresses'], window.last.text);
      assert.equal(await textOn(firefox), BEFORE);
      assert.equal(await window.has('compare'), false, 'asking again decides nothing');
      await close(window);
    }
  });

  test('a page that shows what its link says: reflected, never a match', async () => {
    const { firefox } = its();
    const echo = (req) => ['text/html; charset=utf-8', pageOf(donate(new URL(req.url, 'http://x').searchParams.get('to') ?? ''))];
    const { tab } = await visit({ '/show': byExit(echo, echo) }, { path: `/show?to=${EVIL}` });
    const window = await copyAndCompare(tab);
    assert.deepEqual([window.last.phase, window.last.verdict, window.last.reason], ['held', 'undecided', 'reflected'], window.last.text);
    assert.equal(await textOn(firefox), BEFORE);
    await close(window);
  });

  test('history.replaceState: what was asked for first is fetched, not what the page says it is', async () => {
    const { firefox, origin } = its();
    const lie = `${donate(EVIL)}<script>history.replaceState(null, '', '/theirs');</script>`;
    const { tab, name } = await visit({ '/': byExit(lie, donate(HONEST)), '/theirs': () => ['text/html; charset=utf-8', pageOf(donate(EVIL))] });
    const window = await copyAndCompare(tab);
    assert.equal(window.last.verdict, 'mismatch', window.last.text);
    assert.equal(await textOn(firefox), BEFORE);
    assert.ok(!origin.connections(name).some((c) => c.requests.some((r) => r.url.startsWith('/theirs'))), 'the page’s own address was fetched');
    await close(window);
  });

  test('an exit that redirects to a page of its choice: the first address is fetched', async () => {
    const { firefox } = its();
    const away = () => ['text/html', '', { Location: '/theirs' }];
    const { tab } = await visit({ '/': byExit(away, donate(HONEST)), '/theirs': () => ['text/html; charset=utf-8', pageOf(donate(EVIL))] });
    const window = await copyAndCompare(tab);
    assert.equal(window.last.phase, 'held', window.last.text);
    assert.notEqual(window.last.verdict, 'match', window.last.text);
    assert.equal(await textOn(firefox), BEFORE);
    await close(window);
  });

  test('where no comparison is offered: an insecure page led here, a page that another window chose, a form, a block explorer, the page’s own text', async () => {
    const { firefox, origin } = its();
    const list = [EVIL, HONEST].map((a, i) => `<p id="${i ? 'second' : 'address'}">block of ${a}</p>`).join('');
    const cases = [
      ['page', async (tab) => { await tab.eval(() => { location.href = '/next'; }); }],
      ['page', async (tab) => { await tab.click('#follow'); }],
      ['form', async (tab) => { await tab.click('#send'); }],
    ];
    const links = '<a id="follow" href="/next">next</a><form method="post" action="/next"><button id="send">send</button></form>';
    for (const [why, go] of cases) {
      const { tab } = await visit({ '/': () => ['text/html; charset=utf-8', pageOf(links)], '/next': () => ['text/html; charset=utf-8', pageOf(donate(EVIL))] });
      await go(tab);
      await tab.wait(() => Boolean(document.getElementById('address')), { what: 'the next page' });
      await sleep(200);
      const window = await copyAndCompare(tab);
      assert.equal(window.last.whynot, why, window.last.text);
      assert.ok(await window.has('why-not'));
      await close(window);
      await tab.close();
    }
    const { tab } = await visit({ '/': () => ['text/html; charset=utf-8', pageOf(`<div id="both">${list}</div>`)] });
    const window = await copyAndCompare(tab, '#both');
    assert.equal(window.last.whynot, 'many', window.last.text);
    assert.equal(await textOn(firefox), BEFORE);
    await close(window);
    const explorer = await visit({ '/': byExit(`<div>${list}</div>`, `<div>${list}</div>`) });
    const compared = await copyAndCompare(explorer.tab);
    assert.deepEqual([compared.last.phase, compared.last.reason], ['held', 'other_addresses'], compared.last.text);
    assert.equal(await textOn(firefox), BEFORE);
    await close(compared);
    assert.ok(origin.connections(explorer.name).length >= 4);
  });

  test('followed from a secure page: compared as it was first asked for', async () => {
    const { firefox, origin } = its();
    const secure = freshName('from');
    const how = async (url) => {
      origin.site(secure, { first: 'valid', others: 'valid', pages: { '/': () => ['text/html; charset=utf-8', pageOf(`<a id="follow" href="${url}">to it</a>`)] } });
      const tab = await firefox.open(`https://${secure}:18443/`);
      await tab.wait(() => Boolean(document.getElementById('follow')), { what: 'the secure page' });
      await tab.click('#follow');
      await tab.wait(() => Boolean(document.getElementById('address')), { what: 'the page behind the link' });
      return tab;
    };
    const { tab } = await visit({ '/': byExit(donate(HONEST), donate(HONEST)) }, { how });
    const window = await copyAndCompare(tab);
    assert.equal(window.last.phase, 'released', window.last.text);
    await close(window);
  });
}, { net: { clientOptions: ['ConfluxEnabled 0'] }, firefox: { prefs: PREFS } });
