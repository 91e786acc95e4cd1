/* Comparisons of a copied address: the parts that clip.c and compare*.c share. Private to them. */
#ifndef FEATURE_COMPARE_H
#define FEATURE_COMPARE_H

#include "feature/clip.h"
#include "feature/clipops.h"

struct clip_scan {
	struct clip_scan *next;
	struct clip *owner;
	uint32_t id, parse_id;
};

struct compare;
struct clip_site;

struct clip {
	const struct clip_ops *ops;
	struct clip_sink sink;
	struct clip_scan *scans;
	struct compare *compares;              /* oldest first */
	struct clip_site *sites;
	bool is_ending;                        /* wiping or freeing: nothing new starts */
	bool is_pumping;
};

/* clip.c */
bool clip_has_id(const struct clip *c, uint32_t id);
MUST_USE enum err clip_may_start(const struct clip *c, uint32_t id);

/* compare.c */
void compares_pump(struct clip *c);
void compares_cancel_all(struct clip *c);
bool compare_has_id(const struct clip *c, uint32_t id);
bool compare_cancel(struct clip *c, uint32_t id);
size_t compares_count(const struct clip *c);

/* compare_sites.c */
void clip_sites_wipe(struct clip *c);

#endif
