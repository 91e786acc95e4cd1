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

static bool text_is_clean(const char *s)
{
	struct rd r = rd_of(s, strlen(s));
	while (r.left && !r.bad) {
		uint32_t c = utf8_take(&r);
		if (c < 0x20 || (c >= 0x7f && c <= 0x9f))
			return false;
	}
	return !r.bad;
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
