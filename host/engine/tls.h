/* A TLS handshake that is made only to see what the server shows: bytes in, bytes out, no application data ever.
 * The interface that every TLS engine fulfils (OpenSSL here; the browser's own NSS can stand beside it), and the
 * reader of Certificate and CertificateStatus messages, which takes the certificates as they were on the wire.
 * Nothing is verified here but that the server holds the leaf's private key; chains are judged in the parse
 * role. Used by look. */
#ifndef ENGINE_TLS_H
#define ENGINE_TLS_H

#include "base/buf.h"
#include "base/limits.h"
#include "base/rd.h"
#include "engine/go.h"
#include "priv/netmsg.h"

/* What the server showed so far. Certificates may be there although the handshake failed: then is_signed is unset. */
struct tls_seen {
	enum err err;
	uint8_t alert;             /* description of the alert the server sent; 0 none (or close_notify) */
	bool is_signed;            /* handshake complete: the server proved that it holds the leaf's key */
	uint16_t version;          /* 0x0303, 0x0304; 0 unknown */
	char cipher[64], alpn[16]; /* IANA name; "h2", "http/1.1" or "" */
	uint8_t n_certs;
	struct net_cert cert[CHAIN_MAX];   /* leaf first, as sent; they and the staple borrow the engine's memory */
	struct net_cert staple;
};

struct tls;

struct tls_engine {
	const char *name;
	/* host: name (without trailing dot) or literal; a literal is never sent as SNI. NULL: out of memory. */
	struct tls *(*start)(const char *host, uint16_t port);
	/* Eats all of in, writes to out; eof: nothing comes after in. The first call, with nothing in in, writes the
	 * ClientHello. GO_DONE: complete, close_notify written. GO_FAILED: seen's err says why:
	 *   ERR_TLS_ALERT, ERR_TLS_PROTOCOL (not TLS, or broken TLS), ERR_TLS_VERSION (no common version, cipher or signature),
	 *   ERR_TLS_NO_CERT, ERR_TLS_SIGNATURE, ERR_X509 (a certificate that can't be read), ERR_CLOSED (mid-handshake),
	 *   ERR_TOO_BIG (chain, certificate, staple, or all bytes together), ERR_NOMEM. */
	enum go (*run)(struct tls *t, struct rd *in, struct buf *out, bool eof);
	/* Lives as long as t. */
	const struct tls_seen *(*seen)(const struct tls *t);
	void (*free)(struct tls *t);   /* takes NULL */
};

extern const struct tls_engine tls_openssl;

/* Takes the certificates (and, in TLS 1.3, the staple) out of the body of a Certificate message: RFC 5246 section 7.4.2
 * for version 0x0303, RFC 8446 section 4.4.2 for 0x0304. They are copied into one block *bytes that the caller
 * frees; seen is changed on OK only. An empty list is OK with n_certs 0. Errors: ERR_FORMAT, ERR_TOO_BIG, ERR_NOMEM. */
MUST_USE enum err tls_read_certificate(struct rd body, uint16_t version, struct tls_seen *seen, uint8_t **bytes);
/* Same for the body of a CertificateStatus message (RFC 6066 section 8). */
MUST_USE enum err tls_read_status(struct rd body, struct tls_seen *seen, uint8_t **bytes);

#endif
