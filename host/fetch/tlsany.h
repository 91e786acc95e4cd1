/* TLS as the browser offers it, for a connection whose certificate is compared and not trusted: any certificate is
 * taken, and noted. Sets up libcurl's SSL_CTX. Used by transfer. */
#ifndef FETCH_TLSANY_H
#define FETCH_TLSANY_H

#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>

struct tlsany {
	bool has_leaf;
	uint8_t leaf[32];          /* SHA-256 of the server's certificate */
	bool is_done;              /* handshake complete: the server holds the leaf's key */
	uint8_t alert_in, alert_out;
};

/* Once, before libcurl is initialised: keeps the machine's OpenSSL configuration out. False: OpenSSL does not work. */
bool tlsany_init(void);
/* For CURLOPT_SSL_CTX_FUNCTION; t is noted into until the context's end. False: this OpenSSL can't do what we need. */
bool tlsany_configure(void *ssl_ctx, struct tlsany *t);
/* Why a handshake failed; text: libcurl's words for it. */
enum err tlsany_err(const struct tlsany *t, const char *text);

#endif
