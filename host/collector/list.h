/* Files of the operator's, one thing a line, # begins a comment: hosts to try, hosts never to ask. Used by intake and verify. */
#ifndef COLLECTOR_LIST_H
#define COLLECTOR_LIST_H

#include "base/err.h"
#include "base/limits.h"
#include "base/limits_collector.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "KIND HOST:PORT", KIND as in a report; of download and copy "KIND http://HOST[:PORT]/PATH", of plain http alone: nothing else could be changed on
 * the way. Or, of a list of denied hosts, "HOST" and ".DOMAIN" (that domain and all below). */
struct list_host { char kind[16], host[HOST_MAX]; uint16_t port; char path[LIST_PATH_MAX + 1]; /* "" of certificate and https */ };
struct list { struct list_host *host; size_t n; };

/* path "": an empty list. Errors: ERR_LIST_FILE (*line says where; 0: can't be read), ERR_NOMEM. */
MUST_USE enum err list_load_chosen(const char *path, struct list *out, unsigned *line);
MUST_USE enum err list_load_denied(const char *path, struct list *out, unsigned *line);
void list_free(struct list *l);
/* A path and a query as RFC 3986 has them (sections 3.3, 3.4). */
bool list_path_is(const char *path);
/* host in lower case. */
bool list_denies(const struct list *l, const char *host);

#endif
