/* See chains.h. A list, newest first: some dozens, looked up when an answer comes and when a report is made. */
#include "feature/chains.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct chains { struct chain *first; size_t bytes; };

struct chains *chains_new(void)
{
	return calloc(1, sizeof(struct chains));
}

static void chain_free(struct chain *x)
{
	sodium_memzero(x, sizeof *x + x->bytes);
	free(x);
}

void chains_wipe(struct chains *c)
{
	while (c->first != NULL) {
		struct chain *x = c->first;
		c->first = x->next;
		chain_free(x);
	}
	c->bytes = 0;
}

void chains_free(struct chains *c)
{
	if (c == NULL)
		return;
	chains_wipe(c);
	free(c);
}

static struct chain **find(struct chains *c, const uint8_t leaf[static 32])
{
	struct chain **at = &c->first;

	while (*at != NULL && memcmp((*at)->leaf, leaf, 32) != 0)
		at = &(*at)->next;
	return at;
}

const struct chain *chains_find(const struct chains *c, const uint8_t leaf[static 32])
{
	for (const struct chain *x = c->first; x != NULL; x = x->next)
		if (memcmp(x->leaf, leaf, 32) == 0)
			return x;
	return NULL;
}

/* How many of them fit; the leaf always does (CERT_MAX). */
static size_t how_many(const struct net_cert *cert, size_t n, size_t *bytes)
{
	size_t i = 0;

	for (*bytes = 0; i < n && i < CHAIN_MAX && cert[i].len <= CHAIN_KEPT_MAX - *bytes; i++)
		*bytes += cert[i].len;
	return i;
}

static struct chain *chain_new(const uint8_t leaf[static 32], const struct net_cert *cert, size_t n)
{
	size_t bytes, kept = how_many(cert, n, &bytes), at = 0;
	struct chain *x = kept > 0 ? malloc(sizeof *x + bytes) : NULL;

	if (x == NULL)
		return NULL;
	*x = (struct chain){ .n = kept, .left_out = n - kept, .bytes = bytes };
	memcpy(x->leaf, leaf, sizeof x->leaf);
	for (size_t i = 0; i < kept; i++) {
		memcpy(x->der + at, cert[i].der, cert[i].len);
		x->cert[i] = (struct net_cert){ cert[i].len, x->der + at };
		at += cert[i].len;
	}
	return x;
}

void chains_keep(struct chains *c, const uint8_t leaf[static 32], const struct net_cert *cert, size_t n)
{
	struct chain **known = find(c, leaf), *x = *known;

	if (x != NULL) {
		*known = x->next;
	} else {
		x = chain_new(leaf, cert, n);
		if (x == NULL)
			return;
		c->bytes += x->bytes;
	}
	x->next = c->first;
	c->first = x;
	/* x itself always fits. */
	while (c->bytes > CHAINS_KEPT_MAX && x->next != NULL) {
		struct chain *before = x, *last = x->next;
		for (; last->next != NULL; last = last->next)
			before = last;
		before->next = NULL;
		c->bytes -= last->bytes;
		chain_free(last);
	}
}
