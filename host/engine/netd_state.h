/* The net role's state and its requests under way ("jobs"): shared by netd.c, netd_draw.c and first.c, by nobody
 * else. A job waits for the link, for events, or for tor's replies; it ends with one reply. */
#ifndef ENGINE_NETD_STATE_H
#define ENGINE_NETD_STATE_H

#include "engine/look.h"
#include "engine/netd.h"
#include "engine/torlink.h"
#include "engine/warm.h"
#include "priv/netmsg.h"

struct event;

enum job_wait { JOB_LINK, JOB_SEARCH, JOB_TOR, JOB_OVER };

struct job {
	struct netd *d;
	struct job *next;
	uint32_t id;
	uint16_t type;
	enum job_wait wait;
	uint64_t arrived;
	struct event *timer;
	unsigned calls;                 /* replies of tor that still point here */
	union {
		struct net_first first;
		struct net_draw draw;
		struct net_look look;
		struct net_exits exits;
	} ask;
	union {
		struct { size_t n; struct circs_path path[CANDIDATES_MAX]; } first;
		struct { struct net_draw_r reply; size_t coming; uint64_t built; } draw;   /* coming, built: when it began to wait */
		struct net_close_r close;
	} got;
};

struct netd {
	struct event_base *base;
	struct inner *inner;
	struct torlink *link;           /* NULL before the configuration, and when that is unusable */
	struct looks *looks;
	struct warm *warm;
	struct job *jobs;
	enum err err;                   /* why there is no link */
	bool has_config, is_ending, knows_state;
	struct net_config config;
};

/* ---- netd.c ---- */

/* Sends the reply and ends the job. */
void job_reply(struct job *j, uint16_t type, const struct buf *payload);
void job_fail(struct job *j, enum err err);
/* Waits for an event, ms at most, then job_run again with is_late. */
void job_search(struct job *j, uint32_t ms);
/* To be called first in every callback of tor's replies; false: the job is over, return. */
bool job_called(struct job *j);

/* ---- first.c ---- */

void first_run(struct job *j, bool is_late);
void close_run(struct job *j, bool is_late);

/* ---- netd_draw.c ---- */

void draw_run(struct job *j, bool is_late);
void exits_run(struct job *j, bool is_late);

#endif
