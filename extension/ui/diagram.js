// The picture of the paths: you, guard, middle, exit, site; your own path on top, those that were asked below. Drawn
// for the width there is, in the reader's direction. Narrow: guard and middle are dots; their names stand in the list.

import { h, svg } from './dom.js';
import { countryName, shortFingerprint } from './words.js';
import { statusOf } from './answers.js';

const ROW = 92;
const BOX = { wide: 132, narrow: 124, height: 64 };
const NARROW = 620;

/** Paths to draw: your own (one for each candidate, at most two), then each other exit that answered. */
export function pathsOf(t, { first, others, browser_paths: own }) {
  const mine = first[0];
  const status = mine ? statusOf(t, mine) : { tone: 'first' };
  const text = status.tone === 'valid' || status.tone === 'silent' ? status.text : t('slot_first');
  const rows = own.slice(0, 2).map((path) => ({ relays: path, tone: 'yours', text }));
  if (rows.length === 0 && mine) rows.push({ relays: mine.path.length ? mine.path : [mine.exit], tone: 'yours', text });
  for (const answer of others.slice(0, 6)) {
    rows.push({ relays: answer.path.length ? answer.path : [answer.exit], ...statusOf(t, answer) });
  }
  return rows.map((row) => ({ ...row, relays: row.relays.filter(Boolean) }));
}

const cut = (text, max) => (text.length > max ? `${text.slice(0, max - 1)}…` : text);

// Guard, middle, exit of a path; a cannibalized path has two middles: the one next to the guard is named.
const parts = (relays) => ({ guard: relays.length > 1 ? relays[0] : null, middle: relays.length > 2 ? relays[1] : null, exit: relays.at(-1) ?? null });

class Picture {
  constructor(t, language, width, isRtl) {
    this.t = t;
    this.language = language;
    this.width = width;
    this.isRtl = isRtl;
    this.isNarrow = width < NARROW;
    this.boxWidth = this.isNarrow ? Math.min(BOX.narrow, Math.floor(width * 0.42)) : Math.min(BOX.wide, Math.floor((width - 210) / 3));
    const edge = this.isNarrow ? 30 : 44;
    this.columns = this.isNarrow
      ? { you: edge, guard: width * 0.26, middle: width * 0.33, exit: width * 0.61, site: width - edge }
      : { you: edge, guard: width * 0.26, middle: width * 0.5, exit: width * 0.74, site: width - edge };
  }

  x(at) {
    return Math.round(this.isRtl ? this.width - at : at);
  }

  text(at, y, text, className, direction = null) {
    return svg('text', { x: this.x(at), y, class: className, 'text-anchor': 'middle', direction }, text);
  }

  relay(at, y, relay, tone, label) {
    const { boxWidth: w } = this;
    const chars = Math.floor(w / 9.2);
    const country = relay ? countryName(this.language, relay.country) : '';
    return svg('g', { class: `node ${tone}` },
      svg('rect', { x: this.x(at) - w / 2, y: y - BOX.height / 2, width: w, height: BOX.height, rx: 10 }),
      this.text(at, y - 15, cut(relay ? relay.nickname : this.t('relay_unknown'), chars), 'nickname', relay ? 'ltr' : null),
      relay && this.text(at, y + 3, shortFingerprint(relay.fingerprint), 'fp', 'ltr'),
      this.text(at, y + 21, cut(label || country, chars + 2), 'country'));
  }

  dot(at, y) {
    return svg('circle', { cx: this.x(at), cy: y, r: 5, class: 'hop' });
  }

  end(at, y, kind, name) {
    const x = this.x(at);
    const shape = kind === 'you'
      ? [svg('circle', { cx: x, cy: y - 8, r: 9 }), svg('path', { d: `M${x - 17} ${y + 20} a17 17 0 0 1 34 0 z` })]
      : [svg('rect', { x: x - 15, y: y - 18, width: 30, height: 15, rx: 3 }), svg('rect', { x: x - 15, y: y + 1, width: 30, height: 15, rx: 3 })];
    return svg('g', { class: `end ${kind}` }, shape, this.text(at, y + 38, name, 'name'));
  }

  row(row, index, ends) {
    const y = ROW * index + ROW / 2 + 10;
    const { guard, middle, exit } = parts(row.relays);
    const c = this.columns;
    // Straight along the row, aslant only in the free room before the first and behind the last box.
    const line = [[c.you, ends], [this.isNarrow ? c.guard : c.guard - this.boxWidth / 2 - 8, y], [c.exit + this.boxWidth / 2 + 8, y], [c.site, ends]]
      .map(([at, height]) => [this.x(at), height]);
    const hops = this.isNarrow ? [this.dot(c.guard, y), this.dot(c.middle, y)]
      : [this.relay(c.guard, y, guard, 'plain'), this.relay(c.middle, y, middle, 'plain')];
    return svg('g', { class: `path ${row.tone}` },
      svg('polyline', { points: line.map((p) => p.join(',')).join(' ') }),
      hops, this.relay(c.exit, y, exit, row.tone),
      this.text(c.exit, y + BOX.height / 2 + 13, row.text, `verdict ${row.tone}`));
  }
}

/** The picture as a figure, described in words for those who can't see it. */
export function diagram(t, language, result, host, width, isRtl) {
  const rows = pathsOf(t, result);
  const picture = new Picture(t, language, width, isRtl);
  const height = ROW * rows.length + 30;
  const ends = height / 2;
  const words = rows.map((row, i) => `${i === 0 ? t('slot_first') : t('slot_other', i)}: ${row.relays.map((r) => r.nickname).join(' – ')}: ${row.text}`);
  const image = svg('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-labelledby': 'diagram-title diagram-desc' },
    svg('title', { id: 'diagram-title' }, t('diagram_title')),
    svg('desc', { id: 'diagram-desc' }, words.join('. ')),
    rows.map((row, i) => picture.row(row, i, ends)),
    picture.end(picture.columns.you, ends, 'you', t('diagram_you')),
    picture.end(picture.columns.site, ends, 'site', t('diagram_site')));
  const heads = picture.isNarrow ? t('diagram_narrow') : t('diagram_wide');
  return h('figure', { class: 'diagram' }, image, h('figcaption', {}, heads, ' ', h('bdi', {}, host)));
}
