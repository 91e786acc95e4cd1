/* Block maps (contract in blockmap.h). */
#include "parse/file/blockmap.h"

#include "parse/file/base64.h"

#include <expat.h>
#include <string.h>

#define DEPTH_MAX 16

struct map {
	const struct blockmap_ops *ops;
	void *arg;
	XML_Parser xml;
	enum err err;
	unsigned depth;
	bool has_digest, is_weak, is_in_file;
	enum digest digest;
};

static void fail(struct map *m, enum err err)
{
	if (m->err == OK)
		m->err = err;
	(void)XML_StopParser(m->xml, XML_FALSE);
}

static const char *value_of(const char **attributes, const char *name)
{
	for (size_t i = 0; attributes[i] && attributes[i + 1]; i += 2)
		if (strcmp(attributes[i], name) == 0)
			return attributes[i + 1];
	return NULL;
}

/* Decimal, no more than 2^60. */
static bool take_number(const char *s, uint64_t *out)
{
	uint64_t v = 0;

	if (s == NULL || s[0] == '\0')
		return false;
	for (size_t i = 0; s[i]; i++) {
		if (s[i] < '0' || s[i] > '9' || i >= 18)
			return false;
		v = v * 10 + (uint64_t)(s[i] - '0');
	}
	*out = v;
	return true;
}

/* HashMethod: URIs of XML Encryption and XML Signature. */
static void begin_map(struct map *m, const char *method)
{
	static const struct { const char *uri; enum digest digest; } known[] = {
		{ "http://www.w3.org/2001/04/xmlenc#sha256", DIGEST_SHA256 },
		{ "http://www.w3.org/2001/04/xmldsig-more#sha384", DIGEST_SHA384 },
		{ "http://www.w3.org/2001/04/xmlenc#sha512", DIGEST_SHA512 },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (method != NULL && strcmp(method, known[i].uri) == 0) {
			m->digest = known[i].digest;
			m->has_digest = true;
			return;
		}
	m->is_weak = true;
	(void)XML_StopParser(m->xml, XML_FALSE);
}

static void begin_file(struct map *m, const char **attributes)
{
	struct blockmap_file f = { .name = value_of(attributes, "Name") };

	if (f.name == NULL || !take_number(value_of(attributes, "Size"), &f.size)) {
		fail(m, ERR_FORMAT);
		return;
	}
	f.n = strlen(f.name);
	m->is_in_file = true;
	enum err err = m->ops->file(m->arg, &f);
	if (err != OK)
		fail(m, err);
}

static void begin_block(struct map *m, const char **attributes)
{
	const char *hash = value_of(attributes, "Hash"), *packed = value_of(attributes, "Size");
	struct blockmap_block b = { .digest = m->digest, .has_packed = packed != NULL };

	if (hash == NULL || !base64_take(hash, b.value, digest_size(m->digest)) || (packed != NULL && !take_number(packed, &b.packed))) {
		fail(m, ERR_FORMAT);
		return;
	}
	enum err err = m->ops->block(m->arg, &b);
	if (err != OK)
		fail(m, err);
}

static void on_begin(void *arg, const char *name, const char **attributes)
{
	struct map *m = arg;
	unsigned depth = ++m->depth;

	/* After a stop handlers of the same tag may still be called. */
	if (m->err != OK || m->is_weak)
		return;
	if (depth > DEPTH_MAX || (depth == 1 && strcmp(name, "BlockMap") != 0))
		fail(m, ERR_FORMAT);
	else if (depth == 1)
		begin_map(m, value_of(attributes, "HashMethod"));
	else if (depth == 2 && strcmp(name, "File") == 0)
		begin_file(m, attributes);
	else if (depth == 3 && m->is_in_file && strcmp(name, "Block") == 0)
		begin_block(m, attributes);
}

static void on_end(void *arg, const char *name)
{
	struct map *m = arg;

	(void)name;
	if (m->depth-- == 2 && m->is_in_file && m->err == OK && !m->is_weak) {
		m->is_in_file = false;
		enum err err = m->ops->done(m->arg);
		if (err != OK)
			fail(m, err);
	}
}

/* No document type: entities could make much of little. */
static void on_doctype(void *arg, const char *name, const char *system, const char *public, int internal)
{
	(void)name, (void)system, (void)public, (void)internal;
	fail(arg, ERR_FORMAT);
}

enum err blockmap_take(struct rd xml, const struct blockmap_ops *ops, void *arg, bool *is_weak)
{
	struct map m = { .ops = ops, .arg = arg, .xml = XML_ParserCreate(NULL) };

	if (m.xml == NULL)
		return ERR_NOMEM;
	XML_SetUserData(m.xml, &m);
	XML_SetElementHandler(m.xml, on_begin, on_end);
	XML_SetStartDoctypeDeclHandler(m.xml, on_doctype);
	/* At most COMMIT_TABLE_MAX: an int. */
	bool is_sound = XML_Parse(m.xml, (const char *)xml.at, (int)xml.left, 1) == XML_STATUS_OK;
	bool is_memory = XML_GetErrorCode(m.xml) == XML_ERROR_NO_MEMORY;
	XML_ParserFree(m.xml);
	*is_weak = m.is_weak;
	return m.err != OK ? m.err : is_sound || m.is_weak ? OK : is_memory ? ERR_NOMEM : ERR_FORMAT;
}
