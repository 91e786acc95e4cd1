/* Reads what a server's Certificate and CertificateStatus messages hold (contract in tls.h). The engines decode
 * certificates themselves for the handshake's sake; ours are copied from the very bytes of the wire, because a decoder
 * that re-encodes may change a malformed one, and a fingerprint must be that of what was sent. */
#include "engine/tls.h"

#include <stdlib.h>
#include <string.h>

#define EXTENSION_STATUS_REQUEST 5
#define STATUS_TYPE_OCSP 1

/* The lists of one message, still borrowed from it. */
struct message {
	uint8_t n;
	struct rd cert[CHAIN_MAX];
	size_t bytes;
	struct rd staple;
};

/* CertificateStatus: u8 type, u24 response (RFC 6066 section 8); in TLS 1.3 the same is an extension's body. */
static enum err read_status(struct rd body, struct rd *staple)
{
	uint8_t type = rd_u8(&body);
	size_t n = rd_u24(&body);
	struct rd response = rd_take(&body, n);

	/* The response is OCSPResponse<1..2^24-1>. */
	if (!rd_done(&body) || type != STATUS_TYPE_OCSP || n == 0)
		return ERR_FORMAT;
	if (n > STAPLE_MAX)
		return ERR_TOO_BIG;
	*staple = response;
	return OK;
}

/* Extensions of one CertificateEntry; only the leaf's staple is of interest. */
static enum err read_extensions(struct rd extensions, struct rd *staple)
{
	bool has_status = false;

	while (extensions.left > 0) {
		uint16_t type = rd_u16(&extensions);
		struct rd body = rd_take(&extensions, rd_u16(&extensions));
		if (extensions.bad)
			return ERR_FORMAT;
		if (type != EXTENSION_STATUS_REQUEST)
			continue;
		/* RFC 8446 section 4.2: no more than one extension of a type. */
		if (has_status)
			return ERR_FORMAT;
		has_status = true;
		enum err err = read_status(body, staple);
		if (err != OK)
			return err;
	}
	return OK;
}

static enum err read_entry(struct rd *list, bool is_13, struct message *m)
{
	struct rd cert = rd_take(list, rd_u24(list));
	struct rd extensions = rd_of(NULL, 0), ignored = extensions, *staple = m->n == 0 ? &m->staple : &ignored;

	if (is_13)
		extensions = rd_take(list, rd_u16(list));
	/* ASN.1Cert<1..2^24-1>: an empty one is malformed. */
	if (list->bad || cert.left == 0)
		return ERR_FORMAT;
	if (m->n == CHAIN_MAX || cert.left > CERT_MAX || cert.left > CHAIN_BYTES_MAX - m->bytes)
		return ERR_TOO_BIG;
	enum err err = read_extensions(extensions, staple);
	if (err != OK)
		return err;
	m->cert[m->n++] = cert;
	m->bytes += cert.left;
	return OK;
}

static enum err read_message(struct rd body, bool is_13, struct message *m)
{
	/* certificate_request_context is empty in a server's first Certificate (RFC 8446 section 4.4.2). */
	if (is_13 && rd_u8(&body) != 0)
		return ERR_FORMAT;
	struct rd list = rd_take(&body, rd_u24(&body));
	if (!rd_done(&body))
		return ERR_FORMAT;
	while (list.left > 0) {
		enum err err = read_entry(&list, is_13, m);
		if (err != OK)
			return err;
	}
	return OK;
}

/* Copies part to the block and moves on in it. */
static struct net_cert keep(struct rd part, uint8_t **at)
{
	struct net_cert c = { (uint32_t)part.left, *at };

	memcpy(*at, part.at, part.left);
	*at += part.left;
	return c;
}

enum err tls_read_certificate(struct rd body, uint16_t version, struct tls_seen *seen, uint8_t **bytes)
{
	struct message m = { 0 };
	enum err err = read_message(body, version >= 0x0304, &m);

	if (err != OK)
		return err;
	uint8_t *block = malloc(m.bytes + m.staple.left + 1);
	if (block == NULL)
		return ERR_NOMEM;
	*bytes = block;
	for (size_t i = 0; i < m.n; i++)
		seen->cert[i] = keep(m.cert[i], &block);
	seen->n_certs = m.n;
	if (m.staple.left > 0)
		seen->staple = keep(m.staple, &block);
	return OK;
}

enum err tls_read_status(struct rd body, struct tls_seen *seen, uint8_t **bytes)
{
	struct rd staple;
	enum err err = read_status(body, &staple);

	if (err != OK)
		return err;
	uint8_t *block = malloc(staple.left);
	if (block == NULL)
		return ERR_NOMEM;
	*bytes = block;
	seen->staple = keep(staple, &block);
	return OK;
}
