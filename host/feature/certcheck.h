/* The certificate check (DESIGN.md, "Verdicts"): is the certificate that this exit showed the one that
 * others see? A state machine in main without sockets: it asks the net and parse roles through the table in
 * feature/checkops.h and is driven by their answers and by timers alone, so tests script it whole.
 *
 * Callers: message/ (native messaging) decodes cert.check, cert.forget, circuit.new, session.wipe and status
 * (shared/protocol.md) into the plain structs below and encodes what comes back through struct cert_sink; the
 * shell verb `cert` fills the same structs. Every function is called from the one loop thread. */
#ifndef FEATURE_CERTCHECK_H
#define FEATURE_CERTCHECK_H

#include "base/err.h"
#include "base/httpsverdict.h"
#include "base/limits.h"
#include "base/verdict.h"
#include "priv/netmsg.h"
#include "priv/parsemsg.h"

/* One site of one first party: what every memory of the host is keyed by. Strings NUL-terminated; host in lower case
 * without a final dot (certcheck normalises both), an IPv6 literal without brackets. */
struct site_key {
	char first_party[HOST_MAX];
	uint32_t private_id, container;
	char host[HOST_MAX];
	uint16_t port;
	bool is_https;                         /* set by certcheck: what is asked about withheld HTTPS is remembered apart, */
	bool is_plain;                         /* and so is what was asked about a plain page */
};

/* What is asked of the exits. Both questions are one engine: exits are drawn, looked through, replaced, remembered and
 * limited alike; only the verdict differs (base/verdict.h, base/httpsverdict.h). */
enum cert_question {
	QUESTION_CERT,     /* the browser was shown a suspicious certificate: do others see the same one? */
	QUESTION_HTTPS,    /* the browser got no TLS connection at all: do others? */
};

enum cert_proxy { CERT_PROXY_UNKNOWN, CERT_PROXY_SOCKS, CERT_PROXY_DIRECT };

/* Which exit is "the first". The browser's own is the rule; the other two are the shell verb's. */
enum cert_first { CERT_FIRST_BROWSER, CERT_FIRST_GIVEN, CERT_FIRST_DRAWN };

/* The page as it is asked for at the other exits: its plain address, without credentials, on the host of the request; and what the
 * browser says of itself. */
struct plain_page {
	char url[CLIP_URL_MAX + 1];
	char user_agent[CLIP_HEADER_MAX + 1], accept[CLIP_HEADER_MAX + 1], accept_language[CLIP_HEADER_MAX + 1];
};

struct cert_request {
	struct site_key key;
	enum cert_question question;           /* QUESTION_HTTPS: offered and same_country have no meaning */
	int32_t error;                         /* NSS error number, 0 unknown; classes.h tells its class */
	bool clicked, retry, same_country;
	bool is_loop;                          /* QUESTION_HTTPS: the browser did get TLS, and was sent back to http each time */
	bool is_plain;                         /* QUESTION_HTTPS, and not is_loop: the browser was shown a plain page: is it really only
	                                        * http? key.port is where it would be found encrypted */
	struct plain_page page;                /* is_plain alone */
	enum cert_proxy proxy;
	char socks_username[SOCKS_CRED_MAX];   /* "" unknown */
	char socks_password[SOCKS_CRED_MAX];
	size_t n_offered;                      /* 0: not known (standard edition) */
	struct net_cert offered[CHAIN_MAX];    /* DER, leaf first; borrowed for the call, copied */
	/* From here on for the shell; zero means the default. */
	enum cert_first first;
	uint8_t first_exit[FP_LEN];            /* CERT_FIRST_GIVEN */
	unsigned k;                            /* 1..K_MAX; 0: K_DEFAULT */
	bool two_continents;                   /* the k exits stand on at least two continents */
};

enum cert_step { CERT_STEP_CHOOSING, CERT_STEP_BUILDING, CERT_STEP_CONNECTING, CERT_STEP_HANDSHAKING,
                 CERT_STEP_DONE, CERT_STEP_FAILED };
const char *cert_step_name(enum cert_step s);   /* wire name, static */

struct cert_progress {
	enum cert_question question;
	unsigned slot;                         /* 0: the first exit; 1..k the others; a replacement takes the slot over */
	enum cert_step step;
	const struct relay_info *exit;         /* NULL: not known yet */
	uint64_t elapsed_ms;                   /* from the request */
};

enum cert_source { CERT_SOURCE_BROWSER, CERT_SOURCE_PROBE };
enum cert_agrees { CERT_AGREES_UNKNOWN /* null */, CERT_AGREES_CERT, CERT_AGREES_KEY, CERT_AGREES_NOT };

/* What one exit showed, or why it showed nothing. */
struct cert_answer {
	unsigned slot;
	enum cert_source source;
	bool has_exit;
	struct relay_info exit;
	struct net_path path;                  /* path.n 0: not known */
	bool has_cert;                         /* status "certificate"; else "failed" and error says why */
	bool is_none;                          /* QUESTION_HTTPS: the site itself was asked and there was no TLS: an answer,
	                                        * although "failed"; error says how */
	bool has_way;                          /* QUESTION_HTTPS of a plain page: what the page's plain address gave, */
	enum https_way way;                    /* before TLS was looked at */
	uint64_t at;                           /* when it came, of the check's own clock */
	enum err error;                        /* OK when has_cert */
	enum cert_agrees agrees;               /* with first[0] */
	bool counts;                           /* false: not independent of today's first exit; may dissent only */
	bool is_valid, is_signed;
	char why[128];                         /* of an invalid chain, one phrase; "" when valid */
	uint8_t leaf[32], spki[32];
	struct cert_words words;               /* when has_cert */
	uint16_t tls_version;                  /* 0 not known */
	uint32_t elapsed_ms;
};

