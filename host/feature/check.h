/* One running certificate check: the parts that check*.c, circuit.c and certcheck.c share. Private to them.
 *
 *   certcheck.c      the public face: ids, queue, clock, news
 *   check.c          life of a check: waits, begins, ends
 *   check_first.c    the browser's own chain, the roots, the first exit
 *   check_slots.c    which slot needs an exit: draws, replacements, deadlines
 *   check_look.c     one look: start, steps, answer, judgement
 *   check_kin.c      which exits of earlier checks may still corroborate; is the new circuit worth it
 *   check_verdict.c  what the answers say, and whether it is certain yet
 *   check_https.c    the same for the question whether HTTPS is withheld
 *   check_plain.c    what the plain address of a page gives at an exit, before TLS is looked at there
 *   check_result.c   the result for the caller
 *   circuit.c        circuit.new and status */
#ifndef FEATURE_CHECK_H
#define FEATURE_CHECK_H

#include "feature/certcheck.h"
#include "feature/checkops.h"
#include "feature/limits_auto.h"
#include "feature/chains.h"
#include "feature/session.h"

#define NEVER UINT64_MAX

/* What happens at one slot. */
enum look_state {
	LOOK_IDLE,      /* an exit has to be drawn */
	LOOK_HELD,      /* tor is away or busy: tried again at `until` */
	LOOK_DRAWING,
	LOOK_FETCHING,  /* the plain address of the page */
	LOOK_LOOKING,
	LOOK_JUDGING,
	LOOK_ANSWERED,
	LOOK_GIVEN_UP
};

struct check;

/* One exit being looked through: slot 0 through a first exit, slots 1..k through the others. */
struct look {
	struct check *check;
	enum look_state state;
	unsigned slot;
	bool is_free;               /* the role finds an exit by trying; exit is unknown until a step names it */
	bool has_exit;
	struct relay_info exit;
	uint32_t net_id, judge_id;
	uint64_t began, until;      /* until: of LOOK_HELD and LOOK_LOOKING */
	enum cert_step step;        /* of LOOK_LOOKING: the last one heard of */
	unsigned tries;             /* first exits: looks that failed by the network's fault */
	unsigned sent;              /* how often an exit was asked to connect to the site, each time over another circuit */
	bool was_open;              /* and said that it is connected */
	uint32_t fetch_id;          /* of a plain page: what its address gave, and where TLS is looked at then */
	bool has_way;
	enum https_way way;
	unsigned http_status;
	char location[CLIP_URL_MAX + 1];
	char host[HOST_MAX];
	uint16_t port;
	struct cert_answer answer;  /* while judging */
};

enum check_state {
	CHECK_WAITING,   /* for its turn */
	CHECK_FINDING,   /* which exit carried the browser's connection */
	CHECK_KIN,       /* which remembered exits still count */
	CHECK_RUNNING,
	CHECK_SHOWING,   /* the verdict is certain; other answers may still come in to be shown */
	CHECK_ENDING     /* the result goes out at the next tick */
};

struct check {
	struct check *next;
	struct certcheck *owner;
	uint32_t id;
	enum check_state state;
	struct cert_request request;        /* key normalised; offered is in chain */
	uint8_t *chain;                     /* the offered certificates' bytes; NULL without */
	uint64_t began, deadline, until;    /* until: of CHECK_FINDING (try again), CHECK_SHOWING; else NEVER */
	unsigned k;
	bool is_onion;                      /* by its name: no exit is ever asked for it */
	bool is_memory_only;                /* a page can't trigger network: answer from memory or ask for a click */
	bool is_weaker;                     /* same-country try */
	bool is_offered_known;              /* offer is judged */
	struct cert_answer offer;
	uint32_t find_id, kin_id, draw_id, offer_id, roots_id, still_id;
	bool has_roots_reply;
	enum roots_source roots;
	enum err roots_err;
	struct site *site;                  /* used while the check has begun */

	size_t n_paths;
	struct net_path *paths;             /* the browser's, CANDIDATES_MAX of them; NULL until found */
	size_t n_probes;
	struct look probes[CANDIDATES_MAX]; /* through each first exit */
	struct look slots[K_MAX];
	unsigned asked;                     /* looks begun at other exits */
	unsigned drawing;                   /* index of the slot that waits for draw_id */
	bool is_out_of_exits;
	enum err no_exit_err;               /* ERR_EXIT_NONE or ERR_EXIT_UNKNOWN */
	bool took_failed;                   /* exits that failed in earlier checks may be drawn again */
	enum err local_err;                 /* the last trouble with our own tor or roles; OK when it is over */
	struct memory *kin_at;              /* remembered answer being asked about */
	size_t still_at;
	bool has_still_no;
	enum cert_still_same still_same;
	uint64_t probe_at;                  /* when our own probe begins at the latest; NEVER: not running yet */
	uint64_t grace_end;                 /* until when only our own probe is waited for; NEVER */
	bool is_grace_over;
	bool is_country_asked, is_country_possible;

	struct finding finding;             /* of CHECK_SHOWING and CHECK_ENDING */
	enum err error;
	size_t n_failed, room_failed;
	struct cert_answer *failed;         /* what gave no answer in this check */
};

struct circuit_job;
struct status_job;

