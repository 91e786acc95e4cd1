/* Main's end of the parse role: starts it when it is first needed, sends judgements, hands back the answers.
 * Asynchronous, on the program's one event loop; used by feature/certcheck and the doctor verb.
 *
 * A role that dies, answers nonsense or stays silent for PARSE_ANSWER_MS ends every pending request with
 * ERR_ROLE_DIED (ERR_TIMEOUT for silence) and is started anew by the next request. */
#ifndef PRIV_PARSELINK_H
#define PRIV_PARSELINK_H

#include "priv/parsemsg.h"

struct event_base;
struct parselink;

/* Copies config; starts nothing yet. NULL when memory is out. */
struct parselink *parselink_new(struct event_base *base, const struct parse_config *config);
/* Ends the role; pending requests are dropped and their callbacks NOT called. Takes NULL. */
void parselink_free(struct parselink *p);

/* r is NULL unless err is OK, and lives as long as the call. r->err may still be ERR_X509 or ERR_ROOTS_NONE.
 * Never called from within parselink_judge itself. A callback may start and cancel requests; it must not free p. */
typedef void parselink_judged(void *arg, enum err err, const struct parse_judge_r *r);
typedef void parselink_rooted(void *arg, enum err err, const struct parse_roots_r *r);

/* Ends the role when nothing is asked of it: its memory goes back. The next request starts it anew. */
void parselink_rest(struct parselink *p);

/* Asks for one judgement. Copies what m points to. *id (may be NULL) names the request for parselink_cancel.
 * Errors: ERR_NOMEM, ERR_TOO_BIG (chain larger than CHAIN_BYTES_MAX), ERR_IO (the role can't be started),
 * ERR_ROLE_DIED (it died moments ago and is not started again yet): then no callback comes. */
MUST_USE enum err parselink_judge(struct parselink *p, const struct parse_judge *m,
                                  parselink_judged *done, void *arg, uint32_t *id);
/* Asks where the trust roots come from; loads them. As above. */
MUST_USE enum err parselink_roots(struct parselink *p, parselink_rooted *done, void *arg, uint32_t *id);
/* Asks which addresses stand in texts: text[i] has m->len[i] bytes of UTF-8, copied. ERR_TOO_BIG: more than CLIP_TEXT_MAX, or
 * the role has too much to read already. As above. */
typedef void parselink_scanned(void *arg, enum err err, const struct parse_scan_r *r);
MUST_USE enum err parselink_scan(struct parselink *p, const struct parse_scan *m, const uint8_t *const *text,
                                 parselink_scanned *done, void *arg, uint32_t *id);
/* Asks what stands in a place of a page: m->body_len bytes of it, copied. ERR_TOO_BIG as above, over CLIP_PAGE_MAX. */
typedef void parselink_placed(void *arg, enum err err, const struct parse_place_r *r);
MUST_USE enum err parselink_place(struct parselink *p, const struct parse_place *m, const uint8_t *body,
                                  parselink_placed *done, void *arg, uint32_t *id);
/* Forgets a request: its callback is not called any more. Unknown ids are ignored. */
void parselink_cancel(struct parselink *p, uint32_t id);

#endif
