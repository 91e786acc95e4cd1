// request_decode: any JSON object of the browser; whatever is taken is a sound struct.
// uses: host/message/decode.c host/message/decode_download.c host/message/decode_report.c host/message/field.c host/wire/json.c host/wire/jsonlong.c host/base/buf.c host/base/rd.c host/base/err.c
// libs: -ljansson -lsodium
#include "message/decode.h"
#include "wire/json.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check_site(const struct site_key *key)
{
	if (memchr(key->host, 0, sizeof key->host) == NULL || memchr(key->first_party, 0, sizeof key->first_party) == NULL ||
	    key->host[0] == '\0' || key->port == 0)
		abort();
}

static void check_chain(const struct request *r)
{
	size_t sum = 0;

	for (size_t i = 0; i < r->check.n_offered; i++) {
		const struct net_cert *c = &r->check.offered[i];
		if (c->der != r->chain.bytes + sum || c->len == 0 || c->len > CERT_MAX)
			abort();
		sum += c->len;
	}
	if (r->check.n_offered > CHAIN_MAX || sum != r->chain.len || sum > CHAIN_BYTES_MAX)
		abort();
}

static void check_clip(const struct clip_request *c)
{
	size_t total = 0;

	for (size_t i = 0; i < c->n; i++) {
		total += c->flavour[i].len;
		if (c->flavour[i].type == NULL || c->flavour[i].text == NULL || strlen((const char *)c->flavour[i].text) != c->flavour[i].len)
			abort();
	}
	if (c->n == 0 || c->n > CLIP_FLAVOURS_MAX || total > CLIP_TEXT_MAX)
		abort();
}

static void check_compare(const struct request *r)
{
	const struct clip_compare *c = &r->compare;

	if (c->url[0] == '\0' || c->address[0] == '\0' || c->path[0] == '\0' || c->user_agent[0] == '\0' ||
	    (const uint8_t *)c->family != r->chain.bytes || strlen(c->family) + 1 != r->chain.len || strpbrk(c->accept, "\r\n") != NULL)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static int is_ready;
	struct request r;
	const char *wrong;
	json_t *root;

	if (!is_ready++)
		json_init();
	if (json_take(rd_of(bytes, n), &root) != OK)
		return 0;
	enum err err = request_decode(root, &r, &wrong);
	if ((err == ERR_MSG_FIELD) != (wrong != NULL) || (err != ERR_MSG_ID && r.id == 0) || r.id > MESSAGE_ID_MAX)
		abort();
	if (err == OK && r.kind == REQUEST_CERT_CHECK) {
		check_site(&r.check.key);
		check_chain(&r);
		if ((r.check.socks_username[0] == '\0') != (r.check.socks_password[0] == '\0'))
			abort();
	}
	if (err == OK && r.kind == REQUEST_CIRCUIT_NEW)
		check_site(&r.circuit.key);
	if (err == OK && r.kind == REQUEST_CERT_FORGET)
		check_site(&r.forget);
	if (err == OK && r.kind == REQUEST_CLIP_CHECK)
		check_clip(&r.clip);
	if (err == OK && r.kind == REQUEST_CLIP_COMPARE) {
		check_site(&r.compare.key);
		check_compare(&r);
	}
	if (err == OK && (r.kind >= REQUEST_KINDS || request_kind_name(r.kind)[0] == '\0'))
		abort();
	request_free(&r);
	json_decref(root);
	return 0;
}