struct certcheck {
	const struct check_ops *ops;
	struct cert_sink sink;
	struct session *session;
	struct chains *chains;              /* that exits showed; for reports */
	struct check *checks;               /* oldest first */
	struct circuit_job *circuits;
	struct status_job *statuses;
	struct limits_auto automatic;
	bool is_tor_down;                   /* news of the net role */
	enum err tor_err;
	uint64_t tor_down_at;               /* since when */
	bool is_ending;                     /* wiping or freeing: nothing new starts */
	bool is_pumping;
};

/* certcheck.c */
bool certcheck_has_id(const struct certcheck *c, uint32_t id);
size_t certcheck_running(const struct certcheck *c);
size_t certcheck_waiting(const struct certcheck *c);
void certcheck_pump(struct certcheck *c);      /* starts what may start, sets the clock; after every event */
MUST_USE enum err site_key_normalise(struct site_key *key, bool *is_onion, enum err *target);
uint64_t check_now(const struct check *k);

/* check.c */
MUST_USE enum err check_new(struct certcheck *c, uint32_t id, const struct cert_request *r, struct check **out);
void check_free(struct check *k);              /* cancels what is under way; not linked any more */
void check_begin(struct check *k);             /* its turn has come */
void check_tick(struct check *k);
uint64_t check_next_tick(const struct check *k);
void check_end(struct check *k, enum verdict v, enum reason r, enum err e);   /* result at the next tick */
void check_deliver(struct check *k);           /* unlinks, calls the sink, frees */
void check_run(struct check *k);               /* after the kin is known: looks begin */
void check_tor_is_up(struct check *k);
/* Not the other side's fault but our tor's or a role's: the same exit may be asked again. */
bool err_is_local(enum err e);
bool fp_is(const uint8_t a[FP_LEN], const uint8_t b[FP_LEN]);

/* check_first.c */
void offer_begin(struct check *k);
void roots_begin(struct check *k);
void first_find(struct check *k);              /* goes on in kin_begin */
bool check_is_first_exit(const struct check *k, const uint8_t fp[FP_LEN]);

/* check_slots.c, check_look.c */
void slots_begin(struct check *k);             /* fills slots and probes from memory */
void slots_pump(struct check *k);              /* starts looks for idle ones, draws exits */
void slots_tick(struct check *k, uint64_t now);
uint64_t slots_next_tick(const struct check *k);
void slots_cancel(struct check *k);
bool slots_pending(const struct check *k);     /* others may still answer */
bool probes_pending(const struct check *k);    /* first exits may still answer */
void check_progress(const struct check *k, unsigned slot, enum cert_step step, const struct relay_info *exit);
void answer_judged(struct cert_answer *a, const struct parse_judge_r *r);
/* A draw that is independent of the first exits and of all answers and looks that count. */
void check_draw_fill(const struct check *k, struct net_draw *m);
MUST_USE enum err look_start(struct look *l);  /* has_exit or is_free are set; state becomes LOOK_LOOKING or LOOK_FETCHING */
MUST_USE enum err look_open(struct look *l);   /* TLS at host and port, until `until`; state becomes LOOK_LOOKING */
void look_step(struct look *l, const struct net_step_r *r);   /* notes how far it got */
void look_cancel(struct look *l);
bool look_is_busy(const struct look *l);
void look_failed(struct look *l, enum err e);

/* check_kin.c */
void kin_begin(struct check *k);               /* ends in check_run */
void still_begin(struct check *k);

/* check_verdict.c */
struct finding check_finding(const struct check *k);
void check_evaluate(struct check *k);          /* after every event: ends the check when it is certain */
void check_record(struct check *k);            /* into the session */
bool memory_is_first(const struct check *k, const struct memory *m);
bool memory_is_offer(const struct check *k, const struct memory *m);   /* the current offer itself */

/* Certain; what is under way may still be shown, nothing new begins. */
void check_show_or_end(struct check *k, struct finding f, enum err e);
void check_end_undecided(struct check *k, enum reason reason);
bool check_is_late(const struct check *k);

/* check_https.c */
bool check_is_https(const struct check *k);
/* Does this failure of a look say that the site gave no TLS to that exit? */
bool https_is_answer(const struct look *l, enum err e);
/* True: too old to accuse or acquit; the same exit is asked again. */
bool https_is_stale(const struct check *k, const struct memory *m);
void https_evaluate(struct check *k);

/* check_plain.c */
bool check_is_plain(const struct check *k);
/* Can this page be asked for at all, and does it belong to the site? OK, ERR_MSG_FIELD. */
MUST_USE enum err plain_page_is_sane(const struct cert_request *r);
uint16_t plain_port(const struct check *k);    /* of the connection that brought the page */
MUST_USE enum err plain_start(struct look *l); /* state becomes LOOK_FETCHING; goes on in look_open */
void plain_cancel(struct look *l);

/* check_result.c */
void check_send_result(struct check *k);

/* circuit.c */
void circuits_cancel_all(struct certcheck *c);
void statuses_cancel_all(struct certcheck *c);
bool circuit_cancel(struct certcheck *c, uint32_t id);
bool circuit_has_id(const struct certcheck *c, uint32_t id);
size_t circuit_count(const struct certcheck *c);

#endif
