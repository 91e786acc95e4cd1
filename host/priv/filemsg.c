/* Payloads between main and the file role (contract in filemsg.h), written and read strictly. */
#include "priv/filemsg.h"

#include "priv/parsemsg.h"
#include <assert.h>
#include <string.h>

#define PUT_TEXT(out, field) put_text((out), (field), sizeof (field))

static void put_text(struct buf *out, const char *s, size_t cap)
{
	assert(memchr(s, 0, cap));
	buf_str(out, s);
}

void filemsg_put_ask(struct buf *b, const struct file_ask *m)
{
	assert(m->has_file <= 1 && m->os >= 1 && m->os <= FILE_ON_ANY);
	buf_u8(b, m->has_file);
	buf_u8(b, m->os);
	PUT_TEXT(b, m->name);
	PUT_TEXT(b, m->type);
}

enum err filemsg_get_ask(struct rd in, struct file_ask *out)
{
	struct file_ask m = { .has_file = rd_u8(&in), .os = rd_u8(&in) };
	/* Bytes of a stranger's choice: what they mean is the role's to find out. */
	rd_str(&in, m.name, sizeof m.name);
	rd_str(&in, m.type, sizeof m.type);
	if (!rd_done(&in) || m.has_file > 1 || m.os < 1 || m.os > FILE_ON_ANY)
		return ERR_FORMAT;
	*out = m;
	return OK;
}

/* Lower-case letters, digits and '-', '.', '+'. */
static bool is_word(const char *s)
{
	return s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-.+")] == '\0';
}

static void get_word(struct rd *in, char *out, size_t cap)
{
	rd_str(in, out, cap);
	if (!in->bad && !is_word(out))
		in->bad = true;
}

void filemsg_put_class_r(struct buf *b, const struct file_class_r *m)
{
	assert(m->class <= FILE_EXECUTABLE && m->why < FILE_WHY_N && is_word(m->format));
	buf_u8(b, m->class);
	buf_u8(b, m->why);
	PUT_TEXT(b, m->format);
	PUT_TEXT(b, m->member);
	buf_u32(b, m->members);
}

enum err filemsg_get_class_r(struct rd in, struct file_class_r *out)
{
	struct file_class_r m = { .class = rd_u8(&in), .why = rd_u8(&in) };
	get_word(&in, m.format, sizeof m.format);
	rd_str(&in, m.member, sizeof m.member);
	m.members = rd_u32(&in);
	if (!rd_done(&in) || m.class > FILE_EXECUTABLE || m.why >= FILE_WHY_N || !parsemsg_is_clean(m.member, strlen(m.member)))
		return ERR_FORMAT;
	*out = m;
	return OK;
}

static bool has_digests(const struct file_commit_r *m)
{
	return m->status == FILE_COMMIT_FITS || m->status == FILE_COMMIT_DIFFERS;
}

/* Everything that main relies upon. */
static bool commit_is_sound(const struct file_commit_r *m)
{
	uint64_t at = 0, part = 0;

	if (m->status >= FILE_COMMIT_N || m->proves > FILE_PROVES_CONTENT || m->n > FILE_RANGES_MAX)
		return false;
	if (has_digests(m) ? m->n == 0 || !m->method[0] || !m->digest[0] : m->method[0] || m->digest[0])
		return false;
	for (size_t i = 0; i < m->n; i++) {
		const struct file_range *r = &m->range[i];
		/* Behind the last one, not touching it: then they would be one. */
		if (r->length == 0 || r->offset < at || (i > 0 && r->offset == at) || r->offset > m->size || r->length > m->size - r->offset)
			return false;
		at = r->offset + r->length;
		part += r->length;
	}
	return part == m->part;
}

void filemsg_put_commit_r(struct buf *b, const struct file_commit_r *m)
{
	assert(commit_is_sound(m) && is_word(m->format) && is_word(m->method) && is_word(m->digest));
	buf_u8(b, m->status);
	buf_u8(b, m->proves);
	PUT_TEXT(b, m->format);
	PUT_TEXT(b, m->method);
	PUT_TEXT(b, m->digest);
	buf_u64(b, m->size);
	buf_u64(b, m->part);
	buf_u16(b, m->n);
	for (size_t i = 0; i < m->n; i++) {
		buf_u64(b, m->range[i].offset);
		buf_u64(b, m->range[i].length);
	}
}

enum err filemsg_get_commit_r(struct rd in, struct file_commit_r *out)
{
	struct file_commit_r m = { .status = rd_u8(&in), .proves = rd_u8(&in) };
	get_word(&in, m.format, sizeof m.format);
	get_word(&in, m.method, sizeof m.method);
	get_word(&in, m.digest, sizeof m.digest);
	m.size = rd_u64(&in);
	m.part = rd_u64(&in);
	m.n = rd_u16(&in);
	if (m.n > FILE_RANGES_MAX)
		return ERR_FORMAT;
	for (size_t i = 0; i < m.n; i++) {
		m.range[i].offset = rd_u64(&in);
		m.range[i].length = rd_u64(&in);
	}
	if (!rd_done(&in) || !commit_is_sound(&m))
		return ERR_FORMAT;
	*out = m;
	return OK;
}

void filemsg_put_sums_r(struct buf *b, const struct file_sums_r *m)
{
	buf_u64(b, m->size);
	buf_put(b, m->md5, sizeof m->md5);
	buf_put(b, m->sha1, sizeof m->sha1);
	buf_put(b, m->crc32, sizeof m->crc32);
	buf_put(b, m->crc32c, sizeof m->crc32c);
	buf_put(b, m->crc64, sizeof m->crc64);
}

enum err filemsg_get_sums_r(struct rd in, struct file_sums_r *out)
{
	struct file_sums_r m = { .size = rd_u64(&in) };

	rd_copy(&in, m.md5, sizeof m.md5);
	rd_copy(&in, m.sha1, sizeof m.sha1);
	rd_copy(&in, m.crc32, sizeof m.crc32);
	rd_copy(&in, m.crc32c, sizeof m.crc32c);
	rd_copy(&in, m.crc64, sizeof m.crc64);
	if (!rd_done(&in))
		return ERR_FORMAT;
	*out = m;
	return OK;
}

/* ---- words ---- */

struct words { const char *word, *text; };

#define WORDS_ROW(name, word, text) { word, text },
static const struct words whys[] = { FILE_WHY_TABLE(WORDS_ROW) };
static const struct words commits[] = { FILE_COMMIT_TABLE(WORDS_ROW) };
static const struct words none = { "unknown", "unknown" };

static const struct words *why_of(enum file_why w)
{
	return (unsigned)w < FILE_WHY_N ? &whys[w] : &none;
}

static const struct words *commit_of(enum file_commit c)
{
	return (unsigned)c < FILE_COMMIT_N ? &commits[c] : &none;
}

const char *file_class_word(enum file_class c)
{
	static const char *const classes[] = { "transparent", "other", "executable" };
	return (unsigned)c <= FILE_EXECUTABLE ? classes[c] : "unknown";
}

const char *file_why_word(enum file_why w) { return why_of(w)->word; }
const char *file_why_text(enum file_why w) { return why_of(w)->text; }
const char *file_commit_word(enum file_commit c) { return commit_of(c)->word; }
const char *file_commit_text(enum file_commit c) { return commit_of(c)->text; }
