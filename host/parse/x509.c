/* Judges chains (contract in x509.h): finds every path from the leaf to a root that the sent certificates and the roots
 * allow, within a budget, and asks rules.c of each. OpenSSL builds paths itself, but without trying the next
 * issuer when the first one of a name leads nowhere, as browsers do; with cross-signed authorities that matters. */
#include "parse/x509.h"

#include "base/limits.h"
#include "parse/rules.h"
#include "parse/words.h"
#include <openssl/err.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* Intermediates in one path: mozilla::pkix's limit. */
#define BETWEEN_MAX 6
#define PATH_MAX_CERTS (BETWEEN_MAX + 2)

/* The more a reason is worth telling, the higher; of equals the first counts. */
enum rank { RANK_NONE, RANK_NO_ISSUER, RANK_NOT_SIGNED_BY, RANK_PATH };

struct search {
	const struct roots *roots;
	char host[HOST_MAX];
	struct aim aim;                /* borrows host */
	struct cert sent[CHAIN_MAX];   /* [0] the leaf */
	size_t n_sent;
	struct cert path[PATH_MAX_CERTS];
	unsigned signatures_left, paths_left;
	const char *why;
	enum rank rank;
};

static void search_blame(struct search *s, enum rank rank, const char *why)
{
	if (rank <= s->rank)
		return;
	s->rank = rank;
	s->why = why;
}

/* Did issuer sign child? The names fit already. */
static bool search_signed(struct search *s, const struct cert *child, const struct cert *issuer)
{
	const char *why = rule_signature(child);
	EVP_PKEY *key = X509_get0_pubkey(issuer->x);
	if (why) {
		search_blame(s, RANK_NOT_SIGNED_BY, why);
		return false;
	}
	if (!key)
		return false;
	if (s->signatures_left == 0) {
		search_blame(s, RANK_NOT_SIGNED_BY, "too many possible chains");
		return false;
	}
	s->signatures_left--;
	bool is_signed = X509_verify(child->x, key) == 1;
	ERR_clear_error();
	if (!is_signed)
		search_blame(s, RANK_NOT_SIGNED_BY, "a signature in the chain is wrong");
	return is_signed;
}

static bool search_judge(struct search *s, size_t n, const struct root *root)
{
	if (s->paths_left == 0) {
		search_blame(s, RANK_PATH, "too many possible chains");
		return false;
	}
	s->paths_left--;
	const char *why = rule_path(s->path, n, root, s->roots, &s->aim);
	ERR_clear_error();
	if (why)
		search_blame(s, RANK_PATH, why);
	return !why;
}

/* path[0 … n - 1] is linked; tries every root that could have signed its end. */
static bool search_roots(struct search *s, size_t n)
{
	const struct cert *end = &s->path[n - 1];
	const struct root *root = NULL;
	while ((root = roots_find(s->roots, end->fields.issuer, root))) {
		struct cert *top = &s->path[n];
		bool is_valid = false;
		if (cert_parse(root->der, top) != OK)
			continue;
		if (search_signed(s, end, top))
			is_valid = search_judge(s, n + 1, root);
		X509_free(top->x);
		if (is_valid)
			return true;
	}
	return false;
}

/* The same authority twice in a path leads nowhere new (RFC 5280 section 6.1: no loops). */
static bool search_visited(const struct search *s, size_t n, const struct cert *c)
{
	for (size_t i = 0; i < n; i++)
		if (bytes_are_equal(s->path[i].fields.subject, c->fields.subject) &&
		    bytes_are_equal(s->path[i].fields.spki, c->fields.spki))
			return true;
	return false;
}

static bool search_from(struct search *s, size_t n)
{
	if (search_roots(s, n))
		return true;
	if (n > BETWEEN_MAX)
		return false;
	for (size_t i = 1; i < s->n_sent; i++) {
		const struct cert *c = &s->sent[i];
		if (!bytes_are_equal(c->fields.subject, s->path[n - 1].fields.issuer) || search_visited(s, n, c) ||
		    !search_signed(s, &s->path[n - 1], c))
			continue;
		s->path[n] = *c;
		if (search_from(s, n + 1))
			return true;
	}
	return false;
}

/* A leaf that is itself a root: somebody trusted this very certificate. */
static bool search_leaf_is_root(struct search *s)
{
	const struct root *root = NULL;
	while ((root = roots_find(s->roots, s->path[0].fields.subject, root)))
		if (bytes_are_equal(root->der, s->path[0].der))
			return search_judge(s, 1, root);
	return false;
}

/* Parses what was sent; malformed and repeated ones are left out, but not the leaf. */
static enum err search_parse(struct search *s, const struct parse_judge *q)
{
	for (size_t i = 0; i < q->n_certs; i++) {
		struct rd der = rd_of(q->cert[i].der, q->cert[i].len);
		bool is_repeated = false;
		for (size_t j = 0; j < s->n_sent; j++)
			is_repeated |= bytes_are_equal(s->sent[j].der, der);
		if (!is_repeated && cert_parse(der, &s->sent[s->n_sent]) == OK)
			s->n_sent++;
		ERR_clear_error();
		if (s->n_sent == 0)
			return ERR_X509;
	}
	return s->n_sent ? OK : ERR_X509;
}

static void answer_why(struct parse_judge_r *r, const char *why)
{
	snprintf(r->why, sizeof r->why, "%s", why);
}

static void judge_paths(struct search *s, const struct parse_judge *q, struct parse_judge_r *r)
{
	if (!aim_of(q, s->host, &s->aim)) {
		answer_why(r, "judged for something that is not a host name");
		return;
	}
	s->path[0] = s->sent[0];
	search_blame(s, RANK_NO_ISSUER, r->words.is_self_signed ? "self-signed certificate"
	             : s->n_sent == 1 ? "issuer not known, or an intermediate certificate was not sent"
	             : "issuer not known");
	if (!search_leaf_is_root(s) && !search_from(s, 1))
		answer_why(r, s->why);
	else if (!q->is_signed)
		answer_why(r, "the handshake was not signed with this certificate's key");
	else
		r->is_valid = 1;
}

void x509_judge(const struct roots *roots, const struct parse_judge *q, struct parse_judge_r *r)
{
	static const uint8_t nothing[1];
	struct search s = {
		.roots = roots, .signatures_left = PATH_SIGNATURES_MAX, .paths_left = PATHS_MAX,
	};
	struct parse_roots_r told = { 0 };
	*r = (struct parse_judge_r){ 0 };
	crypto_hash_sha256(r->leaf, q->n_certs ? q->cert[0].der : nothing, q->n_certs ? q->cert[0].len : 0);
	memcpy(r->spki, r->leaf, sizeof r->spki);
	if (search_parse(&s, q) != OK) {
		r->err = ERR_X509;
		answer_why(r, q->n_certs ? "malformed certificate" : "no certificate");
		return;
	}
	crypto_hash_sha256(r->spki, s.sent[0].fields.spki.at, s.sent[0].fields.spki.left);
	words_of(s.sent[0].x, &r->words);
	ERR_clear_error();
	if (roots)
		roots_tell(roots, &told);
	if (told.n == 0) {
		r->err = ERR_ROOTS_NONE;
		answer_why(r, "no trust roots found");
	} else {
		judge_paths(&s, q, r);
	}
	for (size_t i = 0; i < s.n_sent; i++)
		X509_free(s.sent[i].x);
}
