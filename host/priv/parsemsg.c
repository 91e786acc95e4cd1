/* Payloads between main and the parse role (parsemsg.h), written and read strictly. Both ends of the socketpair
 * link this file. What main reads here was written by the process that touches foreign bytes, so its texts
 * are checked again before they may go on to the browser. */
#include "priv/parsemsg.h"

#include <assert.h>
#include <string.h>

/* One scalar value of well-formed UTF-8 (RFC 3629 section 4: shortest form, no surrogates, at most U+10FFFF)
 * off the front of r; bad when it is not. */
static uint32_t utf8_take(struct rd *r)
{
	uint32_t c = rd_u8(r);
	if (c < 0x80)
		return c;
	unsigned more = c >= 0xf0 && c <= 0xf4 ? 3 : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xc2 && c < 0xe0 ? 1 : 0;
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	uint32_t value = c & (0x3fu >> more);
	for (unsigned i = 0; i < more; i++) {
		c = rd_u8(r);
		if ((c & 0xc0) != 0x80)
			r->bad = true;
		value = value << 6 | (c & 0x3f);
	}
	if (!more || value < least[more] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		r->bad = true;
	return value;
}

bool parsemsg_is_clean(const char *s, size_t n)
{
	struct rd r = rd_of(s, n);
	while (r.left && !r.bad) {
		uint32_t c = utf8_take(&r);
		if (c < 0x20 || (c >= 0x7f && c <= 0x9f))
			return false;
	}
	return !r.bad;
}

static bool text_is_clean(const char *s)
{
	return parsemsg_is_clean(s, strlen(s));
}

static void get_text(struct rd *in, char *out, size_t cap)
{
	rd_str(in, out, cap);
	if (!in->bad && !text_is_clean(out))
		in->bad = true;
}

static uint8_t get_flag(struct rd *in)
{
	uint8_t v = rd_u8(in);
	if (v > 1)
		in->bad = true;
	return v;
}

/* A field's own array must hold its NUL: everything else is our bug. */
#define PUT_TEXT(out, field) put_text((out), (field), sizeof (field))
#define GET_TEXT(in, field) get_text((in), (field), sizeof (field))

static void put_text(struct buf *out, const char *s, size_t cap)
{
	assert(memchr(s, 0, cap));
	buf_str(out, s);
}

void parsemsg_put_config(struct buf *out, const struct parse_config *m)
{
	PUT_TEXT(out, m->browser_dir);
	PUT_TEXT(out, m->test_ca);
}

enum err parsemsg_get_config(struct rd in, struct parse_config *out)
{
	struct parse_config m = { 0 };
	/* Paths are bytes, not text: any but NUL. */
	rd_str(&in, m.browser_dir, sizeof m.browser_dir);
	rd_str(&in, m.test_ca, sizeof m.test_ca);
	if (!rd_done(&in))
		return ERR_FORMAT;
	*out = m;
	return OK;
}

void parsemsg_put_judge(struct buf *out, const struct parse_judge *m)
{
	assert(m->n_certs <= CHAIN_MAX);
	PUT_TEXT(out, m->host);
	buf_u64(out, m->time);
	buf_u8(out, m->is_signed);
	buf_u8(out, m->n_certs);
	for (size_t i = 0; i < m->n_certs; i++)
		buf_blob(out, m->cert[i].der, m->cert[i].len);
}

enum err parsemsg_get_judge(struct rd in, struct parse_judge *out)
{
	struct parse_judge m = { 0 };
	rd_str(&in, m.host, sizeof m.host);
	m.time = rd_u64(&in);
	m.is_signed = get_flag(&in);
	m.n_certs = rd_u8(&in);
	if (m.n_certs > CHAIN_MAX)
		return ERR_FORMAT;
	size_t total = 0;
	for (size_t i = 0; i < m.n_certs; i++) {
		struct rd der = rd_blob(&in, CERT_MAX);
		m.cert[i] = (struct net_cert){ .len = (uint32_t)der.left, .der = der.at };
		total += der.left;
	}
	if (!rd_done(&in) || total > CHAIN_BYTES_MAX)
		return ERR_FORMAT;
	*out = m;
	return OK;
}

static void put_words(struct buf *out, const struct cert_words *w)
{
	PUT_TEXT(out, w->subject);
	PUT_TEXT(out, w->issuer);
	PUT_TEXT(out, w->names);
	PUT_TEXT(out, w->serial);
	PUT_TEXT(out, w->key);
	PUT_TEXT(out, w->signature);
	buf_u64(out, w->not_before);
	buf_u64(out, w->not_after);
	buf_u8(out, w->is_self_signed);
	buf_u8(out, w->n_names_left_out);
}

static void get_words(struct rd *in, struct cert_words *w)
{
	GET_TEXT(in, w->subject);
	GET_TEXT(in, w->issuer);
	GET_TEXT(in, w->names);
	GET_TEXT(in, w->serial);
	GET_TEXT(in, w->key);
	GET_TEXT(in, w->signature);
	w->not_before = rd_u64(in);
	w->not_after = rd_u64(in);
	w->is_self_signed = get_flag(in);
	w->n_names_left_out = rd_u8(in);
}

void parsemsg_put_judge_r(struct buf *out, const struct parse_judge_r *m)
{
	buf_u32(out, m->err);
	buf_u8(out, m->is_valid);
	PUT_TEXT(out, m->why);
	buf_put(out, m->leaf, sizeof m->leaf);
	buf_put(out, m->spki, sizeof m->spki);
	put_words(out, &m->words);
}

enum err parsemsg_get_judge_r(struct rd in, struct parse_judge_r *out)
{
	struct parse_judge_r m = { 0 };
	m.err = rd_u32(&in);
	m.is_valid = get_flag(&in);
	GET_TEXT(&in, m.why);
	rd_copy(&in, m.leaf, sizeof m.leaf);
	rd_copy(&in, m.spki, sizeof m.spki);
	get_words(&in, &m.words);
	if (!rd_done(&in) || (m.err != OK && m.err != ERR_X509 && m.err != ERR_ROOTS_NONE))
		return ERR_FORMAT;
	/* Valid excludes an error and a reason against it. */
	if (m.is_valid && (m.err != OK || m.why[0]))
		return ERR_FORMAT;
	*out = m;
	return OK;
}

void parsemsg_put_roots_r(struct buf *out, const struct parse_roots_r *m)
{
	buf_u8(out, m->source);
	buf_u32(out, m->n);
	PUT_TEXT(out, m->path);
}

enum err parsemsg_get_roots_r(struct rd in, struct parse_roots_r *out)
{
	struct parse_roots_r m = { 0 };
	m.source = rd_u8(&in);
	m.n = rd_u32(&in);
	GET_TEXT(&in, m.path);
	if (!rd_done(&in) || m.source > ROOTS_SYSTEM)
		return ERR_FORMAT;
	*out = m;
	return OK;
}

void parsemsg_put_scan(struct buf *out, const struct parse_scan *m)
{
	assert(m->n >= 1 && m->n <= CLIP_FLAVOURS_MAX);
	buf_u8(out, m->n);
	for (size_t i = 0; i < m->n; i++) {
		buf_u32(out, m->len[i]);
		buf_u8(out, m->is_markup[i]);
	}
}

enum err parsemsg_get_scan(struct rd in, struct parse_scan *out)
{
	struct parse_scan m = { .n = rd_u8(&in) };
	size_t total = 0;
	if (m.n < 1 || m.n > CLIP_FLAVOURS_MAX)
		return ERR_FORMAT;
	for (size_t i = 0; i < m.n; i++) {
		m.len[i] = rd_u32(&in);
		m.is_markup[i] = get_flag(&in);
		if (m.len[i] > CLIP_TEXT_MAX - total)
			return ERR_FORMAT;
		total += m.len[i];
	}
	if (!rd_done(&in))
		return ERR_FORMAT;
	*out = m;
	return OK;
}

static void put_part(struct buf *out, struct parse_text t)
{
	buf_u32(out, t.n);
	buf_put(out, t.at, t.n);
}

/* min to max bytes of clean text; borrows. */
static struct parse_text get_part_of(struct rd *in, size_t min, size_t max)
{
	struct rd part = rd_take(in, rd_u32(in));
	struct parse_text t = { (const char *)part.at, (uint32_t)part.left };
	if (part.bad || t.n < min || t.n > max || !parsemsg_is_clean(t.at, t.n)) {
		in->bad = true;
		return (struct parse_text){ "", 0 };
	}
	return t;
}

static struct parse_text get_part(struct rd *in, size_t max)
{
	return get_part_of(in, 1, max);
}

void parsemsg_put_scan_r(struct buf *out, const struct parse_scan_r *m)
{
	assert(m->n <= ADDR_HITS_MAX);
	buf_u8(out, m->has_more);
	buf_u16(out, m->n);
	for (size_t i = 0; i < m->n; i++) {
		const struct scan_hit *h = &m->hit[i];
		buf_u8(out, h->flavour);
		put_part(out, h->coin);
		put_part(out, h->ticker);
		put_part(out, h->form);
		put_part(out, h->network);
		put_part(out, h->address);
		buf_u32(out, h->offset);
		buf_u32(out, h->length);
		buf_u8(out, h->is_normalised);
		buf_u16(out, h->checksum_bits);
	}
}

enum err parsemsg_get_scan_r(struct rd in, const struct parse_scan *asked, struct parse_scan_r *out)
{
	uint8_t has_more = get_flag(&in);
	uint16_t n = rd_u16(&in);
	if (in.bad || n > ADDR_HITS_MAX)
		return ERR_FORMAT;
	for (size_t i = 0; i < n; i++) {
		struct scan_hit h = { .flavour = rd_u8(&in) };
		h.coin = get_part(&in, ADDR_WORD_MAX);
		h.ticker = get_part(&in, ADDR_WORD_MAX);
		h.form = get_part(&in, ADDR_WORD_MAX);
		h.network = get_part(&in, ADDR_WORD_MAX);
		h.address = get_part(&in, ADDR_TEXT_MAX - 1);
		h.offset = rd_u32(&in);
		h.length = rd_u32(&in);
		h.is_normalised = get_flag(&in);
		h.checksum_bits = rd_u16(&in);
		if (in.bad || h.flavour >= asked->n || h.length == 0 || h.offset > asked->len[h.flavour] ||
		    h.length > asked->len[h.flavour] - h.offset)
			return ERR_FORMAT;
		out->hit[i] = h;
	}
	if (!rd_done(&in))
		return ERR_FORMAT;
	out->has_more = has_more;
	out->n = n;
	return OK;
}

void parsemsg_put_place(struct buf *out, const struct parse_place *m)
{
	buf_u32(out, m->body_len);
	put_part(out, m->content_type);
	put_part(out, m->address);
	put_part(out, m->ticker);
	put_part(out, m->path);
	put_part(out, m->before);
	put_part(out, m->after);
	put_part(out, m->family);
}

enum err parsemsg_get_place(struct rd in, struct parse_place *out)
{
	struct parse_place m = { .body_len = rd_u32(&in) };
	m.content_type = get_part_of(&in, 0, CLIP_CONTENT_TYPE_MAX);
	m.address = get_part(&in, ADDR_TEXT_MAX - 1);
	m.ticker = get_part(&in, ADDR_WORD_MAX);
	m.path = get_part(&in, CLIP_PATH_MAX);
	m.before = get_part_of(&in, 0, CLIP_NEAR_MAX);
	m.after = get_part_of(&in, 0, CLIP_NEAR_MAX);
	m.family = get_part_of(&in, 0, CLIP_FAMILY_BYTES_MAX);
	if (!rd_done(&in) || m.body_len > CLIP_PAGE_MAX)
		return ERR_FORMAT;
	*out = m;
	return OK;
}

void parsemsg_put_place_r(struct buf *out, const struct parse_place_r *m)
{
	buf_u8(out, m->found);
	buf_u8(out, m->is_family_equal);
	buf_u8(out, m->is_alone);
	put_part(out, m->address);
}

enum err parsemsg_get_place_r(struct rd in, struct parse_place_r *out)
{
	struct parse_place_r m = { .found = rd_u8(&in) };
	m.is_family_equal = get_flag(&in);
	m.is_alone = get_flag(&in);
	m.address = get_part_of(&in, 0, ADDR_TEXT_MAX - 1);
	if (!rd_done(&in) || m.found > PLACE_OTHER || (m.found == PLACE_ABSENT) != (m.address.n == 0))
		return ERR_FORMAT;
	*out = m;
	return OK;
}

void parsemsg_put_error(struct buf *out, enum err err)
{
	assert(err != OK);
	buf_u32(out, (uint32_t)err);
}

enum err parsemsg_get_error(struct rd in, enum err *out)
{
	enum err e = (enum err)rd_u32(&in);
	if (!rd_done(&in) || e == OK || strcmp(err_name(e), "ERR_UNKNOWN") == 0)
		return ERR_FORMAT;
	*out = e;
	return OK;
}
