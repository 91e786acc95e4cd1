/* The certificate chains that exits showed in this session, by their leaf: what a report of a mismatch shows (shared/report.md). In memory
 * only, bounded, wiped with the session. Used by the certificate check, which keeps them, and by reports, which show them. */
#ifndef FEATURE_CHAINS_H
#define FEATURE_CHAINS_H

#include "priv/netmsg.h"

struct chain {
	struct chain *next;             /* private */
	uint8_t leaf[32];
	size_t n, left_out;             /* left_out: behind those, more than CHAIN_KEPT_MAX holds */
	struct net_cert cert[CHAIN_MAX];
	size_t bytes;
	uint8_t der[];
};

struct chains;

struct chains *chains_new(void);    /* NULL: out of memory */
void chains_free(struct chains *c); /* wipes; takes NULL */
void chains_wipe(struct chains *c);
/* Copies a chain, leaf first. One that is known stays as it is and becomes the newest; when CHAINS_KEPT_MAX bytes are held, the oldest
 * go. Without memory it is not kept. */
void chains_keep(struct chains *c, const uint8_t leaf[static 32], const struct net_cert *cert, size_t n);
/* NULL: not held. Lives until the next call for c. */
const struct chain *chains_find(const struct chains *c, const uint8_t leaf[static 32]);

#endif