/* Was the new circuit worth it? NULL in JSON while nobody asked for a new circuit, or the exit isn't known yet. */
enum cert_still_same { STILL_SAME_UNKNOWN /* null */, STILL_SAME_NO, STILL_SAME_YES };

#define CERT_FINGERPRINTS_MAX 16
#define CERT_FIRST_ANSWERS_MAX (CANDIDATES_MAX + 8)
#define CERT_OTHERS_MAX 32

struct cert_result {
	const struct site_key *key;
	enum cert_question question;
	enum verdict verdict;
	enum reason reason;
	enum err error;                        /* OK: null */
	unsigned k, asked, answered;           /* asked, answered: exits other than the first one, this session */
	uint64_t elapsed_ms;
	bool weaker;                           /* the answers come from the first exit's country alone */
	bool same_country_possible;            /* offer it: site rotates, and the country qualifies */
	bool retry_useful;                     /* false: asking again can't change this verdict */
	enum cert_still_same still_same;       /* the first exit against the one left by circuit.new */
	size_t n_fingerprints;
	uint8_t fingerprints[CERT_FINGERPRINTS_MAX][32];  /* match only */
	size_t n_first, n_others;
	const struct cert_answer *first, *others;         /* borrowed for the callback; others in slot order */
	size_t n_paths;
	const struct net_path *paths;          /* browser_paths: candidates for the browser's own circuit */
	size_t n_chance;                       /* K_MAX at most */
	double chance[K_MAX];                  /* chance[i] = f^(i+1), f the largest share of exit capacity on record */
	enum roots_source roots;
};

struct circuit_request {
	struct site_key key;
	char socks_username[SOCKS_CRED_MAX], socks_password[SOCKS_CRED_MAX];
	bool dry;                              /* count only; also tells whether today's exit is still the old one's kin */
};
struct circuit_result {
	enum err error;                        /* not OK: answer with an error message; the rest is zero */
	unsigned circuits, streams;            /* closed, or (dry) what would be closed */
	enum cert_still_same still_same;
};

struct cert_status {
	enum err error;                        /* of asking the roles; tor's own state is in net.state */
	struct net_status net;
	struct parse_roots_r roots;
	unsigned running, waiting, hosts;      /* checks; hosts remembered this session */
};

/* Where results go. Called from the loop, never from inside certcheck_start, _new_circuit or _status (so a caller may
 * note its request after the call); certcheck_cancel, _forget, _wipe and _free call result themselves for what they
 * end. Every started id gets exactly one final call. None may call certcheck_free, _wipe or _forget; progress may not
 * call certcheck_cancel either. */
struct cert_sink {
	void *arg;
	void (*progress)(void *arg, uint32_t id, const struct cert_progress *p);
	void (*result)(void *arg, uint32_t id, const struct cert_result *r);
	void (*circuit)(void *arg, uint32_t id, const struct circuit_result *r);
	void (*status)(void *arg, uint32_t id, const struct cert_status *s);
	void (*tor)(void *arg, bool is_up, enum err why);   /* event "tor" */
	void (*newnym)(void *arg);                          /* event "newnym"; everything is already forgotten */
};

struct certcheck;
struct chains;
struct check_ops;

/* Borrows ops and sink's functions until certcheck_free. NULL when memory is short. */
struct certcheck *certcheck_new(const struct check_ops *ops, const struct cert_sink *sink);
/* Ends what runs (reason cancelled), wipes what is remembered. Takes NULL. */
void certcheck_free(struct certcheck *c);

/* Start a check under an id that is not in use (any of the three kinds). OK: a result will come, whatever happens.
 * Errors: ERR_MSG_ID id in use; ERR_MSG_BUSY too many; ERR_MSG_FIELD a field out of range (port 0, k, empty host);
 * ERR_TARGET_NAME host is no host name and no address; ERR_TOO_BIG the chain; ERR_NOMEM. */
MUST_USE enum err certcheck_start(struct certcheck *c, uint32_t id, const struct cert_request *r);
/* circuit.new. Only a person's click may lead here. Errors as above. */
MUST_USE enum err certcheck_new_circuit(struct certcheck *c, uint32_t id, const struct circuit_request *r);
MUST_USE enum err certcheck_status(struct certcheck *c, uint32_t id);
/* The request ends now, reason cancelled (circuit and status: ERR_CANCELLED). False: no such id. Answers that were
 * in already stay remembered. */
bool certcheck_cancel(struct certcheck *c, uint32_t id);
/* Ends running checks of this site; forgets no dissent, no mismatch, no drawn exit. */
void certcheck_forget(struct certcheck *c, const struct site_key *key);
/* What exits showed in this session, as certificates; wiped with it. */
const struct chains *certcheck_chains(const struct certcheck *c);
/* session.wipe, and what NEWNYM does: running checks end cancelled, everything of every first party is forgotten. */
void certcheck_wipe(struct certcheck *c);

#endif
