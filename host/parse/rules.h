/* What one certificate and one whole path must be like to be valid (RFC 5280, RFC 6125, as mozilla::pkix applies
 * them). The search for paths is x509.c's, the only caller. OpenSSL's types stay among these two files. */
#ifndef PARSE_RULES_H
#define PARSE_RULES_H

#include "parse/der.h"
#include "parse/roots.h"
#include <openssl/x509.h>

/* A certificate of the chain or a root, with the cuts its bytes are compared by. */
struct cert { X509 *x; struct rd der; struct cert_fields fields; };

/* Parses der, strictly. Borrows der; the caller frees out->x. ERR_X509, ERR_NOMEM. */
MUST_USE enum err cert_parse(struct rd der, struct cert *out);

/* What the leaf is judged for. */
struct aim { const char *host; bool is_ip; int64_t time; };
/* False when q->host is neither a host name nor an IP literal. A final dot is taken off. Borrows host[HOST_MAX]. */
bool aim_of(const struct parse_judge *q, char host[static HOST_MAX], struct aim *out);

/* Both return NULL when the rules hold, else why not, in one phrase (static).
 * rule_signature: the algorithm that signed c (a root's own signature counts for nothing and is not asked).
 * rule_path: path[0] is the leaf, path[n - 1] the root, whose issuer-to-subject links were found by name. */
const char *rule_signature(const struct cert *c);
const char *rule_path(const struct cert *path, size_t n, const struct root *root, const struct roots *roots,
                      const struct aim *aim);

#endif
