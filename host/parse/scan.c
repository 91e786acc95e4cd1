/* The looks at each flavour, put together (contract in parse/scan.h). */
#include "parse/scan.h"
#include "parse/addr/addr.h"
#include "parse/bare.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* A reply's frame has room for this many bytes of addresses; hits beyond are "more". */
#define SCAN_BYTES_MAX (FRAME_MAX / 2)

struct scan {
	struct parse_scan_r r;
	struct addr_hits hits;
	char addresses[SCAN_BYTES_MAX];   /* what r's texts point to */
	size_t used;
};

static struct parse_text text_of(const char *s)
{
	return (struct parse_text){ s, (uint32_t)strlen(s) };
}

/* Did the look at the markup itself show this one already? */
static bool is_known(const struct scan *s, uint8_t flavour, const struct addr_hit *h)
{
	for (size_t i = 0; i < s->r.n; i++) {
		const struct scan_hit *k = &s->r.hit[i];
		if (k->flavour == flavour && k->address.n == strlen(h->text) && memcmp(k->address.at, h->text, k->address.n) == 0)
			return true;
	}
	return false;
}

static void add(struct scan *s, uint8_t flavour, const struct addr_hit *h, size_t offset, size_t length)
{
	size_t n = strlen(h->text);
	if (s->r.n == ADDR_HITS_MAX || n > sizeof s->addresses - s->used) {
		s->r.has_more = 1;
		return;
	}
	char *copy = memcpy(s->addresses + s->used, h->text, n);
	s->used += n;
	s->r.hit[s->r.n++] = (struct scan_hit){
		.flavour = flavour, .coin = text_of(h->row->coin), .ticker = text_of(h->row->ticker),
		.form = text_of(h->row->form), .network = text_of(h->row->network), .address = { copy, (uint32_t)n },
		.offset = (uint32_t)offset, .length = (uint32_t)length, .is_normalised = h->normalised,
		.checksum_bits = h->row->checksum_bits,
	};
}

static enum err look_bare(struct scan *s, uint8_t flavour, struct rd text)
{
	struct bare bare;
	enum err err = bare_of(text, &bare);
	if (err != OK)
		return err;
	addr_scan(bare.text.bytes, bare.text.len, &s->hits);
	s->r.has_more |= s->hits.more;
	for (size_t i = 0; i < s->hits.n; i++) {
		const struct addr_hit *h = &s->hits.hit[i];
		if (is_known(s, flavour, h))
			continue;
		size_t first = bare_where(&bare, h->offset), last = bare_where(&bare, h->offset + h->length - 1);
		if (first < text.left && last < text.left && first <= last)
			add(s, flavour, h, first, last - first + 1);
	}
	bare_free(&bare);
	return OK;
}

static enum err look(struct scan *s, uint8_t flavour, struct rd text, bool is_markup)
{
	addr_scan(text.at, text.left, &s->hits);
	s->r.has_more |= s->hits.more;
	for (size_t i = 0; i < s->hits.n; i++)
		add(s, flavour, &s->hits.hit[i], s->hits.hit[i].offset, s->hits.hit[i].length);
	return is_markup ? look_bare(s, flavour, text) : OK;
}

enum err scan_text(const struct parse_scan *m, struct rd text, struct buf *answer)
{
	struct scan *s = malloc(sizeof *s);
	enum err err = OK;
	if (!s)
		return ERR_NOMEM;
	s->r.n = s->r.has_more = 0;
	s->used = 0;
	for (uint8_t i = 0; i < m->n && err == OK; i++)
		err = look(s, i, rd_take(&text, m->len[i]), m->is_markup[i]);
	if (err == OK && !rd_done(&text))
		err = ERR_FORMAT;
	if (err == OK)
		parsemsg_put_scan_r(answer, &s->r);
	sodium_memzero(s, sizeof *s);
	free(s);
	return err != OK ? err : buf_err(answer);
}
