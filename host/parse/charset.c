/* Encodings of pages (contract in parse/charset.h). The tables are glibc's, through iconv. */
#include "parse/charset.h"
#include <errno.h>
#include <iconv.h>
#include <string.h>
#include <strings.h>

/* HTML Standard, "Prescan a byte stream": browsers look no further. */
#define PRESCAN_BYTES 1024
#define LABEL_MAX 40

/* Labels of the WHATWG's table whose meaning is another than glibc's of that name, or that glibc calls otherwise. */
static const struct { const char *label, *iconv; } labels[] = {
	{ "utf-8", "UTF-8" }, { "utf8", "UTF-8" }, { "unicode-1-1-utf-8", "UTF-8" },
	{ "iso-8859-1", "CP1252" }, { "iso8859-1", "CP1252" }, { "latin1", "CP1252" }, { "l1", "CP1252" }, { "ascii", "CP1252" },
	{ "us-ascii", "CP1252" }, { "windows-1252", "CP1252" }, { "cp1252", "CP1252" },
	{ "windows-1250", "CP1250" }, { "windows-1251", "CP1251" }, { "cp1251", "CP1251" }, { "windows-1253", "CP1253" },
	{ "iso-8859-9", "CP1254" }, { "latin5", "CP1254" }, { "windows-1254", "CP1254" }, { "windows-1255", "CP1255" },
	{ "windows-1256", "CP1256" }, { "windows-1257", "CP1257" }, { "windows-1258", "CP1258" },
	{ "iso-8859-2", "ISO-8859-2" }, { "iso-8859-3", "ISO-8859-3" }, { "iso-8859-4", "ISO-8859-4" },
	{ "iso-8859-5", "ISO-8859-5" }, { "iso-8859-6", "ISO-8859-6" }, { "iso-8859-7", "ISO-8859-7" },
	{ "iso-8859-8", "ISO-8859-8" }, { "iso-8859-10", "ISO-8859-10" }, { "iso-8859-13", "ISO-8859-13" },
	{ "iso-8859-14", "ISO-8859-14" }, { "iso-8859-15", "ISO-8859-15" }, { "iso-8859-16", "ISO-8859-16" },
	{ "koi8-r", "KOI8-R" }, { "koi8-u", "KOI8-U" }, { "tis-620", "CP874" }, { "windows-874", "CP874" },
	{ "gb2312", "GB18030" }, { "gbk", "GB18030" }, { "gb18030", "GB18030" }, { "big5", "BIG5-HKSCS" },
	{ "shift_jis", "CP932" }, { "shift-jis", "CP932" }, { "sjis", "CP932" }, { "euc-jp", "EUC-JP" }, { "euc-kr", "CP949" },
	{ "utf-16", "UTF-16LE" }, { "utf-16le", "UTF-16LE" }, { "utf-16be", "UTF-16BE" },
};

static const char *label_find(const char *label)
{
	for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
		if (strcasecmp(labels[i].label, label) == 0)
			return labels[i].iconv;
	return NULL;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

/* The value behind "charset=" in s (NUL-terminated), quoted or not. False: none. */
static bool charset_of(const char *s, char out[static LABEL_MAX])
{
	for (const char *p = s; (p = strcasestr(p, "charset")) != NULL; ) {
		p += 7;
		while (is_space(*p))
			p++;
		if (*p != '=')
			continue;
		do
			p++;
		while (is_space(*p));
		char quote = *p == '"' || *p == '\'' ? *p++ : 0;
		size_t n = 0;
		while (p[n] && (quote ? p[n] != quote : !is_space(p[n]) && p[n] != ';' && p[n] != '"' && p[n] != '\'' && p[n] != '>' && p[n] != '/'))
			n++;
		if (n == 0 || n >= LABEL_MAX)
			return false;
		memcpy(out, p, n);
		out[n] = 0;
		return true;
	}
	return false;
}

static bool meta_charset(struct rd body, char out[static LABEL_MAX])
{
	char head[PRESCAN_BYTES + 1];
	size_t n = body.left < PRESCAN_BYTES ? body.left : PRESCAN_BYTES;
	for (size_t i = 0; i < n; i++)
		head[i] = body.at[i] ? (char)body.at[i] : ' ';
	head[n] = 0;
	for (char *p = head; (p = strcasestr(p, "<meta")) != NULL; ) {
		char *end = strchr(p, '>');
		if (end == NULL)
			return false;
		*end = 0;
		if (charset_of(p, out))
			return true;
		p = end + 1;
	}
	return false;
}

static enum err convert(iconv_t with, struct rd in, struct buf *out)
{
	char *from = (char *)(uintptr_t)in.at;   /* iconv changes none of it */
	size_t left = in.left;
	while (left > 0 && buf_err(out) == OK) {
		char bytes[4096], *to = bytes;
		size_t room = sizeof bytes;
		errno = 0;
		size_t r = iconv(with, &from, &left, &to, &room);
		buf_put(out, bytes, sizeof bytes - room);
		if (r != (size_t)-1 || errno == E2BIG)
			continue;
		buf_put(out, "\xef\xbf\xbd", 3);
		if (errno != EILSEQ)
			break;   /* cut in the middle of a character */
		from++;
		left--;
	}
	return buf_err(out);
}

enum err charset_to_utf8(struct rd body, const char *content_type, bool is_html, struct buf *out)
{
	char label[LABEL_MAX];
	const char *name = "CP1252";
	if (body.left >= 3 && memcmp(body.at, "\xef\xbb\xbf", 3) == 0) {
		name = "UTF-8";
		(void)rd_take(&body, 3);
	} else if (body.left >= 2 && (memcmp(body.at, "\xfe\xff", 2) == 0 || memcmp(body.at, "\xff\xfe", 2) == 0)) {
		name = body.at[0] == 0xfe ? "UTF-16BE" : "UTF-16LE";
		(void)rd_take(&body, 2);
	} else if (charset_of(content_type, label)) {
		name = label_find(label);
	} else if (is_html && meta_charset(body, label)) {
		name = label_find(label);
		/* A <meta> that could be read is no UTF-16. */
		if (name && strncmp(name, "UTF-16", 6) == 0)
			name = "UTF-8";
	}
	if (!name)
		return ERR_PAGE_FORMAT;
	iconv_t with = iconv_open("UTF-8", name);
	if (with == (iconv_t)-1)
		return ERR_PAGE_FORMAT;
	enum err err = convert(with, body, out);
	iconv_close(with);
	return err;
}
