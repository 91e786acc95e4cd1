/* Downloads verified over a second circuit (shared/protocol.md): a file that a browser holds (download.verify), or one that the host fetches
 * itself (download.fetch). State machines in main without sockets, like the other checks: they ask the roles through the table
 * of downloadops.h. What other exits answered is judged by base/dlverdict.h alone.
 *
 * Only the file itself is written to disk, under NAME.part, and gets its name after a match. URLs and names are a user's secrets: kept
 * while their download is, wiped, never logged. */
#ifndef FEATURE_DOWNLOAD_H
#define FEATURE_DOWNLOAD_H

#include "base/dlverdict.h"
#include "feature/certcheck.h"
#include "feature/dlranges.h"

struct download_request {
	struct site_key key;                   /* of the connection that brought the answer */
	enum cert_proxy proxy;
	char socks_username[SOCKS_CRED_MAX], socks_password[SOCKS_CRED_MAX];
	bool is_fetch;                         /* download.fetch: name and dir; else path and local_size */
	size_t n_urls;
	const char *url[DL_CHAIN_MAX];         /* the browser's chain, its first request first; borrowed for the call */
	char name[DL_NAME_MAX + 1];            /* as the browser would call it */
	char dir[DL_PATH_MAX + 1];             /* absolute; "": the user's download folder */
	char path[DL_PATH_MAX + 1];            /* absolute; of the browser's .part */
	int64_t local_size;                    /* -1: the browser is still receiving (download_local will say) */
	char user_agent[CLIP_HEADER_MAX + 1], accept[CLIP_HEADER_MAX + 1], accept_language[CLIP_HEADER_MAX + 1];
	char referer[CLIP_URL_MAX + 1];        /* "": none */
	/* As the browser's answer said; "" and -1: it did not. */
	char content_type[DL_HEADER_MAX + 1], etag[DL_HEADER_MAX + 1], last_modified[DL_HEADER_MAX + 1];
	int64_t length;
	bool link_secure;                      /* the page with the link came over a verified connection; only repeated */
	bool has_cookies, is_post;             /* what the browser's request carried */
	uint64_t whole_max, budget;            /* whole files up to here; what ranges may cost */
	bool clicked;                          /* else a page may have started it: AUTO_DOWNLOADS_MAX and its kin (base/limits.h) hold */
	bool no_programs;                      /* download.fetch: one that its content shows to be a program is removed, whatever others get */
	bool has_no_first;                     /* from the shell: no browser's exit is known, or was used */
	/* is_fetch: this exit is what is looked at. The copy comes through it or not at all, and is never kept; where it brings none, another is asked whether there is
	 * one: undecided/first_silent then, with that other's answer. */
	bool has_given;
	uint8_t given[FP_LEN];
	uint64_t copy_max;                     /* a longer copy is given up: too_large; 0: no limit */
};

enum dl_class { DL_CLASS_UNKNOWN, DL_CLASS_TRANSPARENT, DL_CLASS_OTHER, DL_CLASS_EXECUTABLE };
enum dl_step { DL_STEP_CHOOSING, DL_STEP_BUILDING, DL_STEP_CONNECTING, DL_STEP_HANDSHAKING, DL_STEP_FETCHING, DL_STEP_COMPARING,
               DL_STEP_DONE, DL_STEP_FAILED };
const char *download_step_name(enum dl_step s);     /* wire names, static */
const char *download_class_name(enum dl_class c);   /* DL_CLASS_UNKNOWN: NULL */

struct download_progress {
	unsigned slot;                         /* 0: the browser's own exit; 1: the first of ours */
	enum dl_step step;
	const struct relay_info *exit;         /* NULL: none chosen */
	enum dl_method method;
	uint64_t bytes;                        /* of this exit so far */
	int64_t total;                         /* -1: not known */
	uint64_t elapsed_ms;
};

/* What one exit showed, or why it showed nothing. */
struct download_answer {
	unsigned slot;
	bool has_exit, has_answer;             /* has_answer: status "answer"; else "failed" and error says why */
	bool is_copy;                          /* it brought, or was to bring, the file that is here (download.fetch) */
	struct relay_info exit;
	enum err error;
	unsigned http_status;                  /* 0: none came */
	const char *url;                       /* where the redirects ended; NULL without an answer; borrowed */
	int64_t length;                        /* of the whole file as it says; -1: it does not */
	int same_entity, agrees;               /* 1, 0, -1: can't be said */
	bool has_sha256;
	uint8_t sha256[32];                    /* of the whole file as this exit gave it */
	uint64_t bytes, elapsed_ms;
};

