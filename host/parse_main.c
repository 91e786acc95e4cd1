/* secondexit-parse: the process that reads foreign bytes (certificates) and the browser's trust roots. It is started
 * by secondexit over a socketpair (priv/role.h), talks to nobody else and opens no socket. */
#include "base/limits.h"
#include "base/log.h"
#include "parse/parsed.h"
#include "priv/inner.h"
#include <event2/event.h>
#include <stdlib.h>

struct parser {
	struct parsed *parsed;
	struct inner *inner;
};

static void parser_frame(void *arg, const struct frame *f)
{
	struct parser *p = arg;
	uint16_t type;
	struct buf answer BUF_AUTO = buf_new(FRAME_MAX);
	if (parsed_frame(p->parsed, f, &type, &answer) != OK) {
		log_line("frame %u out of place", f->type);
		exit(2);
	}
	if (type)
		inner_send(p->inner, type, f->id, &answer);
}

int main(void)
{
	static const struct inner_ops ops = { .frame = parser_frame };
	struct parser p = { .parsed = parsed_new() };
	struct event_base *base = event_base_new();
	int status = 2;
	if (p.parsed && base)
		p.inner = inner_new(base, &ops, &p);
	if (p.inner)
		status = inner_run(p.inner);
	parsed_free(p.parsed);
	if (base)
		event_base_free(base);
	return status;
}
