/* Downloads: the parts that download*.c share. Private to them.
 *
 *   download.c           the public face: ids, numbers of what is held
 *   download_run.c       life of one: waits, finds the first exit, ends; the clock; its result
 *   download_plan.c      which method comes next; when its answers say enough (base/dlverdict.h decides)
 *   download_slots.c     which slot needs an exit (fetch_slots.h: those of earlier in the session, new ones), replacements
 *   download_fetch.c     one slot: the first URL, its redirects, what is done with what they lead to
 *   download_head.c      what the head of an answer says
 *   download_bytes.c     what a slot does with the body: writes it, compares it
 *   download_local.c     the file here: grows, is complete, is digested, classified, looked into
 *   download_sites.c     what stays for the session beside the exits: files found false */
#ifndef FEATURE_DOWNLOAD_IN_H
#define FEATURE_DOWNLOAD_IN_H

#include "feature/dldigest.h"
#include "feature/dlfile.h"
#include "feature/download.h"
#include "feature/downloadops.h"
#include "feature/fetch_slots.h"
#include "feature/limits_auto.h"
#include <sodium.h>

#define DL_NEVER UINT64_MAX
#define DL_FAILED_MAX 24
/* Exits asked by one method: k, the third that decides, and as many again twice in place of those that fail. */
#define DL_ASKED_MAX (3 * K_DEFAULT)

struct dl_false { uint8_t url[32], file[32]; };

/* ETag, Last-Modified, length of an answer; "" and -1 where it had none. */
struct dl_entity { char etag[DL_HEADER_MAX + 1], last_modified[DL_HEADER_MAX + 1]; int64_t length; };

enum dl_job {
	DL_JOB_COPY,      /* brings the file itself (slot 0 of download.fetch) */
	DL_JOB_PROBE,     /* asks for the file to see what the site says of it; goes on as DL_JOB_WHOLE where that is the method */
	DL_JOB_WHOLE, DL_JOB_HEAD, DL_JOB_RANGES,
};
/* Ranges that differ accuse nobody before the site is seen to mean the same by them as everybody does: a part of the file's beginning is asked for, then the
 * beginning itself. */
enum dl_proof { DL_PROOF_NONE, DL_PROOF_PART, DL_PROOF_PLAIN, DL_PROOF_GIVEN };
#define DL_PROOF_BYTES 1024u
enum dl_slot_state { DL_SLOT_IDLE, DL_SLOT_HELD, DL_SLOT_DRAWING, DL_SLOT_FETCHING, DL_SLOT_ANSWERED };

struct dl_slot {
	struct download *dl;
	enum dl_slot_state state;
	enum dl_job job;
	unsigned number;                         /* on the wire */
	bool has_exit;
	struct relay_info exit;
	uint32_t fetch_id;
	uint64_t began, until, elapsed;          /* until: of DL_SLOT_HELD */
	char url[CLIP_URL_MAX + 1], next[CLIP_URL_MAX + 1];
	unsigned hops, status;
	bool is_file;                            /* the last head was that of the file: what follows is its body */
	bool is_head;                            /* HEAD was asked: no body comes */
	bool is_refused;                         /* we gave the answer up ourselves; own says why */
	enum err own;
	enum reason why;
	struct dl_entity entity;
	struct dl_digests digests;
	char content_type[DL_HEADER_MAX + 1];
	uint64_t bytes, told;                    /* bytes: of bodies, all hops and parts together */
	/* the whole file */
	uint64_t at;                             /* of the file */
	crypto_hash_sha256_state hash;
	uint8_t sha256[32];                      /* of what it gave; what tells contents apart */
	bool differs;
	uint8_t *ahead;                          /* came before the file here had that much; not fetched from on meanwhile */
	size_t n_ahead;
	bool is_paused;
	/* ranges */
	size_t range, range_end;                 /* those of the request under way */
	bool is_multipart;
	struct dl_parts parts;
	enum err range_err;
	enum dl_proof proof;
	uint8_t proven[DL_PROOF_BYTES];
	/* the answer */
	enum dl_found found;
	bool is_weak;                            /* found by sums, which prove no equality */
	bool is_same_entity;
};

enum dl_phase { DL_WAITING, DL_FINDING, DL_RUNNING, DL_ENDING, DL_KEPT };

struct download {
	struct download *next;
	struct downloads *owner;
	uint32_t id, number;                     /* id 0: no request runs; number 0: never held yet */
	enum dl_phase phase;
	struct download_request request;         /* key normalised; url[] not used */
	char url[CLIP_URL_MAX + 1];              /* the first; "" not known */
	char end_url[CLIP_URL_MAX + 1];          /* where the first's chain ended, without fragment */
	uint64_t began, until;
	struct fetch_site *site;
	uint32_t find_id, draw_id;
	struct dl_slot *drawing;
	size_t n_first;
	struct relay_info first[CANDIDATES_MAX];
	struct fetch_via via;
	size_t n_copies;
	struct relay_info copies[DL_COPY_TRIES * 2];   /* exits that brought bytes of the copy here */

	/* the file here */
	struct dlfile file;
	struct dl_entity entity;                 /* as the first says; of a copy, as its exit does */
	uint64_t have;                           /* bytes that are there */
	bool is_complete, has_head;              /* has_head: what the site says is known */
	crypto_hash_sha256_state copy_hash;
	bool has_grown;                          /* the browser's, compared while it was written: looked at once more at its end */
	bool has_sha256, has_sha512;
	uint8_t sha256[32], sha512[64];
	bool is_hashing, is_hashing_512;
	uint64_t hash_at;
	crypto_hash_sha256_state hash256;
	crypto_hash_sha512_state hash512;
	unsigned copy_tries;
	uint32_t class_id, commit_id, sums_id;
	bool is_class_known, is_commit_known, are_sums_known, has_sums;
	struct file_sums_r sums;
	enum dl_class class_;
	char format[FILE_WORD_MAX];
	struct file_commit_r commit;
	char path[DL_PATH_MAX + DL_NAME_MAX + 2];   /* of the finished file */

