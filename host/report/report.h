/* A report of a bad relay as a plain struct, and its one text (shared/report.md): strict decode and canonical encode, without
 * a JSON library, because the collector reads what strangers send. Used by feature/report*, the verb `report` and the
 * collector. What decodes encodes to the same bytes again; there is one canonical text for each report.
 *
 * Texts in the structs are NUL-terminated and within the bounds of base/limits.h; "" stands for a field that is left out. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "base/buf.h"
#include "base/limits.h"
#include "base/rd.h"
#include "base/verdict.h"

#define REPORT_VERSION 1
#define REPORT_NUMBER_MAX INT64_C(9007199254740991)   /* 2^53 - 1: JavaScript's numbers */

enum report_kind { REPORT_CERTIFICATE, REPORT_HTTPS, REPORT_DOWNLOAD, REPORT_COPY, REPORT_KINDS };
/* Wire names, static. */
const char *report_kind_name(enum report_kind k);
/* Whether a kind, by its wire name, is about what came over plain HTTP: looked at again by a download. */
bool report_kind_is_fetched(const char *name);

/* What an exit showed. Kinds: certificate: CERTIFICATE, FAILED. https: CERTIFICATE, NO_TLS, FAILED. download: FILE, FAILED.
 * copy: ADDRESS, ABSENT, FAILED. */
enum report_status { REPORT_SAW_FAILED, REPORT_SAW_CERTIFICATE, REPORT_SAW_NO_TLS, REPORT_SAW_FILE, REPORT_SAW_ADDRESS,
                     REPORT_SAW_ABSENT, REPORT_STATUSES };
const char *report_status_name(enum report_status s);

enum report_source { REPORT_SOURCE_NONE, REPORT_SOURCE_BROWSER, REPORT_SOURCE_PROBE };
enum report_agrees { REPORT_AGREES_NONE, REPORT_AGREES_CERT, REPORT_AGREES_KEY, REPORT_AGREES_NOT };
enum report_tri { REPORT_LEFT_OUT, REPORT_NO, REPORT_YES };
enum report_edition { REPORT_EDITION_NONE, REPORT_EDITION_STANDARD, REPORT_EDITION_PRIVILEGED, REPORT_EDITION_SHELL };
enum report_roots { REPORT_ROOTS_NONE /* left out */, REPORT_ROOTS_BROWSER, REPORT_ROOTS_SYSTEM, REPORT_ROOTS_NO };

/* Inside report->bytes of a decoded report; a builder's own memory otherwise. */
struct report_bytes { const uint8_t *at; uint32_t len; };

struct report_exit {
	uint8_t fp[FP_LEN];                    /* always there */
	char nickname[NICKNAME_MAX];
	char address[46];
	char country[3];
	char family[64];
	size_t n_flags;
	char flags[REPORT_FLAGS_MAX][REPORT_FLAG_MAX];
};

/* bytes: what stands there in this exit's file; either none (only that it differs there is known) or length of them. */
struct report_range { uint64_t offset, length; struct report_bytes bytes; };

struct report_seen {
	struct report_exit exit;
	enum report_status status;
	uint32_t error;                        /* number of base/err.h; 0 left out. FAILED, NO_TLS only */
	enum report_source source;             /* certificate, https */
	enum report_agrees agrees;             /* CERTIFICATE: with first[0] */
	enum report_tri is_valid, is_signed;   /* CERTIFICATE */
	char why[REPORT_WHY_MAX + 1];          /* CERTIFICATE: of an invalid chain */
	bool has_sha256;                       /* CERTIFICATE: of the leaf; FILE: of the whole file */
	uint8_t sha256[32];
	size_t n_chain;                        /* CERTIFICATE: leaf first */
	struct report_bytes chain[CHAIN_MAX];
	uint32_t chain_left_out;               /* certificates behind them that did not fit, up to CHAIN_MAX */
	uint32_t http_status;                  /* 0 left out, else 100..599: FILE, ADDRESS, ABSENT */
	bool has_length;                       /* FILE */
	uint64_t length;
	size_t n_ranges;                       /* FILE: ascending, apart, within length; bytes: REPORT_RANGES_BYTES_MAX together */
	struct report_range ranges[REPORT_RANGES_MAX];
	const char *address;                   /* ADDRESS, and then always there: up to ADDR_TEXT_MAX - 1 bytes; else NULL. Where chains are */
};

struct report {
	enum report_kind kind;
	char host[HOST_MAX];                   /* lower case, no final dot; IPv6 without brackets */
	uint16_t port;
	char path[REPORT_PATH_MAX + 1];        /* "" unless the user added it; begins with '/' */
	uint32_t hour;                         /* Unix hours */
	enum reason reason;                    /* the verdict is always mismatch */
	uint32_t k, asked, answered;
	enum report_roots roots;               /* certificate, https */
	char ticker[ADDR_WORD_MAX + 1];        /* copy, and then always there */
	size_t n_first, n_others;              /* n_first >= 1 */
	struct report_seen first[REPORT_FIRST_MAX], others[REPORT_OTHERS_MAX];
	char reproduce[REPORT_COMMAND_MAX + 1];
	char version[33];                      /* SecondExit's; always there */
	enum report_edition edition;
	char tor[64], browser[64];
	uint8_t *bytes;                        /* what chains, ranges and addresses of a decoded report point into; owned */
	size_t n_bytes, room;
};

/* Empty; NULL: out of memory. */
struct report *report_new(void);
void report_free(struct report *r);   /* wipes; takes NULL */

/* Reads one report. Its fields must stand in the order of shared/report.md, each once. is_canonical: no white space between its
 * tokens, so that report_encode gives these very bytes again (what was sealed); else a file or mail. On OK the caller owns
 * *out. Errors: ERR_REPORT_JSON, ERR_REPORT_FIELD (wrong, when not NULL, gets its name or ""), ERR_REPORT_VERSION, ERR_TOO_BIG
 * (over REPORT_FILE_MAX), ERR_NOMEM. */
#define REPORT_WRONG_MAX 32
MUST_USE enum err report_decode(struct rd text, bool is_canonical, struct report **out, char *wrong);
/* The canonical text: no white space. Then it is what is sealed. is_pretty: indented by two, as JSON.stringify(x, null, 2)
 * writes it, and a final line end; what is shown, kept and mailed. ERR_REPORT_FIELD: a report that report_decode would
 * refuse. Errors of out besides. */
MUST_USE enum err report_encode(const struct report *r, bool is_pretty, struct buf *out);

#endif
