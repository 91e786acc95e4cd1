/* From an envelope's bytes to a report that may be stored, or the number of what is wrong with it. No I/O. Used by collector_main. */
#ifndef COLLECTOR_INTAKE_H
#define COLLECTOR_INTAKE_H

#include "collector/keys.h"
#include "collector/list.h"
#include "collector/rate.h"
#include "collector/store.h"
#include "report/report.h"

#define INTAKE_PORTS_MAX 32

struct intake {
	const struct keys *keys;
	const struct list *denied;
	struct rate *rate;                 /* NULL: no limits */
	uint16_t more_ports[INTAKE_PORTS_MAX];   /* allowed beside those of the web's and mail's TLS */
	size_t n_more_ports;
};

struct intake_item {
	bool has_ticket;                   /* the answer can be proved */
	struct report_ticket ticket;
	struct buf text;                   /* canonical, NUL behind it */
	struct accused who[REPORT_FIRST_MAX];
	size_t n_who;
	char host[HOST_MAX];
	const char *kind;                  /* static */
	struct new_report row;             /* points into this item: don't move it */
};

/* now: Unix seconds; now_ms: monotonic. item is to be freed whatever comes; row is good on OK. Errors: ERR_REPORT_JSON, _FIELD, _VERSION,
 * _ENVELOPE, _KEY_ID, _SEAL, _TARGET, _TIME, _RATE, _RELAY_RATE, ERR_TOO_BIG, ERR_NOMEM. */
MUST_USE enum err intake_take(const struct intake *in, struct rd envelope, int64_t now, uint64_t now_ms, struct intake_item *item);
void intake_item_free(struct intake_item *item);
/* May this be asked through an exit at all? ERR_REPORT_TARGET: private and local addresses, onion services, denied hosts, other ports. */
MUST_USE enum err intake_target(const struct intake *in, enum report_kind kind, const char *host, uint16_t port);
/* The HTTP status that goes with an answer (shared/report.md, HTTP). */
unsigned intake_status(enum err why);

#endif
