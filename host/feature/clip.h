/* Copied cryptocurrency addresses: which stand in what would be copied (clip.check), and do other exits show the same one
 * in the same place of the page (clip.compare; shared/protocol.md). State machines in main without sockets, like the
 * certificate check beside them: they ask the roles through the table of clipops.h.
 *
 * Copied texts, addresses and URLs are a user's secrets: kept while their request runs, wiped, never logged. */
#ifndef FEATURE_CLIP_H
#define FEATURE_CLIP_H

#include "base/clipverdict.h"
#include "feature/certcheck.h"

struct clip_flavour { const char *type; const uint8_t *text; size_t len; };
/* 1..CLIP_FLAVOURS_MAX; borrowed for the call. */
struct clip_request { size_t n; struct clip_flavour flavour[CLIP_FLAVOURS_MAX]; };

struct clip_compare {
	struct site_key key;                   /* of the connection that brought the page */
	enum cert_proxy proxy;
	char socks_username[SOCKS_CRED_MAX], socks_password[SOCKS_CRED_MAX];
	char url[CLIP_URL_MAX + 1];            /* as it was first asked for */
	char address[ADDR_TEXT_MAX];
	char ticker[ADDR_WORD_MAX + 1];
	char before[CLIP_NEAR_MAX + 1], after[CLIP_NEAR_MAX + 1];
	char path[CLIP_PATH_MAX + 1];
	char user_agent[CLIP_HEADER_MAX + 1], accept[CLIP_HEADER_MAX + 1], accept_language[CLIP_HEADER_MAX + 1];
	bool clicked;
	const char *family;                    /* joined by single spaces, NUL-terminated; borrowed for the call */
};

enum clip_step { CLIP_STEP_CHOOSING, CLIP_STEP_BUILDING, CLIP_STEP_CONNECTING, CLIP_STEP_HANDSHAKING,
                 CLIP_STEP_FETCHING, CLIP_STEP_DONE, CLIP_STEP_FAILED };
const char *clip_step_name(enum clip_step s);   /* wire name, static */

struct clip_progress { unsigned slot; enum clip_step step; const struct relay_info *exit; uint64_t elapsed_ms; };

/* What one exit showed, or why it showed nothing. */
struct clip_answer {
	unsigned slot;
	bool has_exit, has_page;               /* has_page: status "page"; else "failed" and error says why */
	struct relay_info exit;
	enum err error;
	enum place_found found;
	bool is_family_equal, is_alone;        /* alone: no other address of its coin in the page's source */
	const char *address;                   /* NULL when absent; borrowed for the callback */
	const char *url;                       /* where the redirects ended; NULL without a page */
	unsigned http_status;                  /* 0: none came */
	uint64_t elapsed_ms;
};

#define CLIP_ANSWERS_MAX (K_MAX * CHECK_ROUNDS_MAX)
struct clip_result {
	const struct site_key *key;
	const char *address, *ticker;
	enum verdict verdict;
	enum reason reason;
	enum err error;
	unsigned k, asked, answered;
	uint64_t elapsed_ms;
	bool retry_useful;
	size_t n_first, n_others, n_chance;
	const struct relay_info *first;
	const struct clip_answer *others;      /* in slot order */
	double chance[K_MAX];
};

/* Where results go; the same promises as struct cert_sink's. r is NULL unless err is OK. */
struct clip_sink {
	void *arg;
	void (*checked)(void *arg, uint32_t id, enum err err, const struct parse_scan_r *r);
	void (*progress)(void *arg, uint32_t id, const struct clip_progress *p);
	void (*compared)(void *arg, uint32_t id, const struct clip_result *r);
};

struct clip;
struct clip_ops;

/* Borrows ops and sink's functions until clip_free. NULL when memory is short. */
struct clip *clip_new(const struct clip_ops *ops, const struct clip_sink *sink);
/* Ends what runs, wipes what is remembered. Takes NULL. */
void clip_free(struct clip *c);

/* OK: a result will come. Errors: ERR_MSG_ID; ERR_MSG_BUSY; ERR_TOO_BIG more than CLIP_TEXT_MAX; ERR_MSG_FIELD no flavour or too
 * many; those of parselink_scan. */
MUST_USE enum err clip_check(struct clip *c, uint32_t id, const struct clip_request *r);
/* Only a person's click may lead here with clicked set. Errors as above; ERR_MSG_FIELD also for a url that is none;
 * ERR_TARGET_NAME. */
MUST_USE enum err clip_compare(struct clip *c, uint32_t id, const struct clip_compare *r);
/* The request ends now: a comparison undecided/cancelled, a check with ERR_CANCELLED. False: no such id. */
bool clip_cancel(struct clip *c, uint32_t id);
/* session.wipe and NEWNYM: what runs ends cancelled, everything is forgotten. */
void clip_wipe(struct clip *c);

#endif
