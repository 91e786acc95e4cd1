/* What main asks of the parse role: it reads foreign bytes (certificates now, files later) and the browser's
 * root module, talks to nobody, and decides nothing but "is this chain valid for this name now". */
#ifndef PRIV_PARSEMSG_H
#define PRIV_PARSEMSG_H

#include "priv/netmsg.h"

enum parse_type {
	PARSE_CONFIG = 1,  /* parse_config; first frame, once; no reply; roots are loaded at the first judgement */
	PARSE_JUDGE,       /* parse_judge -> PARSE_R_JUDGE */
	PARSE_ROOTS,       /* -> PARSE_R_ROOTS */
	PARSE_PIECE_OF,    /* bytes: the next piece of what the next PARSE_SCAN or PARSE_PLACE of the same id is about; no reply */
	PARSE_SCAN,        /* parse_scan -> PARSE_R_SCAN: addresses in copied text */
	PARSE_PLACE,       /* parse_place -> PARSE_R_PLACE: what stands in that place of a page */
	PARSE_R_JUDGE = 64, PARSE_R_ROOTS, PARSE_R_ERROR /* u32 enum err */, PARSE_R_SCAN, PARSE_R_PLACE
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

/* What would be copied: the lengths of the flavours' texts, which went ahead in pieces, one text behind the other. */
struct parse_scan {
	uint8_t n;
	uint32_t len[CLIP_FLAVOURS_MAX];
	uint8_t is_markup[CLIP_FLAVOURS_MAX];   /* looked at without its tags, too */
};
/* Borrowed text; not NUL-terminated. */
struct parse_text { const char *at; uint32_t n; };
struct scan_hit {
	uint8_t flavour;
	struct parse_text coin, ticker, form, network, address;
	uint32_t offset, length;         /* bytes of that flavour's text */
	uint8_t is_normalised;
	uint16_t checksum_bits;
};
struct parse_scan_r {
	uint8_t has_more;
	uint16_t n;
	struct scan_hit hit[ADDR_HITS_MAX];
};

/* Where an address stood on the browser's page (shared/protocol.md, "Where an address stands"), asked of a page that
 * another exit brought; its body_len bytes went ahead in pieces. Texts are borrowed, clean and not NUL-terminated. */
struct parse_place {
	uint32_t body_len;
	struct parse_text content_type;     /* the header's value; may be empty */
	struct parse_text address, ticker, path;
	struct parse_text before, after;    /* may be empty */
	struct parse_text family;           /* joined by single spaces; may be empty */
};
enum place_found { PLACE_ABSENT, PLACE_SAME, PLACE_OTHER };
struct parse_place_r {
	uint8_t found;                      /* enum place_found */
	uint8_t is_family_equal;
	uint8_t is_alone;                   /* no other address of its coin in the source, whatever it is hidden in */
	struct parse_text address;          /* what stands there; empty when absent */
};

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
void parsemsg_put_scan(struct buf *out, const struct parse_scan *m);
void parsemsg_put_scan_r(struct buf *out, const struct parse_scan_r *m);
MUST_USE enum err parsemsg_get_scan(struct rd in, struct parse_scan *out);
/* The texts borrow the payload. ERR_FORMAT also for a flavour of n_flavours or beyond, bytes outside of it, texts that
 * are empty or not clean. *out is written piece by piece here, and worth nothing after an error. */
MUST_USE enum err parsemsg_get_scan_r(struct rd in, const struct parse_scan *asked, struct parse_scan_r *out);
void parsemsg_put_place(struct buf *out, const struct parse_place *m);
void parsemsg_put_place_r(struct buf *out, const struct parse_place_r *m);
MUST_USE enum err parsemsg_get_place(struct rd in, struct parse_place *out);
/* ERR_FORMAT also when found and address contradict each other. */
MUST_USE enum err parsemsg_get_place_r(struct rd in, struct parse_place_r *out);
/* An error number that is in no table, or OK, is ERR_FORMAT. */
MUST_USE enum err parsemsg_get_error(struct rd in, enum err *out);
/* Well-formed UTF-8 without control characters? */
bool parsemsg_is_clean(const char *s, size_t n);

#endif
