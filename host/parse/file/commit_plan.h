/* What commit.c and commit_run.c share: the part and the plan. */
#ifndef PARSE_FILE_COMMIT_PLAN_H
#define PARSE_FILE_COMMIT_PLAN_H

#include "parse/file/commit.h"

enum step_kind { STEP_DIGEST, STEP_FEED, STEP_BYTES, STEP_CHUNKS, STEP_CHUNK_BYTES, STEP_INFLATED, STEP_EXPECT };

/* extra: a chunk's size, or the unpacked size. bytes: the digest's value, bytes to feed or to expect. */
struct step {
	enum step_kind kind;
	enum digest digest;
	uint64_t offset, n, extra;
	bool is_first, is_last;        /* of a packed stream's pieces */
	struct rd bytes;
};

struct held { struct held *next; uint8_t bytes[]; };
struct ranges { struct file_range *at; size_t n, room; };

struct commit {
	struct src *src;
	const char *format, *method;
	struct held *held;             /* all bytes that were handed out or copied */
	size_t needed;
	struct ranges part, covered;
	struct step *steps;
	size_t n_steps, room_steps, n_digests;
	enum digest weakest;
	bool is_weak, is_content, any_size;
};

/* Reads what the plan covers. *fits: all of it is as the plan says. ERR_IO, ERR_NOMEM. */
MUST_USE enum err commit_run(struct commit *c, bool *fits);

#endif