	/* the comparison */
	enum dl_method method;
	bool was_tried[DL_METHODS], has_digest, has_sum_lines, is_whole_forced, are_ranges_single, are_ranges_none;
	struct dl_plan *plan;
	size_t n_drawn;                          /* random blocks of plan */
	size_t plan_n;                           /* ranges of it that are compared */
	struct dl_slot slots[K_MAX + 1];         /* 0: the copy */
	unsigned asked, asked_here, numbers;     /* numbers: of slots given away */
	struct fetch_turns turns;
	enum reason dissent;                     /* of a method that was left because of it: only all bytes can mend that */
	enum err local_err;
	uint64_t tor_until;
	uint64_t fetched;
	size_t n_failed;
	struct download_answer failed[DL_FAILED_MAX];
	enum reason failed_why[DL_FAILED_MAX];
	size_t n_ranges;
	struct dl_range range[DL_DIFFERING_MAX];
	bool has_more_ranges;
	/* How the ranges begin in the copy of the slot that differed first. */
	unsigned theirs_slot;
	size_t n_theirs, theirs_at[DL_DIFFERING_MAX], theirs_n[DL_DIFFERING_MAX];
	uint8_t theirs[DL_SHOWN_MAX];
	bool is_given_lost;                      /* the given exit brought no copy: is there one? */
	enum err last_err;
	struct finding finding;
	enum dl_method final_method;
	enum err error;
	enum dl_state state;
	bool can_keep;
};

struct dl_classify { struct dl_classify *next; struct downloads *owner; uint32_t id, file_id; };

struct downloads {
	const struct download_ops *ops;
	struct download_sink sink;
	struct download *list;                   /* oldest first; those that are kept too */
	struct dl_classify *classifies;
	struct fetch_sites sites;
	size_t n_false;
	struct dl_false was_false[DL_FALSE_MAX];
	uint32_t last_number;
	struct limits_auto automatic;            /* stays over a wipe */
	bool is_ending, is_pumping;
};

/* download_run.c */
uint64_t dl_now(const struct download *d);
void downloads_pump(struct downloads *o);
void dl_end(struct download *d, enum verdict v, enum reason r, enum err e);   /* result at the next tick */
void dl_deliver(struct download *d);           /* now; d may be freed */
void dl_free(struct download *d);              /* unlinked already; removes a .part */
bool dl_is_first(const struct download *d, const uint8_t fp[FP_LEN]);

/* download_plan.c */
void dl_go_on(struct download *d);             /* after every event: the next method, its slots, the verdict */
bool dl_may_ask(const struct download *d);     /* another exit in this method */
bool dl_may_commit(const struct download *d);  /* a part of it is likely to do: nothing else should be fetched yet */
void dl_send(struct download *d);

/* download_slots.c */
void dl_slots_go_on(struct download *d);
bool dl_slots_are_pending(const struct download *d);
void dl_slots_time(struct download *d, uint64_t now);
uint64_t dl_slots_next(const struct download *d);
void dl_slots_clear(struct download *d, bool copy_too);
void dl_slot_failed(struct dl_slot *s, enum err e, enum reason why);
void dl_slot_reset(struct dl_slot *s);

/* download_fetch.c */
MUST_USE enum err dl_slot_start(struct dl_slot *s);   /* has_exit is set; state becomes DL_SLOT_FETCHING */
MUST_USE enum err dl_slot_fetch(struct dl_slot *s);   /* the next hop, or the next ranges */
void dl_slot_stop(struct dl_slot *s);
void dl_slot_progress(struct dl_slot *s, enum dl_step step);

/* download_head.c */
/* OK, or why it is no answer to be compared, whatever it is asked for. */
MUST_USE enum err dl_head_err(const struct dl_slot *s, struct rd lines, enum reason *why);
uint64_t dl_copy_total(const struct dl_slot *s, const char *content_range);   /* how long the file is, as it says; 0: it does not */
MUST_USE enum err dl_copy_head(struct dl_slot *s, const char *content_range);
MUST_USE enum err dl_ranges_head(struct dl_slot *s, const char *content_range);

/* download_bytes.c */
void dl_bytes_begin(struct dl_slot *s);
void dl_bytes_take(struct dl_slot *s, struct rd piece);
void dl_bytes_go_on(struct dl_slot *s);        /* the file here has more */
struct dl_range dl_bytes_proof(const struct download *d);   /* where the part of dl_proof lies; at most DL_PROOF_BYTES */
void dl_bytes_judge(struct dl_slot *s);        /* of an answered one, when the file here is complete */

/* download_local.c */
MUST_USE enum err dl_local_open(struct download *d);
void dl_local_grew(struct download *d, uint64_t have);
void dl_local_done(struct download *d, uint64_t size);   /* ends d when that is not so */
void dl_local_time(struct download *d);
uint64_t dl_local_next(const struct download *d, uint64_t now);
void dl_local_stop(struct download *d);
void dl_hash(struct download *d, bool with_512);   /* is_hashing until has_sha256, and has_sha512 where it is asked for */
void dl_commit_ask(struct download *d);
void dl_sums_ask(struct download *d);          /* until are_sums_known */

/* download_sites.c */
void dl_sites_wipe(struct downloads *o);
bool dl_url_was_false(const struct downloads *o, const char *url);
bool dl_file_was_false(const struct downloads *o, const char *url, const uint8_t file[32]);
void dl_convict(struct downloads *o, const char *url, const uint8_t file[32]);

#endif