/* How a differing range begins: up to DL_SHOWN_MAX bytes of all ranges together; n may be 0. */
struct dl_shown { const uint8_t *bytes; size_t n; };

/* What became of the file. */
enum dl_state {
	DL_STATE_NONE,                         /* there is none, or it was removed */
	DL_STATE_HELD,                         /* .part, waiting for download_retry or download_discard */
	DL_STATE_FINISHED,                     /* has its name */
	DL_STATE_BROWSER,                      /* the browser holds it */
};
const char *download_state_name(enum dl_state s);

struct download_result {
	const struct site_key *key;
	const char *url;                       /* the first of the chain; "" none */
	enum verdict verdict;
	enum reason reason;
	enum err error;
	enum dl_method method;                 /* DL_METHOD_NONE: none got so far */
	bool has_missed;                       /* DL_METHOD_RANGES: how probably a change was missed */
	double missed_block, missed_64k, missed_percent;
	uint64_t compared;                     /* bytes of the file that were compared or are committed to */
	uint64_t fetched;                      /* bytes of bodies that came over the other circuits */
	enum dl_class class_;
	const char *format;                    /* "" not known */
	bool has_local, has_sha256;
	uint64_t size;
	uint8_t sha256[32];                    /* of the file as it is held */
	bool link_secure;
	unsigned k, asked, answered;
	size_t n_first, n_others, n_ranges, n_chance;
	const struct relay_info *first;
	const struct download_answer *others;  /* in slot order */
	const struct dl_range *range;          /* where another exit's copy differs */
	bool has_more_ranges;
	const struct dl_shown *ours, *theirs;  /* n_ranges each: what stands there here, and in the copy of slot theirs_slot */
	unsigned theirs_slot;
	double chance[K_MAX];
	enum dl_state state;
	uint32_t download;                     /* for retry, discard, keep, show; 0: nothing is kept */
	const char *path;                      /* of the finished file, or of the .part; NULL */
	bool retry_useful, whole_possible, can_keep;
	uint64_t elapsed_ms;
};

struct download_classify { char name[DL_NAME_MAX + 1], content_type[DL_HEADER_MAX + 1], path[DL_PATH_MAX + 1]; };
struct download_classified { enum dl_class class_; const char *format, *why; };

/* Where results go; the same promises as struct cert_sink's. A pointer is NULL unless err is OK. */
struct download_sink {
	void *arg;
	void (*progress)(void *arg, uint32_t id, const struct download_progress *p);
	void (*result)(void *arg, uint32_t id, const struct download_result *r);
	void (*classified)(void *arg, uint32_t id, enum err err, const struct download_classified *r);
};

struct downloads;
struct download_ops;

/* Borrows ops and sink's functions until downloads_free. NULL when memory is short. */
struct downloads *downloads_new(const struct download_ops *ops, const struct download_sink *sink);
/* Ends what runs, removes every .part, wipes. Takes NULL. */
void downloads_free(struct downloads *d);

/* OK: a result will come. Errors: ERR_MSG_ID; ERR_MSG_BUSY; ERR_MSG_FIELD a url, path or folder that is none; ERR_TARGET_NAME;
 * ERR_NOMEM. Whatever goes wrong later ends undecided. */
MUST_USE enum err download_start(struct downloads *d, uint32_t id, const struct download_request *r);
/* The browser has received all: that file of request target has its last byte. OK also when there is no such request: crossed. */
void download_local(struct downloads *d, uint32_t target, uint64_t size);
/* Only a person's click: a held one goes on, where it was if the site allows; whole: by the whole file, whatever its size. Ends with a result of its own under
 * id. ERR_DL_UNKNOWN: nothing of that number is held. */
MUST_USE enum err download_retry(struct downloads *d, uint32_t id, uint32_t download, bool whole);
/* Only a person's click: forgets it; a .part is removed. */
MUST_USE enum err download_discard(struct downloads *d, uint32_t download);
/* Only a person's click: the bytes of a mismatch, as evidence, under NAME.evidence (mode 0600); path[cap] gets where. */
MUST_USE enum err download_keep(struct downloads *d, uint32_t download, char *path, size_t cap);
/* Only a person's click: opens the folder of a finished file. */
MUST_USE enum err download_show(struct downloads *d, uint32_t download);
MUST_USE enum err download_classify(struct downloads *d, uint32_t id, const struct download_classify *r);
/* The request ends now: undecided/cancelled, its .part removed. False: no such id. */
bool download_cancel(struct downloads *d, uint32_t id);
/* session.wipe and NEWNYM: what runs ends cancelled, everything held is removed, everything is forgotten. */
void downloads_wipe(struct downloads *d);

#endif
