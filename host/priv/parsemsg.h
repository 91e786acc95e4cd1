/* What main asks of the parse role: it reads foreign bytes (certificates now, files later) and the browser's
 * root module, talks to nobody, and decides nothing but "is this chain valid for this name now". */
#ifndef PRIV_PARSEMSG_H
#define PRIV_PARSEMSG_H

#include "priv/netmsg.h"

enum parse_type {
	PARSE_CONFIG = 1,  /* parse_config; first frame, once; no reply; roots are loaded at the first judgement */
	PARSE_JUDGE,       /* parse_judge -> PARSE_R_JUDGE */
	PARSE_ROOTS,       /* -> PARSE_R_ROOTS */
	PARSE_R_JUDGE = 64, PARSE_R_ROOTS, PARSE_R_ERROR /* u32 enum err */
};

enum roots_source { ROOTS_NONE, ROOTS_BROWSER, ROOTS_SYSTEM };

struct parse_config {
	char browser_dir[512];   /* folder of the browser that started us; "" none */
	char test_ca[256];       /* PEM file trusted besides; for tests only */
};
struct parse_judge {
	char host[HOST_MAX];
	uint64_t time;           /* Unix seconds at which validity is judged */
	uint8_t is_signed;       /* from the look: without it a chain is never valid */
	uint8_t n_certs;
	struct net_cert cert[CHAIN_MAX];
};
/* The leaf, in words for a person; every text is UTF-8 with control characters escaped and length-capped. */
struct cert_words {
	char subject[256], issuer[256], names[1024] /* comma separated */, serial[64], key[64], signature[64];
	uint64_t not_before, not_after;
	uint8_t is_self_signed, n_names_left_out;
};
struct parse_judge_r {
	uint32_t err;            /* OK, ERR_X509, ERR_ROOTS_NONE */
	uint8_t is_valid;        /* chain, name, time, key strength, distrust dates; and is_signed */
	char why[128];           /* of an invalid chain, one phrase */
	uint8_t leaf[32], spki[32];
	struct cert_words words;
};
/* n: roots trusted for servers. path: the module or bundle they came from; "" with ROOTS_NONE. */
struct parse_roots_r { uint8_t source; uint32_t n; char path[512]; };

/* put appends the payload of one frame; what does not fit its field's limit is our own bug (assert).
 * get takes a whole payload: ERR_FORMAT for trailing or missing bytes, a count, flag or source out of range, an
 * unterminated field, and, in what comes from the parse role, for text that is not UTF-8 or has control
 * characters: that role reads foreign bytes and is not believed. *out is written on OK only; certificates
 * borrow the payload's bytes. */
void parsemsg_put_config(struct buf *out, const struct parse_config *m);
void parsemsg_put_judge(struct buf *out, const struct parse_judge *m);
void parsemsg_put_judge_r(struct buf *out, const struct parse_judge_r *m);
void parsemsg_put_roots_r(struct buf *out, const struct parse_roots_r *m);
void parsemsg_put_error(struct buf *out, enum err err);
MUST_USE enum err parsemsg_get_config(struct rd in, struct parse_config *out);
MUST_USE enum err parsemsg_get_judge(struct rd in, struct parse_judge *out);
MUST_USE enum err parsemsg_get_judge_r(struct rd in, struct parse_judge_r *out);
MUST_USE enum err parsemsg_get_roots_r(struct rd in, struct parse_roots_r *out);
/* An error number that is in no table, or OK, is ERR_FORMAT. */
MUST_USE enum err parsemsg_get_error(struct rd in, enum err *out);

#endif
