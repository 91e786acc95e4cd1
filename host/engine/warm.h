/* Circuits asked for ahead. A stream mapped to an exit for which no clean circuit is there makes tor build one of four hops (the chosen
 * exit behind three of tor's); a clean one that ends there is used at once. So when a check begins, tor is asked for as many
 * ordinary circuits as clean ones are missing (`EXTENDCIRCUIT 0` without a path): its own guard, its own weighted choice, three
 * hops, nobody's: tor may give them to any stream, and we never close one. A draw then waits a moment for those on their way. Why that harms
 * nobody: HACKING.md, "Circuits asked for ahead". Used by netd and netd_draw. */
#ifndef ENGINE_WARM_H
#define ENGINE_WARM_H

#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

struct torlink;
struct warm;

/* Borrows link. NULL: out of memory. */
struct warm *warm_new(struct torlink *link);
/* After torlink_free, which has called back all that was asked. Takes NULL. */
void warm_free(struct warm *w);

/* Asks for what is missing to n clean circuits whose exits allow this port and are independent of each other; those that are on their way
 * count. Nothing happens when tor is away, when its streams can't be seen or exits not be chosen there, after a
 * filter has refused the command, and beyond WARM_AT_ONCE and WARM_WINDOW_MAX. */
void warm_ask(struct warm *w, unsigned n, uint16_t port, uint64_t now_ms);
/* How many are on their way: neither built nor given up, asked for less than WARM_WAIT_MS ago. */
size_t warm_coming(struct warm *w, uint64_t now_ms);
/* How long the youngest of them is still waited for; 0: there is none. */
uint32_t warm_wait_ms(struct warm *w, uint64_t now_ms);
/* The link was lost, or New Identity: nothing is waited for any more. */
void warm_forget(struct warm *w);
/* A new link: another tor may be less shy. */
void warm_on_link(struct warm *w);

#endif
