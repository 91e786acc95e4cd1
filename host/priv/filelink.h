/* Main's end of looking into downloaded files: what class is it, does a part of it commit to the rest, which sums does it have. Asynchronous, on
 * the program's one event loop; used by the features and verbs that deal with downloads.
 *
 * Each request gets a process of its own (secondexit-file) that reads the descriptor it is handed and nothing else, and is
 * gone afterwards. FILE_TASKS_AT_ONCE run at once, the rest wait. One that dies or talks nonsense ends its request with
 * ERR_ROLE_DIED; one that is silent for FILE_SILENCE_MS, or exceeds its deadline, is killed: ERR_TIMEOUT. No other request
 * is touched by that. */
#ifndef PRIV_FILELINK_H
#define PRIV_FILELINK_H

#include "priv/filemsg.h"

struct event_base;
struct filelink;

/* Starts nothing yet. NULL when memory is out. */
struct filelink *filelink_new(struct event_base *base);
/* Kills what runs; pending requests are dropped and their callbacks NOT called. Takes NULL. */
void filelink_free(struct filelink *f);

/* Exactly one call for each request that was taken and not cancelled, never from within the call that made it. r is NULL
 * unless err is OK, and lives as long as the call. A callback may start and cancel requests; it must not free f.
 * Other errors: ERR_IO (the program can't be started, or the file can't be read), ERR_NOMEM. */
typedef void filelink_classed(void *arg, enum err err, const struct file_class_r *r);
typedef void filelink_committed(void *arg, enum err err, const struct file_commit_r *r);
typedef void filelink_summed(void *arg, enum err err, const struct file_sums_r *r);

/* All take fd in any case: a regular file opened O_RDONLY (open "/proc/self/fd/N" anew when yours can write); its
 * offset is neither used nor moved. It must not change any more: what grows or shrinks meanwhile is ERR_IO.
 * filelink_classify: -1 when only name and type are known; m->has_file is set here.
 * deadline_ms: from when its process starts; 0: FILE_DEADLINE_MS. *id (may be NULL) names the request; never 0.
 * Errors (no callback comes then): ERR_USAGE (no regular file, or writable), ERR_MSG_BUSY (FILE_TASKS_MAX are waiting), ERR_NOMEM. */
MUST_USE enum err filelink_classify(struct filelink *f, const struct file_ask *m, int fd, uint32_t deadline_ms,
                                    filelink_classed *done, void *arg, uint32_t *id);
MUST_USE enum err filelink_commit(struct filelink *f, int fd, uint32_t deadline_ms,
                                  filelink_committed *done, void *arg, uint32_t *id);
MUST_USE enum err filelink_sums(struct filelink *f, int fd, uint32_t deadline_ms, filelink_summed *done, void *arg, uint32_t *id);
/* Kills its process; its callback is not called any more. Unknown ids and 0 are ignored. */
void filelink_cancel(struct filelink *f, uint32_t id);

#endif
