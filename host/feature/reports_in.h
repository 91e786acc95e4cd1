/* Shared by reports.c (what is kept, building) and reports_send.c (sending). Private to them. */
#ifndef FEATURE_REPORTS_IN_H
#define FEATURE_REPORTS_IN_H

#include "feature/reportops.h"
#include "feature/reports.h"

/* A mismatch that can be reported. */
struct kept {
	struct site_key key;
	enum report_kind kind;
	uint64_t turn;               /* when it was noted; 0: free */
	struct buf text;             /* canonical, without edition, tor, browser */
};

struct build { struct build *next; struct reports *all; uint32_t id, net_id; struct report *report; };

struct sending {
	struct reports *all;
	uint32_t id, fetch_id;       /* fetch_id 0: waits */
	char url[REPORT_ONION_MAX + 32];
	uint8_t key[REPORT_KEY_LEN];
	struct buf text;             /* canonical */
	struct report_ticket ticket; /* of the try that is under way */
	uint8_t answer[REPORT_ANSWER_LEN + 1];
	size_t n_answer;
	unsigned attempt;
	uint64_t next_at;            /* of the next try, while it waits */
	enum err error;
};

struct reports {
	const struct report_ops *ops;
	struct report_sink sink;
	struct kept kept[FINDINGS_MAX];
	uint64_t turn;
	struct build *builds;
	struct sending *sendings[REPORT_SENDS_MAX];   /* NULL: free */
	bool is_ending;
};

bool reports_has_id(const struct reports *r, uint32_t id);
bool sending_cancel(struct reports *r, uint32_t id);
void sendings_end(struct reports *r);

#endif
