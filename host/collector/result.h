/* What one run of the engine said: `secondexit cert --json`, `https --json`, `download --json`, their last line (shared/protocol.md). The program is
 * ours, the texts in it are sites' and relays'. Used by verify and the reviewers' views. */
#ifndef COLLECTOR_RESULT_H
#define COLLECTOR_RESULT_H

#include "base/buf.h"
#include "collector/state.h"
#include "collector/store.h"

struct result {
	enum outcome outcome;
	bool is_ours;              /* our own machine or its tor failed: to be tried again, no answer at all */
	struct accused first;      /* what tor says of the accused exit; fp "" when it said nothing */
	const char *line;          /* the result's line, within out; NULL-terminated copy is the caller's to make */
	size_t len;
};

/* out: what was printed, its last line at least. Never fails: what can't be read is UNDECIDED. err: how the run ended. A page in place of a file
 * (kind download) is VARIES: so do sites refuse an exit's address. */
void result_read(const struct buf *out, enum err err, const struct trial *t, struct result *r);

#endif
